"""A cell on a GPU with nothing wrong, made by hand, for tests of verdicts to spoil in one place.

The board rests, loads, and works twice for ten seconds; a counter and a gauge read it, and the host is modelled.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from fakes import GPU, HOST, LOADED, outcome, run_of, seconds, ticking, window

from bench.nouns import Condition, Endpoint, Reading, Run, Verdict
from bench.physics import rules
from bench.physics.energy import window_energies
from bench.physics.verdict import judge

IDLE_W, WORK_W = 70.0, 400.0
WORKING = ((6.0, 16.0), (17.0, 27.0))
WINDOWS = (
    window("idle", "bare-1", 0.5, 1.5), window("idle", "bare-2", 1.6, 2.6), window("load", "1", 2.7, 3.2),
    window("idle", "resident-1", 3.5, 4.5), window("idle", "resident-2", 4.6, 5.6),
    window("work", "1", *WORKING[0]), window("work", "2", *WORKING[1]),
)  # fmt: skip
OUTCOMES = tuple(
    replace(outcome(start_s, end_s, output_tokens=100), batch_id=i) for i, (start_s, end_s) in enumerate(WORKING)
)
MIB = 1 << 20
THREADS = 2


def drawn_w(t: float) -> float:
    return WORK_W if any(a <= t < b for a, b in WORKING) else IDLE_W


COUNTER = ticking(drawn_w, 0, 28)
GAUGE = tuple(Reading(seconds(i / 10), "gpu:0", "instant", "power", drawn_w(i / 10)) for i in range(280))
HOST_READINGS = tuple(
    Reading(seconds(i / 10), "host", field, "energy", 2.0 * i)
    for i in range(280)
    for field in ("value", "low", "high")
)
SOUND = (*COUNTER, *GAUGE, *HOST_READINGS)


def cell(*more: object, readings: Sequence[object] = SOUND, **changed: Any) -> Run:
    """The sound run, with more conditions, or with another part."""
    given = {"windows": WINDOWS, "outcomes": OUTCOMES, "sources": (GPU, HOST), **changed}
    loaded = given.pop("loaded", LOADED)
    return replace(
        run_of([*readings, *more], given.pop("windows"), given.pop("outcomes"), **given), loaded=loaded
    )  # fmt: skip


def looks(
    name: str, value: Callable[[float], float], domain: str = "gpu:0", every_s: float = 0.5
) -> list[Condition]:
    """A circumstance, looked at twice a second through the whole run."""
    count = round(28 / every_s)
    return [Condition(seconds(i * every_s), domain, name, value(i * every_s)) for i in range(count)]


def judged(run: Run) -> tuple[Verdict, ...]:
    energies = window_energies(run.trace, run.sources, run.faults, run.outcomes)
    return judge(run, energies)


def without(field_is: Callable[[Reading], bool]) -> list[Reading]:
    return [r for r in SOUND if not field_is(r)]


def gap(length_s: float) -> Run:
    hidden = (seconds(8.0) + 1, seconds(8.0 + length_s) - 1)
    return cell(readings=without(lambda r: r.domain == "host" and hidden[0] < r.t_ns < hidden[1]))


def falling(step_j: float) -> Run:
    """A counter without a stand-in that loses some joules in the last window."""
    fallen = [replace(r, value=r.value - step_j * (r.t_ns > seconds(20.0))) for r in COUNTER]
    return cell(readings=[*fallen, *HOST_READINGS], sources=(replace(GPU, fields=("counter",)), HOST))


def gauge_alone(other_w: float) -> Run:
    board = replace(GPU, fields=("instant",))
    flat = [Reading(seconds(i / 10), "gpu:0", "instant", "power", 100.0) for i in range(280)]
    flat[200] = replace(flat[200], value=other_w)
    return cell(readings=[*flat, *HOST_READINGS], sources=(board, HOST))


def answered(**changed: Any) -> Run:
    return cell(outcomes=(replace(OUTCOMES[0], **changed), OUTCOMES[1]))


def short_window(duration_s: float, requests: int) -> Run:
    """A run of one window, which begins just after a tick of the counter: those are at whole tenths."""
    start_s, each_s = 6.02, duration_s / requests
    windows = (*WINDOWS[:5], window("work", "1", start_s, start_s + duration_s))
    edges_s = [start_s + i * each_s for i in range(requests + 1)]
    work = [outcome(a, b - 1e-6, output_tokens=1) for a, b in pairwise(edges_s)]
    return cell(windows=windows, outcomes=[replace(o, batch_id=i) for i, o in enumerate(work)])


def served(answers: int, pieces: int) -> Run:
    """So many answers of a server whose probes came in so many pieces."""
    run = short_window(6.0, answers)
    return replace(run, loaded=replace(LOADED, facts={"probe_pieces": pieces}))


def behind_server(run: Run, device: str = "cpu") -> Run:
    """The same run, of a server that works on this device."""
    endpoint = Endpoint(url="http://127.0.0.1:8000", device=device)
    return replace(run, spec=replace(run.spec, endpoint=endpoint), loaded=replace(run.loaded, device=device))


def standing_by(work_w: float) -> Run:
    """A server on the CPU, beside a board that draws so much while requests are answered."""
    drawn = ticking(lambda t: work_w if any(a <= t < b for a, b in WORKING) else IDLE_W, 0, 28)
    return behind_server(cell(readings=[*drawn, *HOST_READINGS]))


def drawing_on(after_w: float) -> Run:
    """A server on a machine of 20 W at rest and 60 W at work, which draws so much when all answers have come."""
    total_j, readings = 0.0, []
    for i in range(280):
        t = i / 10
        readings += [Reading(seconds(t), "host", f, "energy", total_j) for f in ("value", "low", "high")]
        total_j += 0.1 * (60.0 if any(a <= t < b for a, b in WORKING) else after_w if t > 27 else 20.0)
    windows = (*WINDOWS, window("idle", "after-1", 27.2, 27.8))
    return behind_server(cell(readings=readings, windows=windows, sources=(HOST,)))


def reloading(load_s: float) -> Run:
    """A server that says how long it loaded its model inside a request."""
    return behind_server(answered(server={"load_s": load_s}), device="GPU-1")


def limited(limit_w: float) -> Run:
    return cell(sources=(replace(GPU, power_limit_w=limit_w), HOST))


def at_work(value: float, rest: float = 0.0) -> Callable[[float], float]:
    return lambda t: value if any(a <= t <= b for a, b in WORKING) else rest


def second_half(value: float, first: float) -> Callable[[float], float]:
    return lambda t: value if t > WORKING[1][0] else first


def idle_draws(power_w: float) -> Run:
    drawn = ticking(lambda t: WORK_W if drawn_w(t) == WORK_W else power_w, 0, 28)
    return cell(readings=[*drawn, *HOST_READINGS], sources=(replace(GPU, fields=("counter",)), HOST))


def busy(name: str, ratio: float, during: tuple[float, float]) -> list[Condition]:
    """Thread seconds of the host that grow at `ratio` of its threads inside a span."""
    a, b = during
    return looks(name, lambda t: ratio * THREADS * max(0.0, min(t, b) - a), "host", 0.1)


def housekeeping(ratio: float) -> Run:
    """The machine's threads are so busy before anything is loaded."""
    return cell(*busy("busy_s", ratio, (0.0, 3.0)))


def taken(ratio: float, own: float = 0.7) -> Run:
    """Others take so much of the machine's threads in a work window, beside what our own process takes."""
    span = (WORKING[0][0], WORKING[-1][1])
    machine = busy("busy_s", own, span), busy("busy_s", ratio, WORKING[1])
    added = [replace(a, value=a.value + b.value) for a, b in zip(*machine, strict=True)]
    return cell(*added, *busy("own_s", own, span))


def shared(foreign: int, used_ratio: float, *more: Condition) -> Run:
    """Our process works on the board beside others, which is used so much while nothing is asked."""
    mine = [*looks("own_processes", at_work(1)), *looks("process_count", at_work(foreign + 1, foreign))]
    others = looks("foreign_processes", at_work(foreign, foreign))
    return cell(*mine, *others, *looks("utilisation_ratio", at_work(1, used_ratio)), *more)


def stepping(step_bytes: float, bytes_per_s: float | None = None) -> Run:
    facts = {"weight_bytes_per_step": round(step_bytes)}
    details = {} if bytes_per_s is None else {"memory_bytes_per_s": bytes_per_s}
    return cell(loaded=replace(LOADED, facts=facts), sources=(replace(GPU, details=details), HOST))


CACHE = rules.LARGEST_CACHE_BYTES
HIGH_J = next(
    e.high_j for e in window_energies(cell().trace, (GPU,)) if e.phase == "work" and e.high_j is not None
)  # fmt: skip
COSTS_ALL_BYTES = HIGH_J / 100 / rules.LEAST_J_PER_BYTE  # a hundred steps in a window


def sent(lag_s: float) -> Run:
    """Every request leaves so long after it was meant to."""
    return cell(outcomes=[replace(o, due_ns=o.start_ns - seconds(lag_s)) for o in OUTCOMES])
