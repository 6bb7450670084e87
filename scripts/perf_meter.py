"""Prints how far the meter is from the truth on simulated sensors: `make perf-meter`, or with --json FILE.

Sensors are simulated, every class of arXiv:2312.02741 (table 2), each with a counter that sees everything, with
one that adds up the gated readings, and with none. On a virtual clock thousands of windows are cut by the same
code from readings to interval; through the compiled library the unmodified sampler and meter run in real time.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]  # the simulated sensors live there

from perf_goals import SIGNS, Goal, Section, aligned  # noqa: E402
from sim import tables  # noqa: E402
from sim.build import compiler  # noqa: E402
from sim.campaign import requests_of  # noqa: E402

RESULT = ROOT / "docs" / "meter.json"
SHAPES = {"constant": 0.001, "step": 0.01, "ramp": 0.01, "bursts": 0.03}


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How many windows: a whole table takes a quarter of an hour, a quick one two minutes."""

    bias: int
    coverage: int
    real: int


FULL, QUICK = Effort(bias=200, coverage=2000, real=20), Effort(bias=20, coverage=60, real=4)


def _kind(args: tuple[str, int, int]) -> dict[str, Any]:
    """All figures of one class with one kind of counter; a process of its own does it."""
    index, bias, coverage = int(args[0]), args[1], args[2]
    of, counter = list(tables.kinds())[index]
    load = requests_of(tables.SHORT_REQUEST_S, 0.5)
    return {
        "of": of.name,
        "counter": counter,
        "ten": asdict(tables.bias(of, counter, load, 10.0, bias)),
        "one": asdict(tables.bias(of, counter, load, 1.0, bias)),
        "request": asdict(tables.per_request(of, counter, bias)),
        "coverage": asdict(tables.coverage(of, counter, coverage)),
        "shapes": {
            name: {"bias": asdict(found), "held": held}
            for name in SHAPES
            for found, held in [tables.shape_bias(of, counter, name, max(20, bias // 4))]
        },
    }


def _gates(args: tuple[str, float, int]) -> dict[str, Any]:
    of = next(one for one in tables.CLASSES if one.name == args[0])
    return asdict(tables.gates(of, args[1], args[2]))


def measure(effort: Effort) -> dict[str, Any]:
    """Every figure of the table, by section."""
    count = len(list(tables.kinds()))
    gated = [of.name for of in tables.CLASSES if of.gated and of.update_s == 0.1]
    with ProcessPoolExecutor() as pool:
        kinds = list(pool.map(_kind, [(str(i), effort.bias, effort.coverage) for i in range(count)]))
        gates = list(
            pool.map(_gates, [(n, p, max(20, effort.bias // 4)) for n in gated for p in tables.GATE_PERIODS_S])
        )
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "effort": asdict(effort),
        "kinds": kinds,
        "gates": gates,
        "wraps": asdict(tables.wraps(20 * effort.bias)),
        "real": _real(effort.real),
        "faults": _faults(),
        "lateness": _lateness(effort.real),
    }


def _real(windows: int) -> list[dict[str, Any]] | str:
    """Windows of 3 s through the compiled library; without a compiler, why there are none."""
    if compiler() is None:
        return "no C compiler here: the simulated library cannot be built"
    from sim.realtime import real_time

    found: dict[tuple[str, str], list[Any]] = {}
    for one in real_time(windows, 3.0):
        found.setdefault((one.of, one.counter), []).append(one)
    rows = []
    for (of, counter), told in found.items():
        errors = [abs(t.error_ratio) for t in told if t.error_ratio is not None]
        rows.append(
            {
                "of": of,
                "counter": counter,
                "windows": len(told),
                "gaps": len(told) - len(errors),
                "worst_ratio": max(errors, default=0.0),
                "held": sum(t.held for t in told),
            }
        )
    return rows


def _faults() -> dict[str, Any] | str:
    """What each kind of fault ends in, through the real command; without a compiler, why that is not known."""
    if compiler() is None:
        return "no C compiler here: faults cannot be simulated"
    from sim import fault_kinds, faults
    from sim.build import build_nvml, build_powercap

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shop = faults.Workshop(nvml=build_nvml(folder), powercap=build_powercap(folder), folder=folder)
        answers = faults.every_answer(shop)
        answers |= {name: shop.machine(head) for name, head in fault_kinds.MACHINE_FAULTS.items()}
    kinds: dict[str, int] = {}
    for one in answers.values():
        kinds[one.kind] = kinds.get(one.kind, 0) + 1
    said = {name: one.said for name, one in answers.items() if one.kind in ("SILENT", "flagged", "lucky")}
    mute = sum(answers[name].energy_j is None for name in fault_kinds.NUMBERS)
    return {"kinds": kinds, "numbers": dict(sorted(said.items())), "asked": len(fault_kinds.NUMBERS), "mute": mute}


def _lateness(seconds: int) -> dict[str, float] | str:
    """How late polls come with every core busy, beside a process that only sleeps (ms)."""
    if compiler() is None:
        return "no C compiler here: the simulated library cannot be built"
    import perf_harness

    rows = {row.name: row.value or 0.0 for row in perf_harness.measured(["lateness"], float(seconds))}
    return dict(rows)


def sections(data: Mapping[str, Any]) -> Iterator[Section]:
    """The tables of a result."""
    kinds = data["kinds"]
    yield _bias_section(kinds)
    yield _coverage_section(kinds)
    yield _gate_section(data["gates"])
    yield _shape_section(kinds)
    yield _wrap_section(data["wraps"])
    if isinstance(data["real"], list):
        yield _real_section(data["real"])
    if isinstance(data["faults"], dict):
        yield _fault_section(data["faults"])
    if isinstance(data["lateness"], dict):
        yield _lateness_section(data["lateness"])


def _bias_section(kinds: Sequence[Mapping[str, Any]]) -> Section:
    rows = [
        (k["of"], k["counter"], *(cell for n in ("ten", "one", "request") for cell in _error_cells(k[n])))
        for k in kinds
    ]
    goals = tuple(
        _at_most(title, asked, max(abs(k[name]["mean_ratio"]) for k in kinds))
        for name, title, asked in (
            ("ten", "bias of one 10 s window", 0.001),
            ("one", "bias of one 1 s window", 0.01),
            ("request", "bias of a 150 ms request, repeated for 10 s", 0.02),
        )
    )
    head = ("class", "counter", "10 s", "95 %", "naive", "1 s", "95 %", "naive", "150 ms", "95 %", "naive")
    return Section(
        title="Bias: mean error, the error that 95 % of windows stay below, and that of a counter read "
        "at both ends (of a single request in the last column)",
        head=head,
        rows=tuple(rows),
        goals=goals,
    )


def _error_cells(found: Mapping[str, Any]) -> tuple[str, str, str]:
    naive = found["naive_worst_ratio"]
    return f"{found['mean_ratio']:+.3%}", f"{found['worst_ratio']:.2%}", "-" if naive is None else f"{naive:.1%}"


def _coverage_section(kinds: Sequence[Mapping[str, Any]]) -> Section:
    found = [k["coverage"] for k in kinds]
    rows = [
        (c["of"], c["counter"], str(c["windows"]), f"{c['held_ratio']:.1%}", f"{c['without_gain_ratio']:.1%}",
         f"±{c['without_gain_width_ratio']:.2%}", str(c["void"]))
        for c in found
    ]  # fmt: skip
    low, high = min(c["held_ratio"] for c in found), max(c["held_ratio"] for c in found)
    bare = min(c["without_gain_ratio"] for c in found)
    goals = (
        Goal(name="95 % intervals that hold the truth, gains drawn", asked="93 to 97 %",
             found=f"{low:.1%} to {high:.1%}", met=low >= 0.93 and high <= 0.97),
        Goal(name="the same without the gain's part, on boards without gain error", asked="at least 93 %",
             found=f"{bare:.1%} and more", met=bare >= 0.93),
    )  # fmt: skip
    head = ("class", "counter", "windows", "hold", "without gain", "mean width", "void")
    return Section(title="Coverage of the 95 % interval: windows of 1, 3 and 10 s, irregular work",
                   head=head, rows=tuple(rows), goals=goals)  # fmt: skip


def _gate_section(gates: Sequence[Mapping[str, Any]]) -> Section:
    rows = [
        (g["of"], f"{g['period_s'] * 1e3:g} ms", f"{g['driven']['mean_ratio']:+.2%}",
         f"{g['driven']['worst_ratio']:.2%}", f"{g['foreign_held_ratio']:.0%}", str(g["foreign_refused"]),
         f"±{g['foreign_width_ratio']:.0%}")
        for g in gates
    ]  # fmt: skip
    goals = (
        _at_most("a load in step with the gate, driven in trains: mean error", 0.02,
                 max(abs(g["driven"]["mean_ratio"]) for g in gates)),
        _at_most("the same: error that 95 % of windows stay below", 0.02,
                 max(g["driven"]["worst_ratio"] for g in gates)),
        Goal(name="the same for a foreign command: interval holds the truth, or refused", asked="100 %",
             found=f"{min(g['foreign_held_ratio'] for g in gates):.0%}",
             met=min(g["foreign_held_ratio"] for g in gates) >= 1.0),
    )  # fmt: skip
    head = ("class", "load period", "driven", "95 %", "foreign holds", "refused", "width")
    return Section(title="Loads in step with a sensor that looks at a part of the time, power integral alone",
                   head=head, rows=tuple(rows), goals=goals)  # fmt: skip


def _shape_section(kinds: Sequence[Mapping[str, Any]]) -> Section:
    rows = [
        (k["of"], k["counter"], *(f"{k['shapes'][n]['bias']['mean_ratio']:+.2%}" for n in SHAPES),
         *(f"{k['shapes'][n]['held']:.0%}" for n in SHAPES))
        for k in kinds
    ]  # fmt: skip
    goals = tuple(
        _at_most(
            f"{name}, as a foreign command",
            asked,
            max(abs(k["shapes"][name]["bias"]["mean_ratio"]) for k in kinds),
        )
        for name, asked in SHAPES.items()
    )
    head = ("class", "counter", *SHAPES, *(f"{n} holds" for n in SHAPES))
    return Section(title="Shapes of power that nobody drives: mean error, and how often the interval holds",
                   head=head, rows=tuple(rows), goals=goals)  # fmt: skip


def _wrap_section(found: Mapping[str, int]) -> Section:
    goal = Goal(name="wrapping counters: exact, or refused", asked="0 wrong", found=f"{found['wrong']} wrong",
                met=not found["wrong"])  # fmt: skip
    rows = ((str(found["exact"]), str(found["refused"]), str(found["wrong"])),)
    return Section(title="RAPL counters that wrap, looks from milliseconds to hours apart",
                   head=("exact", "refused", "wrong"), rows=rows, goals=(goal,))  # fmt: skip


def _real_section(found: Sequence[Mapping[str, Any]]) -> Section:
    rows = [
        (r["of"], r["counter"], str(r["windows"]), str(r["gaps"]), f"{r['worst_ratio']:.2%}", f"{r['held']}")
        for r in found
    ]
    missed = sum(r["windows"] - r["held"] for r in found)
    goal = Goal(
        name="through the compiled library in real time, without gain error: intervals that miss the truth",
        asked="0", found=str(missed), met=not missed,
    )  # fmt: skip
    head = ("class", "counter", "windows", "gaps", "worst error", "hold")
    return Section(title="Windows of 3 s through the compiled library, in real time", head=head, rows=tuple(rows),
                   goals=(goal,))  # fmt: skip


def _fault_section(found: Mapping[str, Any]) -> Section:
    kinds = found["kinds"]
    silent, flagged, lucky = (kinds.get(kind, 0) for kind in ("SILENT", "flagged", "lucky"))
    goals = (
        Goal(name="injected faults that end in a silent wrong number", asked="0", found=str(silent),
             met=not silent),
        Goal(name="injected faults that end in a flagged wrong number", asked="0", found=str(flagged),
             met=not flagged),
    )  # fmt: skip
    if "asked" in found:  # not yet in results kept before
        goals += (
            Goal(name="injected faults whose number is right by the gain's part of its interval alone", asked="0",
                 found=str(lucky), met=not lucky),
            Goal(name="injected faults that leave a field to tell the energy, and end in no number",
                 asked=f"0 of {found['asked']}", found=str(found["mute"]), met=not found["mute"]),
        )  # fmt: skip
    rows = [(kind, str(count), "") for kind, count in sorted(kinds.items())]
    rows += [("", name, said) for name, said in found["numbers"].items()]
    return Section(title="Faults, each from the start and in mid-run, through `joulemark meter`: what they end in",
                   head=("answer", "faults", "what is said"), rows=tuple(rows), goals=goals)  # fmt: skip


def _lateness_section(found: Mapping[str, float]) -> Section:
    late, over = found["lateness p99, cores busy"], found["lateness p99 over the bare sleeper"]
    goals = (
        Goal(name="polling, lateness p99, every core busy", asked="5 ms", found=f"{late:.2f} ms", met=late <= 5),
        Goal(name="the same over a bare sleeper", asked="1 ms", found=f"{over:+.2f} ms", met=over <= 1),
    )
    rows = [(name, f"{value:.2f} ms") for name, value in found.items()]
    return Section(title="Polling when every core is busy", head=("what", "found"), rows=tuple(rows), goals=goals)


def _at_most(name: str, asked: float, found: float) -> Goal:
    return Goal(name=name, asked=f"{asked:.1%}", found=f"{found:.2%}", met=found <= asked)


def text(data: Mapping[str, Any]) -> str:
    """The tables for a terminal, and the goals at the end."""
    made = list(sections(data))
    parts = [f"{s.title}\n{aligned(s.head, s.rows)}" for s in made]
    goals = [(SIGNS[g.met], g.name, g.asked, g.found) for s in made for g in s.goals]
    parts += [data[name] for name in ("real", "faults", "lateness") if isinstance(data[name], str)]
    return "\n\n".join([*parts, aligned(("", "WHAT", "ASKED", "FOUND"), goals)])


def main(measure: Callable[[Effort], dict[str, Any]] = measure) -> int:
    """Prints the table; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few windows: two minutes, and no firm figure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep every figure")
    parser.add_argument("--keep", action="store_true", help=f"keep them as {RESULT.relative_to(ROOT)}")
    asked = parser.parse_args()
    if asked.quick and asked.keep:
        parser.error("--keep keeps a whole table: leave --quick out, or use --json FILE")
    data = measure(QUICK if asked.quick else FULL)
    print(text(data))
    for path in filter(None, (asked.json, RESULT if asked.keep else None)):
        path.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0 if all(g.met for s in sections(data) for g in s.goals) else 1


if __name__ == "__main__":
    sys.exit(main())
