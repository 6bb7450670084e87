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
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from sim.build import NvmlSim, build_nvml, build_powercap
from sim.fault_kinds import (
    AT_ONCE,
    BOARDS,
    CURVE,
    LONG,
    LONG_NAMES,
    MACHINE_FAULTS,
    MOST_BOARDS,
    NUMBERS,
    SHORT,
    STALLED_BOARDS,
    STALLED_ZONES,
    ZONES,
    Declared,
    Times,
)
from sim.powercap import PowercapSim, SimulatedZone


@dataclass(frozen=True)
class Answer:
    """What `joulemark meter` said of one board or zone."""

    kind: str  # right, lucky, gap, error, flagged, SILENT
    said: str
    energy_j: float | None = None
    truth_j: float | None = None


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


@dataclass(frozen=True)
class Asked:
    """One metered pause: its boards, its zones, its times."""

    boards: Declared
    zones: Declared
    times: Times


def pauses() -> list[Asked]:
    """Every fault, in pauses of at most MOST_BOARDS; stalled calls, which hold up all others, by themselves."""
    return [
        *(Asked(part, {}, LONG) for part in _parts(_long(BOARDS, True))),
        *(Asked(part, {}, SHORT) for part in _parts(_long(BOARDS, False))),
        *(Asked({}, part, SHORT) for part in _parts(ZONES)),
        Asked(STALLED_BOARDS, STALLED_ZONES, SHORT),
    ]


def _long(faults: Declared, long: bool) -> Declared:
    return {name: one for name, one in faults.items() if any(part in name for part in LONG_NAMES) == long}


def _parts(faults: Declared) -> Iterator[Declared]:
    count = math.ceil(len(faults) / MOST_BOARDS)
    for i in range(count):  # dealt out, so that each part holds faults of every kind
        yield dict(islice(faults.items(), i, None, count))


def every_answer(shop: Workshop) -> dict[str, Answer]:
    """The answer to each fault of a board or zone, several pauses at a time.

    A number that is expected and does not come, as on a machine that is too busy to look, is asked for once more,
    with only such faults beside it.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(shop.ask, one.boards, one.zones, one.times) for one in pauses()]
        found = {name: answer for one in asked for name, answer in one.result().items()}
    late = {name for name, answer in found.items() if name in NUMBERS and answer.kind == "gap"}
    for one in pauses():
        boards, zones = ({n: fault for n, fault in part.items() if n in late} for part in (one.boards, one.zones))
        if boards or zones:
            found |= shop.ask(boards, zones, one.times)
    return found


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
