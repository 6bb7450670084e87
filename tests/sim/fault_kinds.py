"""The kinds of fault that a simulated sensor can have, and in what the answer to each must end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sim.powercap import RANGE_UJ
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
    "rises by 35 J": Fault(("jump {at} 3.5e7",)),
    "rises by 5 kJ": Fault(("jump {at} 5e9",)),
    "wraps": Fault(("start_uj {before_wrap_uj}",)),
}


Declared = dict[str, tuple[Fault, str]]  # by name: a fault, and when it is there


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


def _named(kind: str, when: str, names: str) -> set[str]:
    return {f"{kind}: {' '.join(name.split())}{when}" for name in names.split(";")}


# Faults that must end in a right number: another field of the sensor is enough, or nothing is wrong with it.
# Every other fault must end in a gap or an error, so that a meter that says nothing fails here as one that lies.
NUMBERS = frozenset(
    _named("gpu", ", start", """
    another process; average 0 W; average alone; average error 3; counter counts nothing; counter
    dropout; counter error 15; counter error 27; counter error 3; counter error 4; counter error 999;
    counter frozen; counter frozen a second; counter loses a second; counter silent; fields error 15;
    fields error 3; fields error 4; fields error 999; instant 0 W; instant 0 W a second; instant 2^32-1
    mW; instant 2^32-1 mW a second; instant error 15; instant error 3; instant stuck; limit error 999;
    limit lowered; no counter; no counter, dropout; no counter, fields error 15; no counter, fields error
    3; no counter, instant 0 W a second; no counter, instant error 3; no counter, instant stuck; none;
    power dropout; power noise 50 W; processes error 4; temperature error 999; throttled; usage alone
    """)
    | _named("gpu", ", mid-run", """
    another process; average 0 W; average alone; counter counts nothing; counter dropout; counter frozen;
    counter frozen a second; counter loses a second; instant 0 W; instant 0 W a second; instant 2^32-1
    mW; instant 2^32-1 mW a second; instant stuck; limit error 999; limit lowered; no counter; no
    counter, instant 0 W a second; no counter, instant stuck; none; power dropout; power noise 50 W;
    processes error 4; temperature error 999; throttled; usage alone
    """)
    | _named("gpu", "", """
    counter falls by 100 J; counter falls to 0; counter rises by 100 J; counter rises by 50 kJ; counter
    wraps
    """)
    | {"zone: none, start", "zone: none, mid-run", "zone: wraps"}
)  # fmt: skip
# What may end either way, and why.
EITHER: Mapping[str, tuple[str, ...]] = {
    # a second is as long as a silence may be
    "zone: frozen a second, mid-run": ("right", "gap"),
    # Both power fields show one value for a second, a twelfth of the window: how much that is off depends on where
    # in the load it falls. It is always said. The interval may miss the truth by a percent or two.
    "gpu: no counter, power stuck a second, mid-run": ("right", "lucky", "gap", "flagged"),
}


def expected(name: str) -> tuple[str, ...]:
    """The kinds of answer that a fault may end in."""
    return ("right",) if name in NUMBERS else EITHER.get(name, ("gap", "error"))


# Only from 10 s on is a counter held against the power beside it: a plausible wrong number needs the other sensor.
# A sensor that is stuck is told from a steady load after 5 s.
LONG = Times(end_s=16.0)
LONG_NAMES = ("10 %", "loses", "counts nothing", "frozen", "stuck", "noise", "none")
# 3.5 s: a jump of 100 J is a seventh of the energy then, more than the gain's share of any interval.
SHORT = Times()
# A board each in one process, and so many processes at once that two cores are busy a third of the time: a hundred
# boards in one are more than a busy machine reads in time, and then every fault ends as a gap for want of time.
MOST_BOARDS, AT_ONCE = 14, 8
