"""One of the peers over windows of so many seconds, as its own documentation uses it; prints JSON joules.

    python tests/sim/peers_driver.py zeus|zeus-power|codecarbon SECONDS [--windows N] [--rest S]

Run by the python of an environment that has the peer, with the simulated sensors' variables set; nothing of
Joulemark is imported. Without options a window is a sleep; with --live the window's work is a load that the
simulated board follows (live.py). Each window says when it lay on CLOCK_MONOTONIC, from after the peer's begin
to before its end, so that its truth has a closed form:

    {"peer", "version", "windows": [{"start_ns", "end_ns", "gpu_j", "cpu_j"} or {…, "error"}]}

`gpu_j` is the sum over the boards; a figure that the peer does not give is null.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # `sim` is a package there; its files are no libraries

from sim.live import LiveLoad  # noqa: E402

J_PER_KWH = 3.6e6
Found = dict[str, float | None]
Work = Callable[[], None]


def zeus(arguments: argparse.Namespace) -> Callable[[Work], Found]:
    """ZeusMonitor, as in its tutorial: the counter is read at both ends of a window."""
    _zeus_powercap(arguments.powercap_root)
    from zeus.monitor import ZeusMonitor

    monitor = ZeusMonitor(cpu_indices=None if arguments.powercap_root else [])

    def window(work: Work) -> Found:
        monitor.begin_window("work", sync_execution=False)
        work()
        found = monitor.end_window("work", sync_execution=False)
        cpu = found.cpu_energy
        return {"gpu_j": sum(found.gpu_energy.values()), "cpu_j": sum(cpu.values()) if cpu else None}

    return window


def zeus_power(arguments: argparse.Namespace) -> Callable[[Work], Found]:
    """PowerMonitor: its integral of the power that it polled, at the rate that it chooses itself."""
    from zeus.monitor import PowerMonitor

    monitor = PowerMonitor(update_period=arguments.period)

    def window(work: Work) -> Found:
        start_s = _wall_s()
        work()
        found = monitor.get_energy(start_s, _wall_s())
        return {"gpu_j": sum(found.values()) if found else None, "cpu_j": None}

    return window


def codecarbon(arguments: argparse.Namespace) -> Callable[[Work], Found]:
    """OfflineEmissionsTracker, with its defaults unless --period is given: a tracker for every window."""
    from codecarbon import OfflineEmissionsTracker

    _codecarbon_powercap(arguments.powercap_root)
    asked = {"measure_power_secs": arguments.period} if arguments.period else {}

    def window(work: Work) -> Found:
        tracker = OfflineEmissionsTracker(
            country_iso_code="FRA", save_to_file=False, log_level="critical", **asked
        )  # fmt: skip
        tracker.start()
        work()
        tracker.stop()
        found = tracker.final_emissions_data
        # without RAPL its CPU figure is a model, which is no reading of the simulated sensor
        cpu_j = found.cpu_energy * J_PER_KWH if arguments.powercap_root else None
        return {"gpu_j": found.gpu_energy * J_PER_KWH, "cpu_j": cpu_j}

    return window


PEERS = {"zeus": (zeus, "zeus"), "zeus-power": (zeus_power, "zeus"), "codecarbon": (codecarbon, "codecarbon")}


def _wall_s() -> float:
    """PowerMonitor speaks wall-clock seconds."""
    return time.clock_gettime(time.CLOCK_REALTIME)


def _zeus_powercap(root: str | None) -> None:
    if root:
        import zeus.device.cpu.rapl as rapl

        rapl.RAPL_DIR = str(Path(root, "intel-rapl"))


def _codecarbon_powercap(root: str | None) -> None:
    """Where it looks is a literal in two places."""
    if root:
        from codecarbon.core import cpu
        from codecarbon.external import hardware

        folder = str(Path(root, "intel-rapl"))
        available, interface = cpu.is_rapl_available, cpu.IntelRAPL
        cpu.is_rapl_available = lambda: available(folder)
        hardware.IntelRAPL = lambda **asked: interface(**{**asked, "rapl_dir": folder})


@contextmanager
def _stdout_kept() -> Iterator[None]:
    """What libraries print goes to stderr: stdout holds one JSON object."""
    kept, sys.stdout = sys.stdout, sys.stderr
    try:
        yield
    finally:
        sys.stdout = kept


def one_window(window: Callable[[Work], Found], work: Work) -> dict[str, object]:
    """What the peer says of one window, or the error with which it ended."""
    at: dict[str, object] = {}

    def timed() -> None:
        at["start_ns"] = time.monotonic_ns()
        work()
        at["end_ns"] = time.monotonic_ns()

    try:
        return at | window(timed)
    except Exception as error:  # noqa: BLE001  whatever a peer raises is its answer
        return at | {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Prints the windows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--windows", type=int, default=1)
    parser.add_argument("--rest", type=float, default=0.5, help="seconds before each window")
    parser.add_argument("--period", type=float, help="seconds between the peer's polls; its own default without")
    parser.add_argument("--powercap-root", help="the simulated RAPL tree; without, no CPU figure")
    parser.add_argument("--live", nargs=4, metavar=("PATH", "EPOCH_NS", "IDLE_W", "BUSY_W"))
    arguments = parser.parse_args()
    if arguments.live:
        path, epoch_ns, idle_w, busy_w = arguments.live
        load = LiveLoad(Path(path), int(epoch_ns), float(idle_w), float(busy_w))
        work = lambda: load.busy(arguments.seconds)  # noqa: E731
    else:
        work = lambda: time.sleep(arguments.seconds)  # noqa: E731
    open_peer, distribution = PEERS[arguments.peer]
    said = {"peer": arguments.peer, "version": version(distribution), "windows": []}
    with _stdout_kept():
        try:
            window = open_peer(arguments)
        except Exception as error:  # noqa: BLE001  as above
            said["error"] = f"{type(error).__name__}: {error}"
        else:
            for _ in range(arguments.windows):
                time.sleep(arguments.rest)
                said["windows"].append(one_window(window, work))
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
