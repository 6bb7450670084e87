"""The sealed runs of engines whose servers can't be had everywhere: `python scripts/simulated_runs.py OUT`.

Ollama and vLLM are played by the simulated server of tests/sim on a simulated board; both say SIMULATED in every
record. Nothing in OUT says anything of a card or of those servers: it shows what records and pages look like.
"""

import argparse
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "scripts")]

from simulated_place import simulated_place  # noqa: E402

# a small model's order of size on a large board; nobody's figures
PHYSICS = ("--decode-step-s", "0.006", "--prefill-w", "250", "--decode-w", "120", "--idle-w", "90")
RUNS: Mapping[str, tuple[str, ...]] = {
    "ollama": ("--concurrency", "1"),
    "openai_http": ("--concurrency", "1", "--concurrency", "8", "--rate", "2", "--rate", "4", "--rate", "8"),
}
WORK = ("--workloads", "prompt-32-16", "--workloads", "prompt-512-16", "--workloads", "prompt-32-128")
TIMING = ("--window-s", "4", "--windows", "2", "--idle-s", "2", "--warmup-s", "0.5")


def main() -> int:
    """Runs, fits, renders and verifies; the first exit code that is not 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    out = str(parser.parse_args().out.resolve())
    with simulated_place(PHYSICS) as place:
        asked = [
            ("run", "endpoint", "--engine", engine, "--endpoint", place.url, "--model", "simulated-model",
             "--set", "weights=synthetic", *levels, *WORK, *TIMING, "--out", out)
            for engine, levels in RUNS.items()
        ]  # fmt: skip
        for command in (*asked, ("fit", out), ("report", out), ("verify", out)):
            code = subprocess.run(
                [sys.executable, "-P", "-m", "bench", *command], env=place.environment
            ).returncode
            if code:
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
