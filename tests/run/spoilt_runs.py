"""One fault in a sound run: the check of `audit` that it is there for, how that ends, and what makes it so."""

from dataclasses import replace

from fakes import HOST, seconds, window
from sound_run import BOARD, IDLE_W, WORK_W

from bench.nouns import Condition, FieldPassport, Passport, Reading, Source, Usage, Verdict


def shown(run, **changed):
    """The run with other observations: `changed` are conditions of the board, a value or a function of seconds."""
    kept = []
    for one in run.trace.observations:
        name = one.name if isinstance(one, Condition) else one.field
        if name not in changed:
            kept.append(one)
            continue
        new = changed[name]
        value = new((one.t_ns - run.trace.windows[0].start_ns) * 1e-9) if callable(new) else new
        kept += [] if value is None else [replace(one, value=value)]
    return seen(run, kept)


def seen(run, kept):
    """The run with these observations."""
    return replace(run, trace=replace(run.trace, observations=tuple(kept)))


def without(run, published, *labels):
    """Run and figures without the windows so called."""
    left = tuple(w for w in run.trace.windows if not w.label.startswith(labels) and w.phase not in labels)
    figures = tuple(e for e in published.energies if not e.label.startswith(labels) and e.phase not in labels)
    return replace(run, trace=replace(run.trace, windows=left)), replace(published, energies=figures)


def figured(published, phase, domain="gpu:0", label="", **changed):
    """The figures of one kind of window changed; a factor scales, a function is called with the figure."""
    made = []
    for e in published.energies:
        if e.phase == phase and e.domain == domain and e.label.endswith(label):
            e = replace(e, **{k: v(e) if callable(v) else v for k, v in changed.items()})
        made.append(e)
    return replace(published, energies=tuple(made))


def scaled(factor):
    """An energy with its bounds, times a factor."""
    return {k: lambda e, k=k: getattr(e, k) * factor for k in ("energy_j", "low_j", "high_j", "witness_j")}


def times(name, factor):
    """A function: the energy times a factor, whatever `name` held."""
    return {name: lambda e: e.energy_j * factor}


def boards(run, published, **changed):
    """The run on a board that differs in `changed`, its energies too."""
    board = replace(BOARD, **changed)
    mine = tuple(board if s.domain == "gpu:0" else s for s in run.sources)
    return replace(run, sources=mine), published


def outcomes(run, change, *, every=True):
    """The run with its requests changed, or the first of them."""
    first, *rest = run.outcomes
    return replace(run, outcomes=(change(first), *(map(change, rest) if every else rest)))


def celled(run, **changed):
    """The run, its cell said to be another."""
    return replace(run, spec=replace(run.spec, cell=replace(run.spec.cell, **changed)))


def swapped(run):
    """Two neighbouring looks at one field, the later one first."""
    made = list(run.trace.observations)
    later = next(i for i, one in enumerate(made) if one.t_ns > made[0].t_ns)
    return seen(run, [*made[later : later + 1], *made[:later], *made[later + 1 :]])


def holed(run, from_s, to_s):
    """The run without the board's readings between two seconds."""
    lost = (seconds(from_s), seconds(to_s))
    return seen(
        run,
        [
            one
            for one in run.trace.observations
            if not (isinstance(one, Reading) and one.domain == "gpu:0" and lost[0] < one.t_ns < lost[1])
        ],
    )


def growing(rate):
    """Seconds of a count that grows at `rate`."""
    return lambda t: rate * t


EXCLUDED = Source(domain="gpu:1", meter="nvml", boundary="gpu", basis="excluded", device="GPU-2", reason="")

# A check, how it ends, and what makes it so: a sound run and its figures → spoilt ones.
SPOILT = [
    ("settings recorded", "warn", lambda r, p: (replace(r, environment={}), p)),
    ("settings recorded", "warn", lambda r, p: boards(r, p, driver=None)),
    ("gain of meters", "fail", lambda r, p: boards(r, p, gain_ratio_95=0.005)),
    ("gain of meters", "warn", lambda r, p: boards(r, p, meter="somebody-s")),
    ("passport of steps", "warn", lambda r, p: boards(r, p, passport=replace(BOARD.passport, steps=4, id="p9"))),
    ("passport of steps", "fail", lambda r, p: boards(r, p, passport=replace(BOARD.passport, steps=4))),
    ("batch as run", "fail", lambda r, p: (celled(r, batch=8), p)),
    ("batch as run", "fail", lambda r, p: (outcomes(r, lambda o: replace(o, batch_id=0)), p)),
    ("workload as shipped", "fail", lambda r, p: (replace(r, spec=replace(r.spec, workload_sha256="1" * 64)), p)),
    ("declared", "fail", lambda r, p: (replace(r, spec=replace(r.spec, hardware="no-such")), p)),
    ("declared", "fail", lambda r, p: (replace(r, spec=replace(r.spec, family="speech")), p)),
    ("readings in order", "fail", lambda r, p: (swapped(r), p)),
    ("counters rise", "fail", lambda r, p: (shown(r, counter=lambda t: 100.0 * t - 9 * (t > 20)), p)),
    ("windows in readings", "fail", lambda r, p: (holed(r, 77.3, 99.0), p)),
    ("windows apart", "fail", lambda r, p: (
        replace(r, trace=replace(
            r.trace, windows=(window("idle", "bare-1", 0.5, 3.7), *r.trace.windows[1:]))), p)),
    ("requests in windows", "fail", lambda r, p: (
        outcomes(r, lambda o: replace(o, start_ns=o.start_ns - seconds(1.0)), every=False), p)),
    ("requests in windows", "fail", lambda r, p: (
        outcomes(r, lambda o: replace(o, first_output_ns=o.end_ns + 1), every=False), p)),
    ("longest gap", "warn", lambda r, p: (holed(r, 20.0, 20.5), p)),
    ("longest gap", "fail", lambda r, p: (holed(r, 20.0, 22.5), p)),
    ("sampler lateness", "warn", lambda r, p: (shown(r, lateness_s=0.02), p)),
    ("sampling period", "warn", lambda r, p: (
        replace(r, spec=replace(r.spec, timing=replace(r.spec.timing, sample_period_s=0.02))), p)),
    ("warm up", "fail", lambda r, p: without(r, p, "warmup")),
    ("resident idle", "fail", lambda r, p: without(r, p, "resident")),
    ("bare idle", "warn", lambda r, p: without(r, p, "bare")),
    ("power in bounds", "fail", lambda r, p: boards(shown(r, power_limit_w=300.0), p, power_limit_w=300.0)),
    ("power in bounds", "fail", lambda r, p: (r, figured(p, "idle", **scaled(1.2 * WORK_W / IDLE_W)))),
    ("power in bounds", "warn", lambda r, p: (shown(r, instant=lambda t: 1300.0 if 20 < t < 20.1 else WORK_W), p)),
    ("memory floor", "fail", lambda r, p: (
        replace(r, loaded=replace(r.loaded, facts={"weight_bytes_per_step": 4e12})), p)),
    ("idle repeats", "warn", lambda r, p: (r, figured(p, "idle", label="resident-2", **scaled(1.1)))),
    ("temperature", "fail", lambda r, p: (shown(r, temperature_c=97.0), p)),
    ("temperature", "fail", lambda r, p: (shown(r, temperature_c=4.0), p)),
    ("temperature", "warn", lambda r, p: (shown(r, temperature_c=lambda t: 97.0 if 20 < t < 21 else 90.0), p)),
    ("temperature drift", "warn", lambda r, p: (shown(r, temperature_c=lambda t: round(50 + t / 10)), p)),
    ("temperature drift", "fail", lambda r, p: (shown(r, temperature_c=lambda t: round(50 + t / 4)), p)),
    ("clock drift", "warn", lambda r, p: (shown(r, sm_clock_mhz=lambda t: 1980 if t < 47 else 1860), p)),
    ("clock drift", "fail", lambda r, p: (shown(r, sm_clock_mhz=lambda t: 1980 if t < 47 else 1500), p)),
    ("clock drift", "warn", lambda r, p: (shown(r, sm_clock_mhz=None), p)),
    ("power limit kept", "fail", lambda r, p: (shown(r, power_limit_w=lambda t: 700 if t < 47 else 600), p)),
    ("slowdown", "fail", lambda r, p: (shown(r, event_reasons=0x40), p)),
    ("slowdown", "fail", lambda r, p: (shown(r, event_reasons=lambda t: 0x20 if 20 < t < 20.1 else 0), p)),
    ("slowdown", "warn", lambda r, p: (shown(r, event_reasons=0x4), p)),
    ("slowdown", "warn", lambda r, p: (shown(r, event_reasons=None), p)),
    ("foreign processes", "warn", lambda r, p: (shown(r, foreign_processes=1.0), p)),
    ("foreign processes", "warn", lambda r, p: (shown(r, foreign_processes=None), p)),
    ("quiet before", "warn", lambda r, p: (shown(r, utilisation_ratio=0.1), p)),
    ("quiet before", "fail", lambda r, p: (shown(r, busy_s=growing(1.0), own_s=growing(1.0)), p)),
    ("foreign cpu work", "warn", lambda r, p: (shown(r, own_s=growing(-0.2)), p)),
    ("foreign cpu work", "fail", lambda r, p: (shown(r, own_s=growing(-1.0)), p)),
    ("steal time", "warn", lambda r, p: (shown(r, steal_s=growing(0.1)), p)),
    ("steal time", "fail", lambda r, p: (shown(r, steal_s=growing(0.5)), p)),
    ("witness", "warn", lambda r, p: (r, figured(p, "work", **times("witness_j", 1.03)))),
    ("witness", "fail", lambda r, p: (r, figured(p, "work", label="2", **times("witness_j", 0.9)))),
    ("sensor passport", "warn", lambda r, p: boards(r, replace(p, passports={}), passport=None)),
    ("sensor passport", "warn", lambda r, p: (r, replace(p, passports={"gpu:0": Passport(
        fields=BOARD.passport.fields | {"counter": FieldPassport(health="never moved")})}))),
    ("sensor passport", "warn", lambda r, p: (r, replace(p, passports={"gpu:0": Passport(fields={})}))),
    ("board read", "fail", lambda r, p: (replace(r, loaded=replace(r.loaded, device="GPU-7")), p)),
    ("no failed request", "fail", lambda r, p: (
        outcomes(r, lambda o: replace(o, error="out of memory"), every=False), p)),
    ("work as asked", "warn", lambda r, p: (
        outcomes(r, lambda o: replace(o, achieved=replace(o.achieved, output_tokens=7)), every=False), p)),
    ("work as asked", "fail", lambda r, p: (
        outcomes(r, lambda o: replace(o, achieved=replace(o.achieved, output_tokens=4))), p)),
    ("work as asked", "warn", lambda r, p: (outcomes(r, lambda o: replace(o, achieved=Usage(requests=1))), p)),
    ("loaded as asked", "warn", lambda r, p: (replace(r, loaded=replace(r.loaded, precision="bf16")), p)),
    ("loaded as asked", "fail", lambda r, p: (replace(r, loaded=replace(r.loaded, weights="pretrained")), p)),
    ("interval", "warn", lambda r, p: (r, figured(p, "work", **times("high_j", 1.3)))),
    ("interval", "fail", lambda r, p: (r, figured(p, "work", label="1", **times("low_j", 1.0005)))),
    ("statistical part", "warn", lambda r, p: (
        r, figured(p, "work", components=lambda e: {"tick_j": 0.02 * e.energy_j}))),
    ("precision", "warn", lambda r, p: (r, replace(p, precision=replace(p.precision, half_width_ratio=0.03)))),
    ("precision", "warn", lambda r, p: (r, replace(p, precision=replace(p.precision, half_width_ratio=None)))),
    ("precision", "warn", lambda r, p: (
        replace(r, spec=replace(r.spec, timing=replace(r.spec.timing, most_windows=9))),
        replace(p, precision=None))),
    ("basis", "fail", lambda r, p: (
        replace(r, sources=(BOARD, replace(HOST, basis="measured"))),
        figured(p, "work", "host", basis="measured"))),
    ("basis", "fail", lambda r, p: (r, figured(p, "idle", method="model"))),
    ("basis", "fail", lambda r, p: (r, figured(p, "load", domain="host", basis="measured"))),
    ("reasons", "fail", lambda r, p: (r, figured(p, "load", energy_j=None, low_j=None, high_j=None))),
    ("reasons", "fail", lambda r, p: (r, figured(p, "load", **scaled(0.0)))),
    ("complete", "fail", lambda r, p: (r, replace(p, energies=p.energies[1:]))),
    ("complete", "fail", lambda r, p: (r, replace(p, energies=(*p.energies, p.energies[0])))),
    ("complete", "fail", lambda r, p: (
        r, figured(p, "load", end_ns=lambda e: e.end_ns + seconds(4), **scaled(1.0)))),
    ("no test doubles", "fail", lambda r, p: (
        replace(r, loaded=replace(r.loaded, engine="echo"),
                spec=replace(r.spec, cell=replace(r.spec.cell, engine="echo"))), p)),
    ("verdicts", "fail", lambda r, p: (r, replace(p, verdicts=(Verdict(
        name="throttled", level="void", domain="gpu:0", evidence="0x40", remedy="cool it"),)))),
    ("verdicts", "warn", lambda r, p: (r, replace(p, verdicts=(Verdict(
        name="power cap", level="flag", domain="gpu:0", evidence="0x4", remedy="none"),)))),
]  # fmt: skip

# A check, how it ends, and the timing that makes it so.
TIMED = [
    ({("window length", "warn")}, {"work_s": 9.0, "number": 7}),
    ({("time per cell", "warn")}, {"work_s": 29.5}),
    ({("repeats", "warn"), ("window length", "warn")}, {"work_s": 4.0, "number": 16}),
    ({("two windows", "warn")}, {"work_s": 60.0, "number": 1}),
    ({("no cooling down", "fail")}, {"pause_s": 4.0}),
]
