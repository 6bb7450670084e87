"""Each check of `audit` is content with a sound run, and finds the one fault that it is there for."""

from dataclasses import replace

import pytest
from fakes import HOST, seconds, window
from sound_run import BOARD, IDLE_W, QUIET, WORK_W, case, folder, observations, record, sound, windows

from bench.files.store import Published, Sealed
from bench.nouns import Condition, Endpoint, FieldPassport, Passport, Reading, Source, Usage, Verdict
from bench.run.audit import fails, lines
from bench.run.checks.case import Folder, case_of


def found(out, *cases):
    """What is not as expected: (check, status), each once."""
    return _short(lines(folder(out, *cases)))


def _short(made):
    return {(line.name, line.status) for line in made if line.status not in ("pass", "not applicable")}


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
    ("quiet before", "fail", lambda r, p: (shown(r, busy_s=growing(1.0)), p)),
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


def test_a_sound_run_passes_every_check(tmp_path):
    """Nothing is warned of either; only what was not fitted yet can't be asked about."""
    made = list(lines(folder(tmp_path, case(*sound()))))

    assert found(tmp_path, case(*sound())) == set()
    assert {line.name for line in made if line.status == "not applicable"} == {"coefficients current"}
    assert not fails(made)


@pytest.mark.parametrize(
    ("name", "status", "spoil"), SPOILT, ids=[f"{n}-{s}-{i}" for i, (n, s, _) in enumerate(SPOILT)]
)
def test_one_fault_is_found_by_its_check_alone(tmp_path, name, status, spoil):
    """What is wrong has one name."""
    assert found(tmp_path, case(*spoil(*sound()))) == {(name, status)}


@pytest.mark.parametrize(("expected", "timing"), TIMED)
def test_windows_too_short_or_too_few_are_told(tmp_path, expected, timing):
    """Each length is held against its own rule."""
    assert found(tmp_path, case(*sound(**timing))) == expected


def test_an_excluded_domain_needs_its_reason_and_has_no_energy(tmp_path):
    """A vGPU stands in the ledger without a number, and says why."""
    run, published = sound()
    run = replace(run, sources=(*run.sources, replace(EXCLUDED, reason="a vGPU")))
    gaps = [
        replace(e, domain="gpu:1", device="GPU-2", basis="excluded", energy_j=None, low_j=None, high_j=None,
                witness_j=None, method="none", components={}, reasons=("a vGPU",))
        for e in published.energies if e.domain == "gpu:0"
    ]  # fmt: skip
    published = replace(published, energies=(*published.energies, *gaps))

    assert found(tmp_path, case(run, published)) == set()
    unsaid = replace(run, sources=(*run.sources[:-1], EXCLUDED))
    assert found(tmp_path, case(unsaid, published)) == {("reasons", "fail")}
    priced = replace(published, energies=(*published.energies[:-1], replace(gaps[-1], low_j=0.0)))
    assert found(tmp_path, case(run, priced)) == {("basis", "fail")}


def later(run_id, stamp, at_s, **changed):
    """A sound run from `at_s` on, of the cell of `sound`."""
    run, published = sound(run_id, f"2026-11-21T{stamp}Z", at_s=at_s)
    return case(replace(run, **changed), published)


def first():
    """The run that the others stand beside: from 100 s on the monotonic clock."""
    return later("r1", "10:00:00", 100.0)


@pytest.mark.parametrize(
    ("stamp", "at_s", "expected"),
    [
        ("10:01:30", 190.0, set()),
        ("10:00:30", 130.0, {("one run at a time", "fail")}),  # while the first one ran
        ("09:59:00", 190.0, {("wall clock", "fail")}),  # run after the first, stamped before it
        ("10:31:30", 190.0, {("wall clock", "warn")}),  # half an hour slept, or the clock set forward
        ("11:00:00", 10.0, set()),  # the machine was started again: its clock began at 0
        ("10:01:20", 10.0, {("wall clock", "fail")}),  # no time to start again in between
    ],
)
def test_two_runs_of_a_machine_tell_one_order(tmp_path, stamp, at_s, expected):
    """Wall and monotonic clocks agree, and nobody ran beside anybody."""
    assert found(tmp_path, first(), later("r2", stamp, at_s)) == expected


def test_a_stamp_that_is_none_is_told(tmp_path):
    """Not a date: not evidence."""
    run, published = sound()

    assert found(tmp_path, case(replace(run, started_at="yesterday"), published)) == {("wall clock", "fail")}


def test_runs_of_one_cell_share_their_payload(tmp_path):
    """Another payload or seed under the same name is another cell."""
    run = first().run
    other = replace(run.spec, workload_sha256="1" * 64)

    assert found(tmp_path, first(), later("r2", "10:01:30", 190.0, spec=other)) == {
        ("seed and payload", "fail"), ("workload as shipped", "fail"),
    }  # fmt: skip
    other = replace(run.spec, seed=7)
    assert found(tmp_path, first(), later("r2", "10:01:30", 190.0, spec=other)) == {("seed and payload", "fail")}


def test_runs_of_one_model_share_their_setting(tmp_path):
    """A driver that was updated half-way is told, with both versions."""
    updated = (replace(BOARD, driver="600.1"), HOST)
    made = list(lines(folder(tmp_path, first(), later("r2", "10:01:30", 190.0, sources=updated))))

    assert _short(made) == {("one setting", "warn")}
    assert next(x.found for x in made if x.name == "one setting") == "driver: 595.1 and 600.1"


@pytest.mark.parametrize(
    ("setups", "facts", "differing"),
    [
        (("a", "a"), ({"about.threads": 1}, {"about.threads": 2}), "engine's about.threads: 1 and 2"),
        (("a", "b"), ({"about.threads": 1}, {"about.threads": 2}), ""),  # each setup is a setting of its own
        (("a", "a"), ({"about.pid": 17}, {"about.pid": 18}), ""),  # no setting at all
    ],
)
def test_a_servers_setups_are_settings_of_their_own(tmp_path, setups, facts, differing):
    """What a server says of itself tells where one label stood for two ways of starting it."""
    one = first().run
    ended = []
    for setup, told, when in zip(
        setups, facts, (("r1", "10:00:00", 100.0), ("r2", "10:01:30", 190.0)), strict=True
    ):
        spec = replace(one.spec, endpoint=Endpoint(url="http://127.0.0.1:1", setup=setup))
        ended.append(later(*when, spec=spec, loaded=replace(one.loaded, facts={**one.loaded.facts, **told})))
    short = [x for x in lines(folder(tmp_path, *ended)) if x.name == "one setting" and x.status != "pass"]

    assert [x.found for x in short] == ([differing] if differing else [])


def test_versions_and_copies_are_told_over_the_folder(tmp_path):
    """Two versions of the tool are warned of; the same readings twice are no second run."""
    second = later("r2", "10:01:30", 190.0)
    (tmp_path / "runs").mkdir()
    mixed = Folder(out=tmp_path, records=(record(first(), "0.1.0"), record(second, "0.2.0")))
    assert _short(lines(mixed)) == {("tool version", "warn")}

    copied = case_of(replace(second.sealed, trace=first().sealed.trace))  # packed anew: another sha256
    assert ("no copies", "fail") in found(tmp_path, first(), copied)


def passport_run(fields):
    """Known steps of the sound run's board, sealed as p1."""
    run, published = sound("p1", "2026-11-21T09:00:00Z", at_s=0.0)
    found = Published(energies=(), verdicts=(), passports={"gpu:0": Passport(fields=fields, steps=4, id="p1")})
    return case_of(replace(case(run, published).sealed, kind="passport", run=None, published=found))


def test_a_passport_by_steps_is_the_one_that_lies_here(tmp_path):
    """A run that says it knows more of its sensor than the steps have shown is told."""
    mine = Passport(fields=BOARD.passport.fields, steps=4, id="p1")
    run, published = sound()
    leaning = case(*boards(run, published, passport=mine))
    worse = {name: replace(field, window_s=0.025) for name, field in BOARD.passport.fields.items()}

    assert ("passport of steps", "fail") not in found(tmp_path, leaning, passport_run(BOARD.passport.fields))
    assert ("passport of steps", "fail") in found(tmp_path, leaning, passport_run(worse))


def test_a_workload_of_another_release_is_a_warning(tmp_path):
    """What this release ships says nothing for sure of what that one did."""
    run, published = sound()
    other = case(replace(run, spec=replace(run.spec, workload_sha256="1" * 64)), published)
    unknown = replace(run.spec, cell=replace(run.spec.cell, workload="my-own"))

    (tmp_path / "runs").mkdir()
    assert _short(lines(folder(tmp_path, other, version="0.0.9"))) == {("workload as shipped", "warn")}
    assert ("workload as shipped", "warn") in found(tmp_path, case(replace(run, spec=unknown), published))


def command(published, run):
    """The same readings around a metered command."""
    sealed = Sealed(
        folder=case(run, published).sealed.folder, id=run.id, kind="meter", run=None, trace=run.trace,
        sources=run.sources, published=published, seal_sha256="0", sha256=case(run, published).sealed.sha256,
    )  # fmt: skip
    return case_of(sealed)


def test_a_metered_command_is_not_asked_for_what_cells_owe(tmp_path):
    """No repeats, no warm-up, no idle: only its readings, sensors and figures are looked at."""
    run, published = sound()
    made = list(lines(folder(tmp_path, command(published, run))))

    assert _short(made) == set()
    assert not {"repeats", "warm up", "resident idle", "work as asked"} & {line.name for line in made}
    assert {"longest gap", "interval", "basis", "temperature"} <= {line.name for line in made}


def test_a_commands_gap_fails_though_no_verdict_speaks_of_it(tmp_path):
    """A board that was lost meanwhile is a gap with a reason, and no result."""
    run, published = sound()
    lost = figured(published, "work", energy_j=None, low_j=None, high_j=None, reasons=("GPU is lost",))

    assert found(tmp_path, command(lost, run)) == {("verdicts", "fail")}


def test_a_window_says_where_it_is(tmp_path):
    """File, run, window and domain are named, for people and for scripts."""
    run, published = sound()
    made = lines(folder(tmp_path, case(run, figured(published, "work", label="2", **times("witness_j", 0.9)))))
    (line,) = [x for x in made if x.status == "fail"]

    assert str(line.where) == "runs/r1/run.json, work 2, gpu:0"
    assert line.found.startswith("10.0% apart: 12000 J by counter, witness 10800 J")


def test_every_sound_window_is_as_the_sample_says():
    """The sample is not empty: all phases, both domains, the work of two windows."""
    run, _ = sound()

    assert {w.phase for w in windows()} == {"idle", "load", "warmup", "work"}
    assert len(run.outcomes) == 120
    assert {o.name for o in observations(windows()) if isinstance(o, Condition)} > set(QUIET)
