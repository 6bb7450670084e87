"""The process that drives a device as hard as it goes: `python -m bench.run.ceiling_process`.

A process of its own, so that bare idle has nothing of it, and its CUDA context ends with it.

    → {"device": "cpu" | "cuda", "threads": N, "kernels": […]}
    ← {"ready": {"library": …, "device": …, "device_name": …, "kernels": […], "left_out": {…}}}
      or {"failed": WHY}
    → {"run": LABEL, "passes": N, "least_s": SECONDS}
    ← {"ran": [[START_NS, END_NS, CPU_NS], …]}      one a batch of N passes
"""

import json
import sys

from bench.engines._ceilings import open_ceilings
from bench.errors import Interrupted, JoulemarkError
from bench.files.codec import build
from bench.nouns import Kernel
from bench.sensing.events import Emit, claim_stdout


def main() -> int:
    """Drives what it is told until stdin closes; 0, or the exit code of what went wrong."""
    emit = claim_stdout()
    try:
        return _serve(emit)
    except KeyboardInterrupt:  # Ctrl-C is the parent's to answer, and came here too
        return Interrupted.exit_code


def _serve(emit: Emit) -> int:
    asked = json.loads(sys.stdin.readline() or "null")
    if asked is None:
        return 0  # the parent has gone before it asked
    kernels = build(tuple[Kernel, ...], asked["kernels"], "kernels")
    try:
        driven = open_ceilings(asked["device"], kernels, asked["threads"])
    except JoulemarkError as error:
        emit({"failed": str(error)})
        return error.exit_code
    about = {"library": driven.library, "device": driven.device, "device_name": driven.device_name}
    emit({"ready": {**about, "kernels": list(driven.passes), "left_out": dict(driven.left_out)}})
    for line in sys.stdin:
        order = json.loads(line)
        emit({"ran": driven.run(order["run"], int(order["passes"]), float(order["least_s"]))})
    return 0


if __name__ == "__main__":
    sys.exit(main())
