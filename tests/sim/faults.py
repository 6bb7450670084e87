"""Every kind of fault that a simulated sensor can have, and what a metered command's answer to it is worth.

    PYTHONPATH=tests python -m sim.faults [--window S] [NAME …]     meters a pause, with one fault at a time

An answer is `right` (the interval holds the truth), `gap` (no number, with the reasons), `error` (clear words
and an exit code), or a number whose interval does not hold the truth: `flagged` where something beside it
is said of it, else `SILENT`. A silent number is what no fault may end in. A `lucky` one is right by the
gain's share of its interval alone (beyond three standard deviations of the rest), which is there for what
boards differ by, and not for faults.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sim.build import NvmlSim, build_nvml, build_powercap
from sim.powercap import RANGE_UJ, PowercapSim, SimulatedZone
from sim.truth import Curve

CURVE = Curve(((0, 80), (0.85, 80), (0.85, 300), (1.7, 300)), repeat_s=1.7)
# a class whose sensor sees everything (classes.py): what is wrong is the fault
HONEST = ("name Simulated T4", "instant_window_ms 100", "usage_window_ms 100")
POWER_ONLY = (*HONEST, "error counter 3")
USAGE_ONLY = (*POWER_ONLY, "error fields 3")


@dataclass(frozen=True, kw_only=True)
class Times:
    """Seconds since the epoch: a fault in mid-run, which lies inside the metered pause, and the pause's end."""

    from_s: float = 5.0
    until_s: float = 6.0
    end_s: float = 7.5

    def later(self) -> "Times":
        """For a machine on which it takes longer until the pause begins."""
        return Times(from_s=self.from_s + 5, until_s=self.until_s + 5, end_s=self.end_s + 5)


@dataclass(frozen=True)
class Fault:
    """Statements. {span} is the time of a fault for a while, {from} of one that stays, {at} its moment.

    {wrap_mj} and {before_wrap_uj} place the end of a counter's range at that moment.
    """

    statements: tuple[str, ...]
    board: tuple[str, ...] = HONEST

    def declared(self, when: str, times: Times) -> list[str]:
        """The statements of a board that draws CURVE, with the fault from the start or in mid-run."""
        until_j = CURVE.energy_j(0, times.from_s)
        words = {
            "{span}": f"{times.from_s} {times.until_s}" if when == "mid-run" else "",
            "{from}": f"{times.from_s}" if when == "mid-run" else "",
            "{at}": f"{times.from_s}",
            "{wrap_mj}": f"{until_j * 1e3:.0f}",
            "{before_wrap_uj}": f"{RANGE_UJ - until_j * 1e6:.0f}",
        }
        own = list(self.statements)
        for word, value in words.items():
            own = [one.replace(word, value) for one in own]
        return [*CURVE.statements, *self.board, *own]


def _errors(call: str, codes: Sequence[int], board: tuple[str, ...] = HONEST, label: str = "") -> dict[str, Fault]:
    return {f"{label or call} error {code}": Fault((f"error {call} {code} {{from}}",), board) for code in codes}


NOT_SUPPORTED, NO_PERMISSION, LOST, NOT_READY, UNKNOWN = 3, 4, 15, 27, 999
BOARD_FAULTS: Mapping[str, Fault] = {
    "none": Fault(()),
    **_errors("counter", (NOT_SUPPORTED, NO_PERMISSION, LOST, NOT_READY, UNKNOWN)),
    "counter dropout": Fault(("dropout counter {span}",)),
    "counter silent": Fault(("dropout counter {from}",)),
    "counter frozen a second": Fault(("counter_frozen {span}",)),
    "counter frozen": Fault(("counter_frozen {from}",)),
    "counter 10 % fast": Fault(("counter_gain 1.1 {from}",)),
    "counter 10 % slow": Fault(("counter_gain 0.9 {from}",)),
    "counter loses a second": Fault(("counter_gain 0 {span}",)),
    "counter counts nothing": Fault(("counter_gain 0 {from}",)),
    **_errors("fields", (NOT_SUPPORTED, NO_PERMISSION, LOST, UNKNOWN)),
    **_errors("instant", (NOT_SUPPORTED, LOST)),
    **_errors("average", (NOT_SUPPORTED,)),
    "power dropout": Fault(("dropout fields {span}",)),
    "instant stuck": Fault(("gauge_frozen instant {from}",)),
    "instant 0 W": Fault(("gauge_value instant 0 {from}",)),
    "instant 0 W a second": Fault(("gauge_value instant 0 {span}",)),
    "instant 2^32-1 mW": Fault(("gauge_value instant 4294967295 {from}",)),
    "instant 2^32-1 mW a second": Fault(("gauge_value instant 4294967295 {span}",)),
    "average 0 W": Fault(("gauge_value average 0 {from}",)),
    "power noise 50 W": Fault(("noise_mw 50000 5",)),
    **_errors("instant", (NOT_SUPPORTED,), POWER_ONLY, "no counter, instant"),
    **_errors("fields", (NOT_SUPPORTED, LOST), POWER_ONLY, "no counter, fields"),
    "no counter": Fault((), POWER_ONLY),
    "no counter, dropout": Fault(("dropout fields {span}",), POWER_ONLY),
    "no counter, power stuck": Fault(("gauge_frozen power {from}",), POWER_ONLY),
    "no counter, power stuck a second": Fault(("gauge_frozen power {span}",), POWER_ONLY),
    "no counter, instant stuck": Fault(("gauge_frozen instant {from}",), POWER_ONLY),
    "no counter, 0 W": Fault(("gauge_value power 0 {from}",), POWER_ONLY),
    "no counter, 0 W a second": Fault(("gauge_value power 0 {span}",), POWER_ONLY),
    "no counter, instant 0 W a second": Fault(("gauge_value instant 0 {span}",), POWER_ONLY),
    "no counter, 2^32-1 mW": Fault(("gauge_value power 4294967295 {from}",), POWER_ONLY),
    "no counter, 2^32-1 mW a second": Fault(("gauge_value power 4294967295 {span}",), POWER_ONLY),
    "average alone": Fault((), (*POWER_ONLY, "error instant 3")),
    "usage alone": Fault((), USAGE_ONLY),
    "usage alone, dropout": Fault(("dropout usage {span}",), USAGE_ONLY),
    "usage alone, 0 W a second": Fault(("gauge_value usage 0 {span}",), USAGE_ONLY),
    "usage alone, stuck": Fault(("gauge_frozen usage {from}",), USAGE_ONLY),
    **_errors("all", (NOT_SUPPORTED, NO_PERMISSION, LOST, UNKNOWN)),
    "all dropout": Fault(("dropout all {span}",)),
    **_errors("temperature", (UNKNOWN,)),
    **_errors("processes", (NO_PERMISSION,)),
    **_errors("limit", (UNKNOWN,)),
    "throttled": Fault(("event 8 {from}",)),
    "another process": Fault(("process 1 1024 {from}",)),
    "limit lowered": Fault(("limit_point 0 400", "limit_point {at} 400", "limit_point {at} 200")),
}
# Faults that are a moment: there is no such fault from the start.
BOARD_MOMENTS: Mapping[str, Fault] = {
    "counter falls to 0": Fault(("counter_reset {at}", "counter_start_mj 5e6")),
    "counter falls by 100 J": Fault(("counter_jump {at} -100000",)),
    "counter rises by 50 kJ": Fault(("counter_jump {at} 5e7",)),
    "counter rises by 100 J": Fault(("counter_jump {at} 100000",)),
    "counter wraps": Fault(("counter_range_mj {wrap_mj}",)),
}
# Boards that must not be measured at all.
BOARD_EXCLUDED: Mapping[str, Fault] = {
    "handle error 15": Fault(("error handle 15",)),
    "name error 999": Fault(("error name 999",)),
    "sliced": Fault(("mig 1",)),
    "guest without sensors": Fault(("virtualization 2", "error counter 3", "error fields 3", "error usage 3")),
    "shared with guests": Fault(("virtualization 3",)),
    "shared by vSGA": Fault(("virtualization 4",)),
}
# The library fails as a whole.
MACHINE_FAULTS: Mapping[str, tuple[str, ...]] = {
    "init error 9": ("error init 9",),
    "init error 18": ("error init 18",),
    "count error 999": ("error count 999",),
    "driver error 999": ("error driver 999",),
}
# Calls that hold up all others: in a run of their own.
BOARD_STALLS: Mapping[str, Fault] = {
    "counter stalls 0.4 s a second": Fault(("stall counter 400 {span}",)),
    "fields stall 3 s": Fault(("stall fields 3000 {span}",)),
}
ZONE_STALLS: Mapping[str, Fault] = {"slow to read": Fault(("stall 200 {span}",))}
EIO, ENOENT, EACCES, ENODATA = 5, 2, 13, 61
ZONE_FAULTS: Mapping[str, Fault] = {
    "none": Fault(()),
    **{f"errno {code}": Fault((f"error {code} {{from}}",)) for code in (EIO, ENOENT, EACCES, ENODATA)},
    "errno 5 a second": Fault(("error 5 {span}",)),
    "empty a second": Fault(("text - {span}",)),
    "empty": Fault(("text - {from}",)),
    "no number": Fault(("text hello {from}",)),
    "negative number": Fault(("text -5 {from}",)),
    "frozen a second": Fault(("frozen {span}",)),
    "frozen": Fault(("frozen {from}",)),
}
ZONE_MOMENTS: Mapping[str, Fault] = {
    "begins again": Fault(("reset {at}", "start_uj 5e9")),
    "begins again near its end": Fault(("reset {at}", f"start_uj {RANGE_UJ - 4e9:.0f}")),
    "falls by 100 J": Fault(("jump {at} -1e8", "start_uj 5e9")),
    "rises by 100 J": Fault(("jump {at} 1e8",)),
    "rises by 5 kJ": Fault(("jump {at} 5e9",)),
    "wraps": Fault(("start_uj {before_wrap_uj}",)),
}


@dataclass(frozen=True)
class Answer:
    """What `joulemark meter` said of one board or zone."""

    kind: str  # right, lucky, gap, error, flagged, SILENT
    said: str
    energy_j: float | None = None
    truth_j: float | None = None


Declared = dict[str, tuple[Fault, str]]  # by name: a fault, and when it is there


class TooLateError(Exception):
    """The pause began after the fault: the machine is too busy."""


def metered(environment: Mapping[str, str], epoch_ns: int, end_s: float) -> subprocess.CompletedProcess[str]:
    """A pause that ends so long after the epoch, between the sensors of `environment`."""
    wait = f"import time; time.sleep(max(0, ({epoch_ns} - time.monotonic_ns()) * 1e-9 + {end_s}))"
    return subprocess.run(
        [sys.executable, "-P", "-m", "bench", "meter", "--json", "--", sys.executable, "-c", wait],
        env=dict(environment), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def answers(done: subprocess.CompletedProcess[str], epoch_ns: int, times: Times) -> dict[str, Answer]:
    """The answer of every domain; of "" when there is none. Raises TooLateError."""
    try:
        document = json.loads(done.stdout)
        domains = document["domains"]
    except (json.JSONDecodeError, KeyError):
        return {"": _error(done)}
    if document["command_start_ns"] > epoch_ns + (times.from_s - 0.5) * 1e9:
        raise TooLateError
    return {d["domain"]: _answer(d, epoch_ns) for d in domains}


def _error(done: subprocess.CompletedProcess[str]) -> Answer:
    text = done.stderr.strip()
    clear = done.returncode in (1, 2, 3) and text and "Traceback" not in text
    return Answer("error" if clear else "SILENT", f"exit code {done.returncode}: {text.splitlines()[-1:]}")


def _answer(domain: Mapping[str, Any], epoch_ns: int) -> Answer:
    words = "; ".join([*domain["flags"], *domain["reasons"]])
    if domain["energy_j"] is None:
        return Answer("gap" if words else "SILENT", f"{domain['basis']}: {words}")
    start_s, end_s = ((domain[edge] - epoch_ns) * 1e-9 for edge in ("start_ns", "end_ns"))
    truth_j = CURVE.energy_j(start_s, end_s)
    right = domain["low_j"] <= truth_j <= domain["high_j"]
    kind = "right" if right else "flagged" if domain["flags"] else "SILENT"
    own_j = 3 * math.hypot(*(v for name, v in domain["components"].items() if name != "gain_j"))
    if right and abs(domain["energy_j"] - truth_j) > own_j:
        kind = "lucky"
    interval = f"{domain['low_j']:.1f}–{domain['high_j']:.1f}"
    return Answer(kind, f"{domain['method']} {interval} J. {words}", domain["energy_j"], truth_j)


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """The two compiled libraries, and a place for declarations."""

    nvml: Path
    powercap: Path
    folder: Path

    def ask(self, boards: Declared, zones: Declared, times: Times) -> dict[str, Answer]:
        """The answer to each fault, one board or package each, all in one run."""
        domains = {f"gpu:{i}": name for i, name in enumerate(boards)}
        domains |= {f"cpu-package:{i}": name for i, name in enumerate(zones)}
        missing = Answer("SILENT", "the domain is not mentioned")
        while True:
            epoch_ns = time.monotonic_ns()
            environment = self._environment(boards, zones, times, [f"epoch_ns {epoch_ns}"])
            try:
                found = answers(metered(environment, epoch_ns, times.end_s), epoch_ns, times)
            except TooLateError:
                if times.from_s > 20:
                    raise
                times = times.later()
                continue
            return {name: found.get(domain, found.get("", missing)) for domain, name in domains.items()}

    def _environment(
        self, boards: Declared, zones: Declared, times: Times, head: Sequence[str]
    ) -> Mapping[str, str]:
        environment: Mapping[str, str] = os.environ
        meters = []
        if boards:
            declared = [fault.declared(when, times) for fault, when in boards.values()]
            environment = NvmlSim(self.nvml, self._place()).environment(*declared, head=head)
            meters.append("nvml")
        if zones:
            sim = PowercapSim(self.powercap, self._place())
            packages = [
                SimulatedZone(
                    folder=f"intel-rapl:{i}",
                    name=f"package-{i}",
                    statements=replace(fault, board=()).declared(when, times),
                )
                for i, (fault, when) in enumerate(zones.values())
            ]
            environment = sim.environment(*packages, head=head, base=environment)
            meters.append(f"rapl:powercap_root={sim.root}")
        return {**environment, "JOULEMARK_METERS": ",".join(meters)}

    def machine(self, head: Sequence[str]) -> Answer:
        """The answer when the library itself fails."""
        sim = NvmlSim(self.nvml, self._place())
        environment = {**sim.environment(CURVE.statements, head=head), "JOULEMARK_METERS": "nvml"}
        return _error(metered(environment, time.monotonic_ns(), 1.0))

    def _place(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.folder))


def both(kind: str, faults: Mapping[str, Fault]) -> Declared:
    """Each fault from the start, and in mid-run."""
    return {
        f"{kind}: {name}, {when}": (fault, when) for when in ("start", "mid-run") for name, fault in faults.items()
    }


def moments(kind: str, faults: Mapping[str, Fault]) -> Declared:
    """Each fault at its own time."""
    return {f"{kind}: {name}": (fault, "mid-run") for name, fault in faults.items()}


BOARDS = both("gpu", BOARD_FAULTS) | moments("gpu", {**BOARD_MOMENTS, **BOARD_EXCLUDED})
ZONES = both("zone", ZONE_FAULTS) | moments("zone", ZONE_MOMENTS)
STALLED_BOARDS = moments("gpu", BOARD_STALLS)
STALLED_ZONES = moments("zone", ZONE_STALLS)


def main() -> None:
    """Prints the answer to each fault, one run each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts of names; all without")
    parser.add_argument("--window", type=float, default=3.5, help="seconds of the pause, about")
    asked = parser.parse_args()
    times = Times(end_s=Times().from_s - 1 + asked.window)
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(nvml=build_nvml(Path(folder)), powercap=build_powercap(Path(folder)), folder=Path(folder))
        runs: dict[str, Callable[[], Answer]] = {}
        for name, one in (BOARDS | STALLED_BOARDS).items():
            runs[name] = lambda name=name, one=one: shop.ask({name: one}, {}, times)[name]
        for name, one in (ZONES | STALLED_ZONES).items():
            runs[name] = lambda name=name, one=one: shop.ask({}, {name: one}, times)[name]
        for name, head in MACHINE_FAULTS.items():
            runs[f"machine: {name}"] = lambda head=head: shop.machine(head)
        for name, run in runs.items():
            if not asked.names or any(part in name for part in asked.names):
                found = run()
                numbers = (
                    "" if found.energy_j is None else f" {found.energy_j:.1f} J, truth {found.truth_j:.1f} J,"
                )
                print(f"{found.kind:8}{name}:{numbers} {found.said}", flush=True)


if __name__ == "__main__":
    main()
