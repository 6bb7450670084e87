"""Terms of simulated batches of known physics come back: for one batch, and for all batches together."""

from dataclasses import replace

import pytest
from sim.fast_batches import Ask, Lockstep, measured

from bench.fit import rows
from bench.fit.coefficients import fit
from bench.fit.design import Shape
from bench.nouns import Usage, Verdict
from bench.run.attribute import attributed
from bench.run.next_cells import advice

OF = Lockstep()
PROMPTS = tuple(Usage(requests=1, prompt_tokens=p, output_tokens=n) for p in (32, 256, 1024) for n in (8, 64, 256))
TEXTS = tuple(Usage(requests=1, source_tokens=s, target_tokens=n) for s in (16, 128, 400) for n in (8, 64, 200))
CLIPS = tuple(
    Usage(requests=1, audio_windows=w, output_tokens=n) for w, n in ((1, 8), (1, 100), (2, 30), (4, 60), (4, 300))
)
LEVELS = ("batch=1", "batch=4", "batch=16")
REPEATS = 1e-4  # a share of each window's energy: without any, rounding would decide which terms are shown


def campaign(batches=(1, 4, 16), works=PROMPTS, of=OF, noise=0.0, family="causal-lm"):
    return [
        measured(Ask(usage=work, batch=batch, family=family), of, index=100 * batch + i, noise=noise)
        for batch in batches
        for i, work in enumerate(works)
    ]


def values(found):
    return {name: q.value for name, q in found.terms.items()}


TRUTH = {
    "idle_resident": OF.idle_w,
    "request": OF.request_j - OF.sequence_j,  # the first token's sequence is in no step
    "prompt_token": OF.given_j,
    "output_token": OF.sequence_j,
    "decode_step": OF.step_j,
    "batch_pass": OF.pass_j,
}


def test_one_set_of_terms_describes_every_batch():
    """The step and the pass that requests share are told from what each of them adds."""
    [found] = fit(campaign(noise=REPEATS))

    assert values(found) == pytest.approx(TRUTH, rel=0.01)
    assert found.levels == LEVELS
    assert (found.batch, found.domain["batch"]) == (1, (1.0, 16.0))
    assert found.fit["runs"] == 27
    assert {f"request@causal-lm-32-8{at}" for at in ("", "@batch=4", "@batch=16")} <= found.rates.keys()


def test_meters_that_scatter_do_not_part_the_batches():
    """Within 2 % where windows repeat within a thousandth."""
    [found] = fit(campaign(noise=0.001))

    assert found.levels == LEVELS
    for name in ("prompt_token", "output_token", "decode_step", "idle_resident"):
        assert values(found)[name] == pytest.approx(TRUTH[name], rel=0.02), name


def test_a_batch_whose_steps_bend_ends_in_an_entry_per_batch():
    """Rows that get into each other's way: no share of a step is what they cost."""
    found = fit(campaign(of=replace(OF, bend_j=0.01)))

    assert [(one.batch, one.levels) for one in found] == [(1, ()), (16, ()), (4, ())]
    assert not any("decode_step" in one.terms for one in found)
    assert "output_token@causal-lm-32-8" in found[1].rates
    for one in found:
        step_j = OF.step_j / one.batch + OF.sequence_j + 0.01 * one.batch
        assert values(one)["output_token"] == pytest.approx(step_j, rel=1e-6)


def test_padding_that_grows_with_the_batch_is_in_no_terms_of_all():
    """Every second prompt is an eighth as long and is padded, alone it is not: no one price of a token holds."""
    runs = [
        measured(
            Ask(usage=work, beside=replace(work, prompt_tokens=work.prompt_tokens // 8), batch=batch),
            OF,
            index=100 * batch + i,
        )
        for batch in (1, 4, 16)
        for i, work in enumerate(PROMPTS)
    ]

    assert [one.levels for one in fit(runs)] == [()] * 3


def test_one_batch_is_as_if_nothing_were_shared(monkeypatch):
    """Steps and passes move together with tokens and requests: not a byte of the entry rests on them."""
    runs = campaign((8,), noise=0.002)
    known = fit(runs)
    monkeypatch.setattr(rows, "shared_work", lambda done: {})

    assert fit(runs) == known


def test_terms_of_one_batch_hold_for_that_batch():
    [found] = fit(campaign((8,)))

    assert set(found.terms) == {"idle_resident", "request", "prompt_token", "output_token"}
    assert (found.batch, found.levels, found.domain["batch"]) == (8, (), (8.0, 8.0))
    assert values(found)["output_token"] == pytest.approx(OF.step_j / 8 + OF.sequence_j, rel=1e-6)
    assert "output_token@causal-lm-32-8" in found.rates


def test_a_decoder_beside_an_encoder_shares_its_steps_too():
    """Translations: all target tokens come of steps, the sources of one pass."""
    [found] = fit(campaign(works=TEXTS, family="translation", noise=REPEATS))
    truth = {
        "idle_resident": OF.idle_w,
        "request": OF.request_j,
        "source_token": OF.given_j,
        "target_token": OF.sequence_j,
        "decode_step": OF.step_j,
        "batch_pass": OF.pass_j,
    }

    assert values(found) == pytest.approx(truth, rel=0.01)
    assert found.levels == LEVELS


def test_audio_windows_of_a_batch_go_together_turn_by_turn():
    [found] = fit(campaign(works=CLIPS, family="speech", noise=REPEATS))
    truth = {
        "idle_resident": OF.idle_w,
        "request": OF.request_j,
        "audio_window": OF.audio_j,
        "output_token": OF.sequence_j,
        "decode_step": OF.step_j,
        "batch_pass": OF.pass_j,
    }

    assert values(found) == pytest.approx(truth, rel=0.01)
    assert found.levels == LEVELS


def test_a_classifiers_batch_costs_once_what_its_requests_share():
    [found] = fit(campaign((1, 8, 32), works=(Usage(requests=1),), family="classifier"))

    assert values(found) == pytest.approx(
        {"idle_resident": OF.idle_w, "request": OF.request_j, "batch_pass": OF.pass_j}, rel=1e-6
    )
    assert set(found.rates) == {f"request@classifier{at}" for at in ("", "@batch=8", "@batch=32")}


def test_two_batches_of_one_work_are_told_nothing_together():
    """Two figures and two terms leave nothing to test them on."""
    found = fit(campaign((1, 8), works=(Usage(requests=1),), family="classifier"))

    assert [(one.batch, set(one.terms)) for one in found] == [
        (1, {"idle_resident", "request"}), (8, {"idle_resident", "request"})
    ]  # fmt: skip


def test_a_void_batch_is_in_no_entry_of_several():
    """Its own says why; the others are described without it."""
    why = Verdict(name="throttled", level="void", domain=None, evidence="hot", remedy="cool")
    runs = [
        replace(one, verdicts=(why,)) if one.run.spec.cell.batch == 4 else one for one in campaign((1, 2, 4, 16))
    ]
    together, void = fit(runs)

    assert together.levels == ("batch=1", "batch=2", "batch=16")
    assert not any("excluded" in note for note in together.notes)
    assert (void.batch, void.runs, void.rates) == (4, (), {})
    assert any("throttled: hot" in note for note in void.notes)


def test_a_request_of_a_batch_pays_its_share_by_terms_of_other_batches():
    """Whole batches are conserved; one that no other is beyond is said to lie outside."""
    found = list(attributed(campaign(works=PROMPTS[::2])))
    alone, sixteen = (next(a for a in found if a.cell.endswith(at)) for at in ("-256-64", "-256-64@batch=16"))

    assert not any(one.why or one.in_sample for one in found)
    assert all(abs(w.difference_ratio) < 1e-6 for one in found for w in one.windows)
    shares = [one.windows[0].requests[0].terms_j for one in (alone, sixteen)]
    for shared in ("decode_step", "batch_pass"):
        assert shares[1][shared] == pytest.approx(shares[0][shared] / 16)
    assert not any(one.remarks for one in found)

    known = campaign((1, 4), works=PROMPTS)
    [*_, beyond] = attributed([*known, measured(Ask(usage=PROMPTS[0], batch=64), OF, index=9000)])
    assert beyond.remarks == ("outside what the terms rest on: batch 64 to 64, measured 1 to 4",)


def test_advice_for_several_batches_names_the_batch():
    runs = campaign((1, 16), works=PROMPTS[::2], noise=0.002)
    shape = Shape(name="prompt-256-8", family="causal-lm", usage=PROMPTS[3])
    [told] = advice(runs, (shape,))

    assert told.entry.levels == ("batch=1", "batch=16")
    assert {one.cell.batch for one in told.cells} == {1, 16}
    assert {one.cell.concurrency for one in told.cells} == {1}
