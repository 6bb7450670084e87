"""Windows laid out over their requests: conserved against the meter, by terms of other cells, never scaled."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sim.fast_line import Ask, measured
from sim.scheduler import Physics
from typer.testing import CliRunner

from bench.cli.app import app
from bench.nouns import Endpoint, Verdict
from bench.run.attribute import attributed

OF = Physics(decode_context_token_s=1e-6)
SHAPES = tuple((p, o) for p in (32, 256, 1024) for o in (8, 64, 256))
EXAMPLE = Path(__file__).parents[2] / "results" / "examples" / "cpu-2-threads"


@pytest.fixture(scope="module")
def campaign():
    return [
        measured(Ask(prompt=p, output=o, users=users, requests=12 * users), OF, index=100 * users + i)
        for users in (1, 8)
        for i, (p, o) in enumerate(SHAPES)
    ]


def test_windows_that_no_term_rests_on_are_their_requests(campaign):
    """One user or eight: the sum over requests and nobody's idle is the meter's, with no step that makes it so."""
    found = list(attributed(campaign))

    assert len(found) == len(campaign)
    assert not any(one.in_sample or one.why for one in found)
    assert all(abs(w.difference_ratio) < 0.01 for one in found for w in one.windows)


def test_a_meter_that_is_off_shows_as_a_difference(campaign):
    """A window's own energy changes nothing in what its requests are said to take."""
    wrong = [replace(e, energy_j=1.1 * e.energy_j) if e.phase == "work" else e for e in campaign[0].energies]
    sound, off = (
        next(iter(attributed([one, *campaign[1:]])))
        for one in (campaign[0], replace(campaign[0], energies=tuple(wrong)))
    )

    assert [w.attributed_j for w in off.windows] == pytest.approx([w.attributed_j for w in sound.windows])
    assert all(w.difference_ratio == pytest.approx(-0.0909, abs=0.01) for w in off.windows)


def test_a_server_of_one_cell_is_never_laid_out_by_the_terms_of_another():
    """Both say no more of themselves than their version: their addresses tell them apart, one by one too."""
    slow = replace(OF, prefill_w=OF.prefill_w * 2, decode_w=OF.decode_w * 2)

    def asked(url, ask, of, index):
        one = measured(ask, of, index)
        spec = replace(one.run.spec, endpoint=Endpoint(url=url))
        return replace(one, run=replace(one.run, spec=spec))

    first = [
        asked("http://a:1", Ask(prompt=p, output=o, requests=6), OF, i)
        for i, (p, o) in enumerate(((32, 8), (256, 8), (32, 64), (256, 64)))
    ]
    *own, other = attributed([*first, asked("http://b:1", Ask(prompt=128, output=32, requests=6), slow, 9)])

    assert all(one.windows and not one.in_sample for one in own)
    assert (other.windows, other.why) == ((), "its terms are not known: run more shapes of work, or more loads")


def test_a_request_is_its_terms_and_its_share_of_the_idle(campaign):
    one = next(iter(attributed(campaign))).windows[0]

    for request in one.requests:
        assert request.energy_j == pytest.approx(sum(request.terms_j.values()) + request.idle_j)
        assert request.low_j < request.energy_j < request.high_j
    assert len(one.requests) == 12


def test_users_who_share_a_step_pay_less_for_a_token(campaign):
    alone, eight = (
        next(a for a in attributed(campaign) if a.cell == str(one.run.spec.cell)).windows[0].requests[0]
        for one in (campaign[2], campaign[11])
    )

    assert eight.terms_j["decode_step"] == pytest.approx(alone.terms_j["decode_step"] / 8, rel=0.05)
    assert eight.terms_j["output_token"] == pytest.approx(alone.terms_j["output_token"])


def test_terms_that_rest_on_the_same_windows_are_called_so(campaign):
    """Three shapes, each left out in turn, leave two for three terms."""
    [first, *_] = attributed([campaign[0], campaign[2], campaign[6]])

    assert first.in_sample


def test_a_void_run_and_one_without_terms_have_no_account(campaign):
    void = replace(
        campaign[0],
        verdicts=(Verdict(name="throttled", level="void", domain=None, evidence="hot", remedy="cool"),),
    )
    [spoilt, *_] = attributed([void, *campaign[1:]])
    [alone] = attributed([campaign[0]])

    assert (spoilt.windows, alone.windows) == ((), ())
    assert "hot" in spoilt.why
    assert "its terms are not known" in alone.why
    assert alone.helps == ("joulemark next results",)
    assert spoilt.helps == (f"joulemark run {campaign[0].run.spec.cell} --out results",)


def test_the_command_says_how_far_requests_are_from_the_meter():
    """On the committed example, whose energy is modelled."""
    told = CliRunner().invoke(app, ["attribute", str(EXAMPLE)])
    data = json.loads(CliRunner().invoke(app, ["attribute", str(EXAMPLE), "--json"]).stdout)

    assert told.exit_code == 0
    assert "host MODELLED" in told.stdout
    assert "off the meter" in told.stdout
    assert max(map(len, told.stdout.split("\n"))) <= 80
    assert {"run_id", "cell", "boundary", "basis", "windows", "in_sample", "why"} <= data["runs"][0].keys()
    window = next(w for run in data["runs"] for w in run["windows"])
    assert {"metered_j", "requests", "nobody_j"} <= window.keys()


def test_work_outside_what_the_terms_rest_on_is_said(campaign):
    """Longer answers than any that the terms saw."""
    long = measured(Ask(prompt=256, output=900, requests=4), OF, index=900)
    [*_, one] = attributed([*campaign, long])

    assert any("output_tokens 900 to 900, measured 8 to 256" in remark for remark in one.remarks)
    assert not next(iter(attributed(campaign))).remarks


def test_without_shared_steps_a_requests_figure_is_called_an_average(campaign):
    eight = [one for one in campaign if one.run.spec.cell.concurrency == 8]

    assert all(any("an average" in remark for remark in one.remarks) for one in attributed(eight))


def test_a_request_whose_steps_are_not_counted_leaves_no_account(campaign):
    """Its share would be laid out as nothing."""
    first = campaign[0].run
    unseen = replace(first.outcomes[0], output_ns=())
    changed = replace(campaign[0], run=replace(first, outcomes=(unseen, *first.outcomes[1:])))
    [one, *_] = attributed([changed, *campaign[1:]])

    assert (one.windows, "count no decode_step" in one.why) == ((), True)
