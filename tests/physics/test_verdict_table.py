"""Every reason to doubt a run: it fires just beyond its threshold, of its domain, and is silent just before it."""

from dataclasses import dataclass, replace

import pytest
from fakes import GPU, HOST, seconds, ticking, window
from sound_cell import (
    CACHE,
    COSTS_ALL_BYTES,
    OUTCOMES,
    WINDOWS,
    WORKING,
    answered,
    at_work,
    behind_server,
    busy,
    cell,
    drawing_on,
    falling,
    gap,
    gauge_alone,
    housekeeping,
    idle_draws,
    judged,
    limited,
    looks,
    reloading,
    second_half,
    sent,
    served,
    shared,
    short_window,
    standing_by,
    stepping,
    taken,
    without,
)

from bench.nouns import Condition, Fault, Precision, Run, Timing, Usage
from bench.physics import rules
from bench.physics.doubt import OF_A_CALIBRATION, OF_A_CELL
from bench.physics.precision import wider_than_asked


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is just too much, what is just not, and whose figures it touches at which level."""

    fires: Run
    silent: Run
    domain: str | None
    level: str = "void"


CASES = {
    "no sensor": Case(
        fires=cell(sources=(replace(GPU, basis="excluded"), replace(HOST, basis="excluded"))),
        silent=cell(sources=(replace(GPU, basis="excluded"), HOST)),
        domain=None,
    ),
    "sensor lost": Case(
        fires=cell(faults=(Fault(domain="gpu:0", reason="GPU is lost"),)), silent=cell(), domain="gpu:0"
    ),
    "fault": Case(fires=cell(faults=(Fault(domain=None, reason="killed"),)), silent=cell(), domain=None),
    "sensor silent": Case(
        fires=cell(readings=without(lambda r: r.domain == "host")),
        silent=cell(readings=without(lambda r: (r.domain, r.t_ns > 0) == ("host", True))),
        domain="host",
    ),
    "sampler gap": Case(fires=gap(2.1), silent=gap(1.9), domain="host"),
    "void windows": Case(fires=falling(50.0), silent=falling(0.0), domain="gpu:0"),
    "frozen power": Case(fires=gauge_alone(100.0), silent=gauge_alone(100.001), domain="gpu:0"),
    "replayed readings": Case(
        fires=cell(sources=(replace(GPU, meter="replay"), HOST)), silent=cell(), domain="gpu:0"
    ),
    "another module": Case(
        fires=cell(sources=(GPU, replace(GPU, domain="module:1", boundary="platform", device="GPU-2"), HOST)),
        silent=cell(sources=(replace(GPU, domain="module:0", boundary="platform"), HOST)),
        domain="module:1",
    ),
    "work done elsewhere": Case(
        fires=cell(sources=(replace(GPU, meter="elsewhere", basis="excluded", fields=(), reason="there"),)),
        silent=cell(), domain=None,
    ),
    "device not found": Case(
        fires=cell(sources=(replace(GPU, device="GPU-2"), HOST)),
        silent=cell(sources=(replace(GPU, basis="excluded"), HOST)),
        domain=None,
        level="flag",
    ),
    "no work window": Case(
        fires=cell(windows=WINDOWS[:5], outcomes=()), silent=cell(windows=WINDOWS[:6], outcomes=OUTCOMES[:1]),
        domain=None,
    ),
    "failed requests": Case(fires=answered(error="CUDA error"), silent=cell(), domain=None),
    "work differs from the ask": Case(
        fires=answered(achieved=Usage(requests=1, output_tokens=99)), silent=cell(), domain=None, level="flag"
    ),
    "another server": Case(
        fires=replace(cell(), server_change="version 1 → 2"), silent=cell(), domain=None
    ),
    "another board worked": Case(fires=standing_by(78.0), silent=standing_by(76.0), domain=None),
    "work after the answers": Case(fires=drawing_on(31.0), silent=drawing_on(29.0), domain="host"),
    "model loaded anew": Case(fires=reloading(0.26), silent=reloading(0.24), domain=None),
    "counts unchecked": Case(fires=served(11, 40), silent=served(12, 40), domain=None, level="flag"),
    "work outside its window": Case(
        fires=answered(end_ns=seconds(16.0) + 1), silent=answered(end_ns=seconds(16.0)), domain=None
    ),
    "sent late": Case(fires=sent(1.12), silent=sent(1.10), domain=None),
    "too few repeats": Case(
        fires=short_window(4.99, 31), silent=short_window(4.99, 32), domain=None, level="flag"
    ),
    "too few ticks": Case(fires=short_window(0.16, 40), silent=short_window(0.26, 40), domain="gpu:0"),
    "throttled": Case(
        fires=cell(Condition(seconds(16.0), "gpu:0", "event_reasons", float(0x20))),
        silent=cell(Condition(seconds(16.0) + 1, "gpu:0", "event_reasons", float(0x20))),
        domain="gpu:0",
    ),
    "power cap": Case(
        fires=cell(Condition(seconds(16.0), "gpu:0", "event_reasons", float(0x4))),
        silent=cell(Condition(seconds(16.5), "gpu:0", "event_reasons", float(0x4))),
        domain="gpu:0",
        level="flag",
    ),
    "power limit changed": Case(
        fires=cell(*looks("power_limit_w", at_work(699.4, 700.0))),
        silent=cell(*looks("power_limit_w", at_work(699.6, 700.0))),
        domain="gpu:0",
    ),
    "clock drift": Case(
        fires=cell(*looks("sm_clock_mhz", second_half(1160.0, 1000.0 - 15.0))),
        silent=cell(*looks("sm_clock_mhz", second_half(1049.0, 1000.0))),
        domain="gpu:0",
    ),
    "temperature drift": Case(
        fires=cell(*looks("temperature_c", second_half(70.1, 60.0))),
        silent=cell(*looks("temperature_c", second_half(61.9, 60.0))),
        domain="gpu:0",
    ),
    "foreign processes": Case(fires=shared(1, 0.06), silent=shared(0, 0.06), domain="gpu:0"),
    "busy board": Case(
        fires=cell(*looks("utilisation_ratio", at_work(1, 0.26))),
        silent=cell(*looks("utilisation_ratio", at_work(1, 0.04))),
        domain="gpu:0",
    ),
    "busy machine": Case(fires=housekeeping(0.26), silent=housekeeping(0.04), domain="host"),
    "foreign CPU work": Case(fires=taken(0.26), silent=taken(0.05), domain="host"),
    "steal time": Case(
        fires=cell(*busy("steal_s", 0.102, WORKING[1])),
        silent=cell(*busy("steal_s", 0.0098, WORKING[1])),
        domain="host",
    ),
    "above the power limit": Case(fires=limited(355.0), silent=limited(370.0), domain="gpu:0"),
    "below idle": Case(fires=idle_draws(430.0), silent=idle_draws(412.0), domain="gpu:0"),
    "below the cost of memory": Case(
        fires=stepping(CACHE + COSTS_ALL_BYTES * 1.01),
        silent=stepping(CACHE + COSTS_ALL_BYTES * 0.99),
        domain="gpu:0",
    ),
    "faster than memory": Case(  # two hundred steps in twenty seconds, each of a gigabyte beyond the cache
        fires=stepping(CACHE + 1e9, 0.99e10), silent=stepping(CACHE + 1e9, 1.01e10), domain=None
    ),
}  # fmt: skip


def test_a_sound_run_has_no_verdict():
    """Nothing is said of a run with nothing wrong."""
    assert judged(cell()) == ()


def test_every_reason_has_a_case():
    """A rule that nothing fires would rot; the one of the interval stands in a test of its own.

    Those of calibrations are fired in tests/fit/test_ceilings.py.
    """
    apart = {rules.WIDER.name, *(rule.name for rule in rules.OF_CALIBRATIONS)}
    assert {rule.name for rule in rules.RULES} == {*CASES, *apart}


def test_no_two_rules_have_one_name():
    """A verdict is known by its rule's name."""
    assert len({rule.name for rule in rules.RULES}) == len(rules.RULES)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
def test_what_helps_is_said_in_the_words_of_what_was_measured(rule):
    """A cell's windows are lengthened by --window-s, a calibration's by --seconds; no hole stays open."""
    of_cell, of_calibration = rule.helps(OF_A_CELL), rule.helps(OF_A_CALIBRATION)

    assert not any(mark in said for said in (of_cell, of_calibration) for mark in "{}")
    assert "the cell again" not in of_calibration
    assert "--window-s 10" not in of_calibration
    assert ("--seconds 5" in of_calibration) is ("--window-s 10" in of_cell)


@pytest.mark.parametrize("name", CASES)
def test_a_reason_fires_beyond_its_threshold_on_its_domain_and_not_before_it(name):
    """Just too much is said, of the right domain, at the right level; just not too much is not said."""
    case = CASES[name]

    fired = [v for v in judged(case.fires) if v.name == name]
    silent = [v for v in judged(case.silent) if v.name == name]

    assert [(v.domain, v.level) for v in fired] == [(case.domain, case.level)]
    assert silent == []
    assert fired[0].evidence
    assert fired[0].remedy


def test_an_interval_wider_than_asked_is_flagged():
    """The budget of windows ended first: the cell says how narrow it became."""
    asked = Timing(most_windows=6, precision_ratio=0.02)
    reached = Precision(domain="gpu:0", half_width_ratio=0.0201, blocks=10, windows=6)

    assert [(v.name, v.level, v.domain) for v in wider_than_asked(asked, reached)] == [
        (rules.WIDER.name, "flag", "gpu:0")
    ]
    assert wider_than_asked(asked, replace(reached, half_width_ratio=0.02)) == ()


LEVELS = [
    *(("clock drift", cell(*looks("sm_clock_mhz", second_half(1000.0 + x, 1000.0 - x))), level)
      for x, level in ((24.9, None), (25.1, "flag"), (74.9, "flag"), (75.1, "void"))),
    *(("temperature drift", cell(*looks("temperature_c", second_half(60.0 + c, 60.0))), level)
      for c, level in ((1.9, None), (2.0, "flag"), (-2.0, "flag"), (10.0, "flag"), (-10.1, "void"))),
    *(("steal time", cell(*busy("steal_s", share, WORKING[0])), level)
      for share, level in ((0.0098, None), (0.0102, "flag"), (0.0998, "flag"), (0.1005, "void"))),
    *(("foreign CPU work", taken(share), level)  # two ticks a thread are left open: 0.2 % of ten seconds
      for share, level in ((0.051, None), (0.053, "flag"), (0.25, "flag"), (0.254, "void"))),
    *(("busy board", shared(0, share), level)
      for share, level in ((0.05, None), (0.051, "flag"), (0.25, "flag"), (0.251, "void"))),
    *(("busy machine", housekeeping(share), level)
      for share, level in ((0.049, None), (0.051, "flag"), (0.249, "flag"), (0.251, "void"))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "run", "level"), LEVELS, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(LEVELS)])
def test_a_remark_becomes_a_void_at_the_second_threshold(name, run, level):
    """Both thresholds of the rules that have two, from either side."""
    assert [v.level for v in judged(run) if v.name == name] == ([level] if level else [])


def test_counts_are_unchecked_where_no_probe_came_in_pieces():
    """There is nothing to hold them against, however many answers there are."""
    [found] = [one for one in judged(served(40, 0)) if one.name == "counts unchecked"]

    assert "pieces" in found.evidence


def test_a_board_that_is_still_awake_is_a_remark():
    """Its clocks fall slowly; whether it works can't be told from watts."""
    awake = standing_by(400.0)
    windows = (*awake.trace.windows, window("idle", "after-1", 27.2, 27.8))
    drawn = ticking(lambda t: 300.0 if t > 27 else 400.0 if any(a <= t < b for a, b in WORKING) else 70.0, 0, 28)
    run = behind_server(cell(readings=drawn, windows=windows, sources=(GPU,)), device="GPU-1")

    [found] = [one for one in judged(run) if one.name == "work after the answers"]
    assert (found.level, found.domain) == ("flag", "gpu:0")


@pytest.mark.parametrize(("read", "told"), [(64, False), (66, True), (15, True), (17, False)])
def test_prompts_far_from_the_length_aimed_at_are_said(read, told):
    """Cut short by a context, or behind a template that is longer than they are."""
    asked, done = (Usage(requests=1, prompt_tokens=n, output_tokens=100) for n in (32, read))
    of = [replace(o, requested=asked, achieved=done) for o in OUTCOMES]
    found = [one for one in judged(behind_server(cell(outcomes=of), "GPU-1")) if "were read" in one.evidence]

    assert bool(found) is told


@pytest.mark.parametrize(("thin", "told"), [(30, True), (8, False)])
def test_answers_in_few_pieces_are_said_where_they_are_too_many_for_chance(thin, told):
    run = served(100, 40)
    pieces = [tuple(o.start_ns + k for k in range(8 if i < thin else 16)) for i, o in enumerate(run.outcomes)]
    counted = Usage(requests=1, output_tokens=16)
    of = tuple(replace(o, output_ns=ns, achieved=counted, requested=counted)
               for o, ns in zip(run.outcomes, pieces, strict=True))  # fmt: skip

    assert any(one.name == "counts unchecked" for one in judged(replace(run, outcomes=of))) is told
