"""Measures the peers' columns of `make perf TABLE=harness` once, and writes scripts/perf_peers.json.

    pip install 'joulemark[peers]'       into this environment, or into another whose python is named:
    python scripts/perf_peers.py [--python OTHER/bin/python]

Each peer watches one simulated GPU, as the sampler does. Memory is summed over its processes as the system
shows it, so that pages which they share count once each.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from perf_harness import BOARD, PEERS, build_nvml, family, rss_mb, share
from sim.build import NvmlSim

ZEUS = """
import time
from zeus.monitor.power import PowerMonitor
if __name__ == "__main__":
    monitor = PowerMonitor()
    print("ready", flush=True)
    time.sleep(3600)
"""
CODECARBON = """
import time
from codecarbon import OfflineEmissionsTracker
if __name__ == "__main__":
    tracker = OfflineEmissionsTracker(
        country_iso_code="FRA", measure_power_secs=0.1, save_to_file=False, log_level="error"
    )
    tracker.start()
    print("ready", flush=True)
    time.sleep(3600)
"""


# zeus/monitor/power.py, infer_counter_update_period: the minimum starts at 0.0 (version 0.16.0, read 2026-11-21)
NOTE = "Zeus chooses its own rate, and in this version its PowerMonitor finds a period of 0 s"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a peer takes while it watches."""

    processes: int
    early_share: float  # of a core, in the first ten seconds
    later_share: float  # of a core, afterwards
    resident_mb: float


def cost(python: str, script: Path, environment: Mapping[str, str]) -> Cost:
    """What the peer's script takes, from the moment it says that it watches."""
    with subprocess.Popen([python, str(script)], env=dict(environment), stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.5)
            early = share(family(process.pid), 10)
            time.sleep(5)
            pids = family(process.pid)
            later = share(pids, 20)
            resident = sum(rss_mb(pid) for pid in pids)
            return Cost(processes=len(pids), early_share=early, later_share=later, resident_mb=resident)
        finally:
            for pid in reversed(family(process.pid)):
                os.kill(pid, 9)


def version(python: str, name: str) -> str:
    """The installed version of a distribution in that environment."""
    code = f"from importlib.metadata import version; print(version({name!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Writes the peers' figures with their versions and the date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable)
    python = parser.parse_args().python
    rows: dict[str, dict[str, float]] = {}
    versions, costs = [], {}
    with tempfile.TemporaryDirectory() as folder:
        boards = Path(folder, "boards")
        boards.mkdir()
        environment = NvmlSim(build_nvml(Path(folder)), boards).environment(BOARD)
        for name, distribution, code in (("Zeus", "zeus", ZEUS), ("CodeCarbon", "codecarbon", CODECARBON)):
            script = Path(folder, f"{distribution}_peer.py")
            script.write_text(code)
            versions.append(f"{name} {version(python, distribution)}")
            costs[name] = cost(python, script, environment)
    for name, found in costs.items():
        rows.setdefault("sampler, 10 Hz", {})[name] = round(found.later_share, 4)
        rows.setdefault("sampler, resident memory", {})[name] = round(found.resident_mb, 1)
        rows.setdefault("sampler, first ten seconds", {})[name] = round(found.early_share, 4)
        rows.setdefault("sampler, processes", {})[name] = found.processes
    about = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} CPUs, simulated NVML, Linux {os.uname().release.split('-')[0]}",
        "versions": versions,
        "note": NOTE,
        "rows": rows,
    }
    PEERS.write_text(json.dumps(about, indent=2) + "\n")
    print(json.dumps(about, indent=2))


if __name__ == "__main__":
    main()
