"""The process in which a peer watches: `python -m bench.sensing.witness_process NAME`.

A process of its own, because a peer brings threads, processes and heavy libraries. Its parent speaks JSON lines to
its stdin, and reads JSON lines from its stdout:

    ← {"opened": VERSION}
    → {"do": "begin"}
    ← {"begun": T_NS}                                          once it watches
    → {"do": "end"}
    ← {"ended": T_NS, "energies": [{"domain", "energy_j", "basis"}]}     T_NS: when it was told to
    ← {"failed": REASON}                                       what it said last

Whatever else a peer raises ends the process, and its last words are on stderr. It ends when its stdin closes.
"""

import json
import signal
import sys
import time

from bench.errors import JoulemarkError
from bench.files.codec import plain
from bench.files.registry import load_witness
from bench.nouns import Watching
from bench.sensing.events import Emit, claim_stdout


def main() -> int:
    """Watches until the parent closes stdin; 0, or the exit code of what went wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes stdin
    emit = claim_stdout()
    try:
        witness = load_witness(sys.argv[1])
        with witness.open() as watching:
            emit({"opened": witness.version()})
            _obey(watching, emit)
    except JoulemarkError as error:
        emit({"failed": str(error)})
        return error.exit_code
    return 0


def _obey(watching: Watching, emit: Emit) -> None:
    """One command after another until there is nobody left to watch for."""
    for line in sys.stdin.buffer:
        if json.loads(line)["do"] == "begin":
            watching.begin()
            emit({"begun": time.monotonic_ns()})
        else:
            told_ns = time.monotonic_ns()
            emit({"ended": told_ns, "energies": plain(watching.end())})


if __name__ == "__main__":
    sys.exit(main())
