"""The process that keeps a device busy when it is told to: `python -m bench.run.busy_process`.

A process of its own, so that its CUDA context ends with it; which device it sees is set in its environment.

    ← {"ready": true}  or  {"failed": REASON}
    → {"busy_s": SECONDS}
    ← {"busy": [START_NS, END_NS]}
"""

import json
import sys

from bench.engines._busy import open_load
from bench.errors import JoulemarkError
from bench.sensing.events import claim_stdout


def main() -> int:
    """Keeps busy until stdin closes; 0, or the exit code of what went wrong."""
    emit = claim_stdout()
    try:
        load = open_load()
    except JoulemarkError as error:
        emit({"failed": str(error)})
        return error.exit_code
    emit({"ready": True})
    for line in sys.stdin:
        emit({"busy": load.keep_busy(float(json.loads(line)["busy_s"]))})
    return 0


if __name__ == "__main__":
    sys.exit(main())
