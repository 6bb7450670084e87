"""Who is paired with whom, what is said of unequal work, and what is no ratio at all."""

from dataclasses import replace

import pytest

from bench.errors import BadInput
from bench.fit.comparison import compare, half_widths
from bench.fit.showings import same_conditions, scores
from bench.nouns import Quality, Score, Share
from bench.nouns.compared import Joules, Made, Price, Showing, Work
from bench.report.compare_text import front_text, remarks, sentences, what_text

MADE = Made(
    engine="e", engine_version="1", model="m", precision="q8", weights="pretrained", hardware="h", device="Board",
    workload_sha256="0" * 64, driver="595.1", power_limit_w=700.0,
)  # fmt: skip
GPU = Joules(
    basis="measured", value_j=2.0, low_j=2.0, high_j=2.0, path="GPU-1, 595.1, counter", gain_ratio_95=0.05
)
HOST = Joules(basis="modelled", value_j=5.0, low_j=3.0, high_j=9.0, path="cpu-model, no driver, model")
WORK = Work(workload="w", batch=8)


def shown(candidate, number, **more):
    given = {
        "time_s": 0.1 * (1 + number / 10), "e2e_s": 0.8, "joules": {"gpu": GPU, "host": HOST},
        "unscored": "no answer of this workload is scored",
    }  # fmt: skip
    made = replace(MADE, precision=("q8", "f16", "f32")[candidate])
    return Showing(
        **{
            "run_id": f"r{number}{candidate}", "candidate": candidate, "round": number, "work": WORK, "made": made,
            "unit": "output_token", "per_request": {"output_tokens": 8.0}, **given, **more,
        }
    )  # fmt: skip


def both(count=3, one=None, other=None):
    return [shown(c, n, **((one or {}) if c == 0 else (other or {}))) for n in range(1, count + 1) for c in (0, 1)]


def pair_of(showings, **more):
    return compare(showings, ("q8", "f16"), **more).works[0].pairs[0]


def test_only_rounds_of_both_are_paired():
    """Round 3 of f16 is missing, round 4 of q8: two pairs are left, named."""
    some = [s for s in both(4) if (s.candidate, s.round) not in ((1, 3), (0, 4))]
    found = pair_of(some)

    assert found.runs == (("r10", "r11"), ("r20", "r21"))
    assert {r.rounds for r in found.ratios} == {2}


ON_CPU = {"joules": {"host": HOST}, "made": replace(MADE, precision="f16", device="cpu")}


def test_gpu_on_against_off_has_no_ratio_of_the_gpu():
    """The one that stood by has no figure there; the host's is compared, and says that it lacks the GPU."""
    found = pair_of(both(other=ON_CPU))

    assert [(r.boundary, r.lacks) for r in found.ratios if r.measure == "energy"] == [("host", ("gpu",))]
    assert "gpu: a figure of q8 alone; f16 did no work there or was not read, so no ratio" in found.notes


def test_gpu_on_against_off_is_no_verdict_on_the_energy():
    """Whose joules are in no ratio is said with them: 2 J of the board never vanish behind 5 J of the host."""
    cheap = {"gpu": GPU, "host": replace(HOST, value_j=1.0, low_j=0.6, high_j=1.8)}
    [told] = sentences(compare(both(one={"joules": cheap}, other=ON_CPU), ("q8", "f16")))

    assert " of the energy of " not in told
    assert "uses" not in told
    assert told.startswith("no ratio of the whole energy of q8 and f16 on w at batch 8: q8 comes to 0.20")
    assert "of the host's energy of f16 (host, MODELLED" in told
    assert "the 2 J per output token of the gpu under q8, measured, are in no ratio: another boundary" in told


def test_a_gpu_that_nothing_read_is_not_forgotten():
    """Both worked on boards without a sensor: the host's is not the whole, and no figure is invented."""
    [told] = sentences(
        compare(both(one={"joules": {"host": HOST}}, other={"joules": {"host": HOST}}), ("q8", "f16"))
    )

    assert told.startswith("no ratio of the whole energy of q8 and f16")
    assert told.count("has no figure, and is in no ratio") == 2


def test_a_meter_at_the_plug_or_of_a_module_holds_the_gpu():
    """There the ratio is one of the whole, and comes first."""
    wall = replace(GPU, value_j=9.0, low_j=9.0, high_j=9.0)
    some = both(one={"joules": {"host": HOST, "wall": wall}},
                other={**ON_CPU, "joules": {"host": HOST, "wall": replace(wall, value_j=3.0)}})  # fmt: skip
    module = {"joules": {"platform": replace(GPU, holds_gpu=True)}}

    assert {r.boundary: r.lacks for r in pair_of(some).ratios if r.boundary} == {"host": ("gpu",), "wall": ()}
    assert sentences(compare(some, ("q8", "f16")))[0].startswith("q8 uses 3.00 ± 0.00 of the energy of f16")
    assert [r.lacks for r in pair_of(both(one=module, other=module)).ratios if r.boundary] == [()]


def test_nobody_is_on_a_front_of_an_energy_without_the_device_that_worked():
    """By the host's alone the GPU would dominate: there is no front, and it is said why."""
    devices = {0: {"joules": {"gpu": GPU, "host": HOST}}, 1: ON_CPU, 2: {**ON_CPU, "time_s": 0.3, "e2e_s": 0.9}}
    devices[2] = {**devices[2], "made": replace(MADE, precision="f32", device="cpu")}
    made = compare([shown(c, n, **devices[c]) for n in (1, 2, 3) for c in range(3)], ("q8", "f16", "f32"))

    assert made.works[0].standings == ()
    assert front_text(made, made.works[0]) == (
        "No front on w at batch 8: no energy of all of them holds the gpu that worked",
    )


def test_measured_over_modelled_is_no_ratio():
    """And it says why."""
    found = pair_of(both(other={"joules": {"gpu": replace(GPU, basis="modelled"), "host": HOST}}))

    assert [r.boundary for r in found.ratios if r.measure == "energy"] == ["host"]
    assert any("measured for one and modelled for the other" in note for note in found.notes)


def test_a_void_boundary_of_one_round_takes_that_pair_alone():
    """The other rounds and the other boundaries stand."""
    some = both()
    some[2] = replace(some[2], joules={"host": HOST}, void={"gpu": "clock drift: 20% apart"})
    found = pair_of(some)

    by = {r.boundary: r.rounds for r in found.ratios if r.measure == "energy"}
    assert by == {"gpu": 2, "host": 3}
    assert "gpu, round 2: q8 is void: clock drift: 20% apart" in found.notes


def test_unequal_work_a_request_is_told_per_achieved_unit():
    """Another model's tokens are not the same tokens."""
    other = {"per_request": {"output_tokens": 9.5}, "made": replace(MADE, model="large")}
    notes = pair_of(both(other=other)).notes

    assert any(
        "output tokens a request: 8 by q8, 9.5 by f16; so energy and time are per achieved output token; the "
        "median time of a request is one of unequal requests" in n for n in notes
    )  # fmt: skip
    assert any("a token of one is not a token of the other" in n for n in notes)


def test_a_candidate_that_answers_less_is_not_faster():
    """2 of 8 tokens in a quarter of the time: no aim of the front is its latency, and the ratio says so."""
    short = {"per_request": {"output_tokens": 2.0}, "e2e_s": 0.2, "joules": {"gpu": GPU}}
    cheap = {"joules": {"gpu": replace(GPU, value_j=1.9, low_j=1.9, high_j=1.9)}}
    full = {"joules": {"gpu": GPU}}
    made = compare(
        [shown(c, n, **(short, cheap, full)[c]) for n in (1, 2, 3) for c in range(3)], ("q4", "q8", "f16")
    )
    work = made.works[0]

    assert [r.unequal_work for r in work.pairs[0].ratios] == [False, False, True]
    assert [r.unequal_work for r in work.pairs[2].ratios] == [False, False, False]
    assert {s.speed for s in work.standings} == {"time"}
    assert {s.candidate: s.place for s in work.standings}[0] == "undecided"  # e2e alone would put it on the front
    assert front_text(made, work)[0].startswith("By energy and time per output token (gpu)")
    assert what_text(work.pairs[0].ratios[2], "output token") == "s, unequal requests"


def test_one_text_cut_into_other_tokens_is_the_same_request():
    """By two models; one model that reads less of it has had less to do."""
    cut = {"per_request": {"output_tokens": 8.0, "prompt_tokens": 30.0}}
    whole = {"per_request": {"output_tokens": 8.0, "prompt_tokens": 36.0}}
    other = {**whole, "made": replace(MADE, precision="f16", model="large")}

    assert not any(r.unequal_work for r in pair_of(both(one=cut, other=other)).ratios)
    assert any(r.unequal_work for r in pair_of(both(one=cut, other=whole)).ratios)


def test_what_stands_side_by_side_was_measured_side_by_side():
    """Rounds 4 to 6 of q8 alone, in a hot hour: in no ratio, and in no level beside f16's."""
    hot = {"time_s": 0.2, "e2e_s": 1.2}
    made = compare([*both(3), *(shown(0, n, **hot) for n in (4, 5, 6))], ("q8", "f16"))
    (own, other), [pair] = made.works[0].levels, made.works[0].pairs

    assert {v.rounds for v in own} == {3}
    ratios = {(r.measure, r.boundary): r.value for r in pair.ratios}
    for a, b in zip(own, other, strict=True):
        assert a.value / b.value == pytest.approx(ratios[a.measure, a.boundary], rel=1e-5)


def test_a_boundary_void_in_a_round_of_one_is_in_no_level_of_that_round():
    """The other's figure there has no partner."""
    some = both()
    some[2] = replace(some[2], joules={"host": HOST}, void={"gpu": "clock drift"})
    levels = compare(some, ("q8", "f16")).works[0].levels

    assert [{v.boundary: v.rounds for v in own if v.boundary} for own in levels] == [{"gpu": 2, "host": 3}] * 2


def test_a_table_of_fewer_rounds_than_a_ratio_says_so():
    """Three candidates, of which one lacks round 3."""
    made = compare([shown(c, n) for n in (1, 2, 3) for c in range(3) if (c, n) != (2, 3)], ("q8", "f16", "f32"))

    assert {v.rounds for own in made.works[0].levels for v in own} == {2}
    assert any("are of the 2 rounds that all of them have" in text for text in remarks(made))
    assert not any("that all of them have" in text for text in remarks(compare(both(), ("q8", "f16"))))


def test_another_power_limit_is_said():
    """The same board at another limit is another operating point."""
    limited = {"made": replace(MADE, precision="f16", power_limit_w=300.0)}
    notes = pair_of(both(other=limited)).notes

    assert "power limit: 700.0 W for q8, 300.0 W for f16: the ratio is one of these too" in notes


@pytest.mark.parametrize(("threads", "said"), [(1, True), (2, False), (None, False)])
def test_other_threads_are_said(threads, said):
    """An engine that records none tells no difference."""
    two = {"made": replace(MADE, threads=2)}
    some = {"made": replace(MADE, precision="f16", threads=threads)}
    notes = pair_of(both(one=two, other=some)).notes

    assert ("threads: 2 for q8, 1 for f16: the ratio is one of these too" in notes) is said
    assert any(note.startswith("threads") for note in notes) is said


def test_an_offered_load_has_no_ratio_of_times():
    """Requests come as far apart as they were offered."""
    found = pair_of(
        both(one={"work": Work(workload="w", rate=50.0)}, other={"work": Work(workload="w", rate=50.0)})
    )

    assert [r.measure for r in found.ratios if r.measure != "energy"] == ["e2e"]


def test_runs_out_of_turn_have_no_pairs_and_say_so():
    """All runs of either count, also unequal numbers of them."""
    made = compare([*both(3), shown(0, 4)], ("q8", "f16"), interleaved=False)

    assert made.works[0].pairs[0].runs == ()
    assert "not interleaved" in made.notes[0]


def test_the_rounds_half_widths_are_those_of_time_and_energy():
    """Of one round none is known."""
    assert half_widths(compare(both(1), ("q8", "f16"))) == [None, None, None, None]
    assert len([h for h in half_widths(compare(both(3), ("q8", "f16"))) if h is not None]) == 3


def test_a_price_is_that_of_a_thousand_units():
    """7.2 EUR an hour is 0.002 EUR a second; 0.12 s a unit over the rounds of 0.11, 0.12, 0.13 s."""
    price = Price(per_hour=7.2, currency="EUR", source="as typed")
    made = compare(both(), ("q8", "f16"), price=price)

    assert made.works[0].price_per_1000[0].value == pytest.approx(0.24, rel=5e-3)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"hardware": "elsewhere"}, "a ratio of two machines"),
        ({"weights": "synthetic"}, "measure both with the same --weights"),
        ({"workload_sha256": "1" * 64}, "from one declaration"),
    ],
)
def test_what_would_not_be_a_ratio_of_candidates_is_refused(other, why):
    """Other machine, other kind of weights, other texts."""
    some = both(other={"made": replace(MADE, precision="f16", **other)})

    with pytest.raises(BadInput, match=why):
        same_conditions(some, ("q8", "f16"))


def test_other_units_are_refused():
    """Audio seconds are no tokens."""
    with pytest.raises(BadInput, match="not the same work"):
        same_conditions(both(other={"unit": "audio_second"}), ("q8", "f16"))


def test_scores_by_other_rules_are_not_subtracted():
    """The same metric by two libraries is two metrics."""
    scored = {"scores": {"wer": Share(value=0.1, low=0.05, high=0.2)}, "unscored": ""}
    same = pair_of(both(one={**scored, "scored_by": "jiwer 4"}, other={**scored, "scored_by": "jiwer 4"}))
    apart = pair_of(both(one={**scored, "scored_by": "jiwer 4"}, other={**scored, "scored_by": "jiwer 3"}))

    assert [d.score for d in same.differences] == ["wer"]
    assert apart.differences == ()
    assert apart.no_quality == "judged by other rules: jiwer 4; jiwer 3"


def test_every_score_with_an_interval_is_found():
    """Of classes and of texts; one without an interval can't be subtracted."""
    share = Share(value=0.9, low=0.8, high=0.95)
    quality = Quality(
        requests=9, of=9, unsteady=0, macro_f1=share,
        scores={"wer@fr": Score(value=0.1, low=0.05, high=0.2, n=9), "bleu": Score(value=30.0)},
    )  # fmt: skip

    assert set(scores(quality)) == {"macro_f1", "wer@fr"}
    assert scores(None) == {}


def test_each_candidate_is_held_against_those_after_it():
    """Two quantised forms against the full one, which comes last, and against each other: three ratios."""
    made = compare([shown(c, n, time_s=0.1 * (c + 1)) for n in (1, 2, 3) for c in range(3)], ("q8", "f16", "f32"))

    found = {(p.one, p.other): next(r.value for r in p.ratios if r.measure == "time") for p in made.works[0].pairs}
    assert found == pytest.approx({(0, 1): 1 / 2, (0, 2): 1 / 3, (1, 2): 2 / 3})
