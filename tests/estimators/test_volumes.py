import math
import statistics
from dataclasses import replace

import pytest

from bench.errors import BadInput
from bench.estimators import lengths
from bench.estimators.answer import Answer
from bench.estimators.flows import UNKNOWN, Flow, Priced, price
from bench.estimators.growth import Growth, growing
from bench.estimators.likely import Z80, Z90, Likely, between, drawn, surely
from bench.estimators.volumes import MOST_MONTHS, Site, Waiting, project
from bench.estimators.wanted import Wanted
from bench.files.knowing import read_known
from bench.nouns.estimates import Range, exactly
from bench.units import J_PER_KWH

KNOWN = read_known()
JOULES = 3600.0  # of a request: a thousandth of a kWh


def even(value, sigma):
    """A 90 % interval that a log-normal of that width has."""
    return Range(low=value * math.exp(-Z90 * sigma), value=value, high=value * math.exp(Z90 * sigma))


def likely(value, sigma):
    return Likely(p10=value * math.exp(-Z80 * sigma), p50=value, p90=value * math.exp(Z80 * sigma))


def priced(*parts, requests=surely(1000.0), growth=Growth(), counted=None):  # noqa: B008  frozen
    """A flow whose requests take those joules, each with its weight."""
    wanted = Wanted(model="m")
    usual = Answer(
        wanted=wanted,
        energy_j=parts[0][1],
        terms_j={},
        basis="measured",
        method="a test's",
        scope="wall",
        rests_on=(),
    )
    flow = Flow(name="f", wanted=wanted, requests=requests, growth=growth, counted=counted)
    return Priced(flow=flow, parts=parts, usual=usual, at_mean_j=0.0, device_s=None, outside_ratio=0.0, notes=())


def three(one):
    return one.p10, one.p50, one.p90


def test_percentiles_are_the_closed_forms_where_all_is_log_normal():
    found = project(
        [priced((1.0, even(JOULES, 0.4)), requests=likely(1000.0, 0.3))],
        1,
        Site(pue=even(1.2, 0.05), g_per_kwh=even(50.0, 0.2)),
    )
    wide = math.hypot(0.4, 0.3)
    whole = math.hypot(wide, 0.05, 0.2)
    assert three(found.total.energy_kwh) == pytest.approx(three(likely(1.0, wide)), rel=0.02)
    assert three(found.total.location_kg) == pytest.approx(three(likely(0.06, whole)), rel=0.02)


def test_one_doubt_alone_has_its_very_percentiles():
    found = project([priced((1.0, Range(low=JOULES / 3, value=JOULES, high=5 * JOULES)))], 2)
    kwh = [drawn(Range(low=1 / 3, value=1.0, high=5.0), z) for z in (-Z80, 0.0, Z80)]
    assert three(found.months[0].energy_kwh) == pytest.approx(kwh, rel=1e-3)
    # shared by all months: the total is as wide as a month, on the scale of logarithms
    assert three(found.total.energy_kwh) == pytest.approx([2 * one for one in kwh], rel=1e-3)


def test_growth_that_is_not_sure_widens_with_every_month():
    rate = Likely(p10=1.04 * math.exp(-Z80 * 0.02), p50=1.04, p90=1.04 * math.exp(Z80 * 0.02))
    grows = Growth(kind="exponential", factor=rate)
    found = project([priced((1.0, exactly(JOULES)), growth=grows)], 12)
    for month in (0, 1, 11):
        assert three(found.months[month].requests) == pytest.approx(
            three(likely(1000 * 1.04**month, 0.02 * month)), rel=1e-3
        )


def test_months_to_come_scatter_as_those_did_that_are_over():
    scatters = Growth(kind="exponential", factor=surely(1.0), scatter=0.1)
    found = project([priced((1.0, exactly(JOULES)), growth=scatters)], 4)
    assert three(found.months[2].requests) == pytest.approx(three(likely(1000.0, 0.1)), rel=0.01)
    assert three(found.months[2].energy_kwh) == pytest.approx(three(likely(1.0, 0.1)), rel=0.01)
    assert three(found.total.requests) == pytest.approx(three(likely(4000.0, 0.05)), rel=0.01)


def test_lengths_scatter_as_one_over_the_root_of_requests():
    sides = ((0.5, exactly(0.5 * JOULES)), (0.5, exactly(1.5 * JOULES)))  # mean JOULES, cv 1/2
    for count in (16.0, 1600.0):
        found = project([priced(*sides, requests=surely(count))], 1).total.energy_kwh
        kwh = count * JOULES / J_PER_KWH
        assert (found.p90 - found.p10) / (2 * Z80 * kwh) == pytest.approx(0.5 / math.sqrt(count), rel=0.03)


def test_months_scatter_apart_so_that_their_total_is_surer():
    sides = ((0.5, exactly(0.5 * JOULES)), (0.5, exactly(1.5 * JOULES)))
    found = project([priced(*sides, requests=surely(16.0))], 16)

    def width(one):
        return (one.energy_kwh.p90 - one.energy_kwh.p10) / one.energy_kwh.p50

    assert width(found.total) == pytest.approx(width(found.months[0]) / 4, rel=0.05)
    assert three(found.flows[0].energy_kwh) == pytest.approx(three(found.total.energy_kwh), rel=0.02)


def test_a_mean_of_few_files_stays_unsure_however_many_requests_come():
    sides = ((0.5, exactly(0.5 * JOULES)), (0.5, exactly(1.5 * JOULES)))
    many = surely(1e9)
    found = project([priced(*sides, requests=many, counted=26)], 3).total.energy_kwh
    assert (found.p90 - found.p10) / found.p50 == pytest.approx(2 * Z80 * 0.5 / 5, rel=0.03)
    sure = project([priced(*sides, requests=many)], 3).total.energy_kwh
    assert sure.p90 == pytest.approx(sure.p10, rel=1e-3)
    one = project([priced((1.0, exactly(JOULES)), requests=many, counted=1)], 3).total.energy_kwh
    # one file tells no spread: a coefficient of variation of 1, whose mean is the file's own
    width = math.sqrt(math.log(2.0))
    kwh = 3e9 * JOULES / J_PER_KWH * math.exp(-(width**2) / 2)
    assert three(one) == pytest.approx(three(likely(kwh, width)), rel=0.01)


@pytest.mark.parametrize("doubt", ["pue", "g_per_kwh"])
def test_building_and_grid_each_widen_the_grams_alone(doubt):
    figures = {"pue": exactly(1.2), "g_per_kwh": exactly(50.0)}
    figures[doubt] = even(figures[doubt].value, 0.1)
    found = project([priced((1.0, exactly(JOULES)))], 1, Site(**figures)).total
    assert three(found.location_kg) == pytest.approx(three(likely(0.06, 0.1)), rel=1e-3)
    assert three(found.energy_kwh) == pytest.approx((1.0, 1.0, 1.0))


def test_coefficients_err_together_and_volumes_apart():
    def width(flows):
        one = project(flows, 1).total.energy_kwh
        return math.log(one.p90 / one.p10)

    doubtful = priced((1.0, even(JOULES, 0.4)))
    assert width([doubtful, doubtful]) == pytest.approx(width([doubtful]), rel=1e-3)
    coming = priced((1.0, exactly(JOULES)), requests=likely(1000.0, 0.2))
    assert width([coming, coming]) == pytest.approx(width([coming]) / math.sqrt(2), rel=0.05)


def test_the_same_input_gives_the_same_figures_and_another_seed_about_the_same():
    flows = [priced((1.0, even(JOULES, 0.4)), requests=likely(1000.0, 0.3))]
    site = Site(pue=even(1.2, 0.05), g_per_kwh=even(50.0, 0.2))
    assert project(flows, 3, site) == project(flows, 3, site)
    other = project(flows, 3, site, seed=7)
    assert other != project(flows, 3, site)
    assert three(other.total.location_kg) == pytest.approx(
        three(project(flows, 3, site).total.location_kg), rel=0.03
    )


def test_a_machine_that_waits_draws_every_month_whatever_comes():
    watts = Likely(p10=150.0, p50=200.0, p90=250.0)
    kept_on = Waiting(name="server", watts=watts, hours=500.0)
    made = project([priced((1.0, exactly(JOULES)))], 1, embodied_g=[exactly(2.0)], waiting=[kept_on])
    assert (made.total.embodied_kg, made.waiting[0].embodied_kg) == (None, None)  # absent is not nought
    assert made.flows[0].embodied_kg is not None
    site = Site(pue=exactly(1.5), g_per_kwh=exactly(100.0))
    found = project([priced((1.0, exactly(JOULES)), requests=surely(1e-9))], 3, site, waiting=[kept_on])
    assert three(found.months[1].energy_kwh) == pytest.approx((75.0, 100.0, 125.0), rel=1e-3)
    assert three(found.total.energy_kwh) == pytest.approx((225.0, 300.0, 375.0), rel=1e-3)
    assert three(found.waiting[0].energy_kwh) == pytest.approx(three(found.total.energy_kwh))
    assert found.waiting[0].location_kg.p50 == pytest.approx(45.0, rel=1e-3)
    for wrong in ({"hours": 800.0}, {"hours": -1.0}, {"watts": surely(1e9)}):
        with pytest.raises(BadInput, match="needed is"):
            replace(kept_on, **wrong)


def test_grams_of_making_the_hardware_are_apart_and_absent_where_one_flow_has_none():
    flows = [priced((1.0, exactly(JOULES)))] * 2
    both = project(flows, 2, embodied_g=[exactly(2.0), exactly(1.0)])
    assert both.total.embodied_kg.p50 == pytest.approx(2 * 1000 * 3.0 / 1000)
    one_known = project(flows, 2, embodied_g=[exactly(2.0), None])
    assert one_known.total.embodied_kg is None
    assert [flow.embodied_kg is None for flow in one_known.flows] == [False, True]
    assert both.total.location_kg is None


def test_absurd_growth_months_and_flows_are_refused():
    flow = priced((1.0, exactly(JOULES)), growth=Growth(kind="exponential", factor=growing(1.0, 1.0, 1.0)))
    with pytest.raises(BadInput, match=r"'f' grows to .* in month 41; .*ceiling"):
        project([flow], 60)
    for months in (0, MOST_MONTHS + 1):
        with pytest.raises(BadInput, match="months is"):
            project([flow], months)
    with pytest.raises(BadInput, match="0 flows"):
        project([], 1)


def test_windows_of_sound_are_priced_length_by_length():
    speech = Flow(
        name="calls",
        wanted=Wanted(model="whisper-tiny"),
        requests=surely(100.0),
        input_kind="audio_seconds",
        input_lengths=lengths.uniform(1.0, 59.0),
    )
    found = price(speech, KNOWN)
    one, two = (price(replace(speech, input_lengths=lengths.fixed(s)), KNOWN).mean_j.value for s in (29.0, 31.0))
    assert two > 1.1 * one  # a window of 30 s more, for two seconds
    assert found.mean_j.value == pytest.approx((one + two) / 2, rel=0.1)
    # half of them have two windows; the mean length, 30 s, has one
    assert found.at_mean_j < 0.98 * found.mean_j.value
    assert len(found.parts) == 100
    assert math.fsum(weight for weight, _ in found.parts) == pytest.approx(1.0)


def test_languages_weigh_by_their_shares():
    def articles(**shares):
        return price(
            Flow(
                name="articles",
                wanted=Wanted(model="mistral-7b", hardware="h100"),
                requests=surely(1.0),
                input_kind="characters",
                input_lengths=lengths.fixed(4000.0),
                output_tokens=lengths.fixed(1.0),
                shares=shares,
            ),
            KNOWN,
        ).mean_j

    english, arabic = articles(en=1.0), articles(ar=1.0)
    assert arabic.value > 1.3 * english.value
    assert arabic.high > 2 * english.high  # its tokens depend on the tokenizer most
    assert articles(en=0.75, ar=0.25).value == pytest.approx(0.75 * english.value + 0.25 * arabic.value)
    assert articles(**{UNKNOWN: 1.0}).high > english.high


def test_two_lengths_meet_in_every_pair_and_keep_their_means():
    chat = Flow(
        name="chat",
        wanted=Wanted(model="mistral-160m"),
        requests=surely(1.0),
        input_kind="input_tokens",
        input_lengths=lengths.uniform(40.0, 200.0),
        output_tokens=lengths.uniform(10.0, 60.0),
    )
    found = price(chat, KNOWN)
    assert 100 < len(found.parts) <= 16 * 16
    assert found.mean_j.value == pytest.approx(found.at_mean_j, rel=0.02)  # straight in both, inside the domain
    assert found.outside_ratio == 0.0


def test_a_length_that_nothing_tells_names_itself_and_its_share():
    speech = Flow(
        name="calls",
        wanted=Wanted(model="whisper-tiny"),
        requests=surely(100.0),
        input_kind="audio_seconds",
        input_lengths=lengths.by_percentiles(Likely(p10=10.0, p50=100.0, p90=5000.0)),
    )
    with pytest.raises(BadInput, match=r"audio_seconds of \d+.* of all requests \(P10 10, .*say the longest"):
        price(speech, KNOWN)
    kept = replace(speech, input_lengths=lengths.at_most(speech.input_lengths, 3000.0))
    assert price(kept, KNOWN).outside_ratio > 0.5


def test_shares_that_are_none_are_refused():
    for shares in ({"fr": 0.5, "en": 0.6}, {"fr": -0.5, "en": 1.5}, {"fr": float("nan")}):
        with pytest.raises(BadInput, match="shares of languages add up to"):
            Flow(name="f", wanted=Wanted(model="m"), requests=surely(1.0), shares=shares)


def test_a_ceiling_below_the_first_month_is_refused():
    saturates = Growth(kind="saturating", factor=growing(0.1, 0.1, 0.1), ceiling=surely(50.0))
    with pytest.raises(BadInput, match="a ceiling of 50 lies below the 100 requests that it starts with"):
        Flow(name="f", wanted=Wanted(model="m"), requests=surely(100.0), growth=saturates)


def test_requests_and_joules_of_nothing_are_nothing():
    for requests, joules in ((0.0, JOULES), (1e-300, JOULES), (100.0, 0.0)):
        found = project([priced((1.0, exactly(joules)), requests=surely(requests))], 2)
        assert found.total.energy_kwh.p90 == pytest.approx(0.0, abs=1e-100)


def test_two_pieces_meet_in_the_middle_and_a_bound_of_nought_is_straight():
    assert between(1.0, 2.0, 8.0, Z80, 0.0) == 2.0
    assert between(1.0, 2.0, 8.0, Z80, Z80) == pytest.approx(8.0)
    assert between(1.0, 2.0, 8.0, Z80, -Z80) == pytest.approx(1.0)
    assert between(0.0, 2.0, 8.0, Z80, -Z80 / 2) == pytest.approx(1.0)
    assert between(0.0, 2.0, 8.0, Z80, -3.0) == 0.0
    many = statistics.NormalDist().samples(4000, seed=1)
    draws = sorted(between(1.0, 2.0, 8.0, Z80, z) for z in many)
    assert draws[400] == pytest.approx(1.0, rel=0.05)
    assert draws[3600] == pytest.approx(8.0, rel=0.05)


def test_quantiles_out_of_order_or_below_nought_are_refused():
    for bad in ((3.0, 2.0, 4.0), (-1.0, 2.0, 4.0), (1.0, float("nan"), 4.0), (1.0, 2.0, float("inf"))):
        with pytest.raises(BadInput):
            Likely(p10=bad[0], p50=bad[1], p90=bad[2])
