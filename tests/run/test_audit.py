"""Each check of `audit` is content with a sound run, and finds the one fault that it is there for."""

from dataclasses import replace

import pytest
from fakes import HOST
from sound_run import BOARD, QUIET, case, folder, observations, record, sound, windows
from spoilt_runs import EXCLUDED, SPOILT, TIMED, boards, figured, times

from bench.files.store import Published, Sealed
from bench.nouns import Condition, Endpoint, Passport
from bench.run.audit import fails, lines
from bench.run.checks.case import Folder, case_of


def found(out, *cases):
    """What is not as expected: (check, status), each once."""
    return _short(lines(folder(out, *cases)))


def _short(made):
    return {(line.name, line.status) for line in made if line.status not in ("pass", "not applicable")}


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
