"""What the peers say of a steady 100 W when a sensor fails: the faults that the meter answers with a reason.

    PYTHONPATH=tests python -m sim.peer_faults --python OTHER/bin/python      an environment that has the peers

Prints JSON: the joules that each peer gives of a window of 8 s beside the true ones, or its error. The fault
comes 5 s after the declaration, which lies inside the window.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sim.build import NvmlSim, build_nvml, build_powercap
from sim.powercap import RANGE_UJ, PowercapSim, SimulatedZone

POWER_W, WINDOW_S = 100.0, 8.0
STEADY = f"point 0 {POWER_W}"
DRIVER = Path(__file__).with_name("peers_driver.py")
BOARDS: Mapping[str, Sequence[str]] = {
    "none": (),
    "counter not supported": ("error counter 3",),
    "counter not supported in mid-run": ("error counter 3 5",),
    "counter not supported, old board": ("architecture 4", "error counter 3"),
    "counter begins again": ("counter_start_mj 5e6", "counter_reset 5"),
    "counter rises by 50 kJ": ("counter_jump 5 5e7",),
    "counter frozen": ("counter_frozen",),
    "GPU lost in mid-run": ("error all 15 5",),
    "MIG": ("mig 1",),
    "vGPU guest without sensors": ("virtualization 2", "error counter 3", "error fields 3", "error usage 3"),
}
ZONES: Mapping[str, Sequence[str]] = {
    "RAPL none": (),
    "RAPL begins again": ("start_uj 5e9", "reset 5"),
    "RAPL EIO for a second": ("error 5 5 6",),
    "RAPL EIO from then on": ("error 5 5",),
    "RAPL wraps": (f"start_uj {RANGE_UJ - 600e6:.0f}",),
    "RAPL wraps twice": (),
}
RANGES_UJ = {"RAPL wraps twice": 300_000_000}


def answer(python: str, peer: str, environment: Mapping[str, str], *options: str) -> Mapping[str, object]:
    """The only window that the driver prints, or the error with which the peer did not even begin."""
    done = subprocess.run(
        [python, str(DRIVER), peer, str(WINDOW_S), "--rest", "0.5", *options],
        env=dict(environment), capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    said = json.loads(done.stdout)
    return said["windows"][0] if said["windows"] else {"error": said["error"]}


def row(found: Mapping[str, object], key: str) -> Mapping[str, object]:
    """The peer's joules beside the true ones."""
    if "error" in found:
        return {"error": found["error"]}
    return {"peer_j": found[key], "truth_j": POWER_W * (found["end_ns"] - found["start_ns"]) * 1e-9}


def main() -> None:
    """Prints every fault and every peer's answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True)
    python = parser.parse_args().python
    rows: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as folder:
        nvml, powercap = build_nvml(Path(folder)), build_powercap(Path(folder))
        for peer in ("zeus", "zeus-power", "codecarbon"):
            for name, own in BOARDS.items():
                sim = NvmlSim(nvml, Path(tempfile.mkdtemp(dir=folder)))
                environment = sim.environment([STEADY, *own], head=[f"epoch_ns {time.monotonic_ns()}"])
                rows.setdefault(name, {})[peer] = row(answer(python, peer, environment), "gpu_j")
        for peer in ("zeus", "codecarbon"):
            for name, own in ZONES.items():
                boards = NvmlSim(nvml, Path(tempfile.mkdtemp(dir=folder))).environment([STEADY])
                zones = PowercapSim(powercap, Path(tempfile.mkdtemp(dir=folder)))
                zone = SimulatedZone(
                    folder="intel-rapl:0", name="package-0", statements=[STEADY, *own],
                    range_uj=RANGES_UJ.get(name, RANGE_UJ),
                )  # fmt: skip
                environment = zones.environment(zone, head=[f"epoch_ns {time.monotonic_ns()}"], base=boards)
                found = answer(python, peer, environment, "--powercap-root", str(zones.root))
                rows.setdefault(name, {})[peer] = row(found, "cpu_j")
    print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
