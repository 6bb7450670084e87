"""Terms of a simulated server of known physics come back: for one user, for eight, and for both together."""

from dataclasses import replace

import pytest
from sim.fast_line import Ask, measured
from sim.scheduler import MODES, Physics

from bench.fit.coefficients import fit
from bench.fit.levels import describes
from bench.nouns import Verdict

SHAPES = tuple((p, o) for p in (32, 256, 1024) for o in (8, 64, 256))
LONG = Physics(decode_context_token_s=2e-6)  # context is a fifth of decoding


def campaign(physics, users, noise=0.0, shapes=SHAPES):
    return [
        measured(Ask(prompt=p, output=o, users=n, requests=20 * n), physics, index=100 * n + i, noise=noise)
        for n in users
        for i, (p, o) in enumerate(shapes)
    ]


def values(found):
    return {name: q.value for name, q in found.terms.items()}


def of_one_user(of):
    """Each token is a step of its own; the first of a request is the prompt's."""
    token_j = (of.decode_step_s + of.decode_sequence_s) * of.decode_w
    return {
        "prompt_token": of.prefill_token_s * of.prefill_w,
        "output_token": token_j,
        "context_token": of.decode_context_token_s * of.decode_w,
        "request": of.request_s * of.prefill_w - token_j,
        "idle_resident": of.idle_w,
    }


def of_any(of):
    token_j = of.decode_sequence_s * of.decode_w
    return {
        **of_one_user(of),
        "output_token": token_j,
        "decode_step": of.decode_step_s * of.decode_w,
        "request": of.request_s * of.prefill_w - token_j,
    }


@pytest.mark.parametrize("mode", MODES)
def test_the_terms_of_one_user_come_back(mode):
    of = replace(LONG, mode=mode)
    [found] = fit(campaign(of, [1]))

    assert values(found) == pytest.approx(of_one_user(of), rel=1e-6)
    assert found.levels == ()


@pytest.mark.parametrize("mode", MODES)
def test_one_set_of_terms_describes_every_load(mode):
    """The step that sequences share is told from the token that each makes, and its joules come back."""
    of = replace(LONG, mode=mode)
    [found] = fit(campaign(of, [1, 8]))

    assert values(found) == pytest.approx(of_any(of), rel=5e-3)
    assert found.levels == ("concurrency=1", "concurrency=8")
    assert found.domain["concurrency"] == (1.0, 8.0)
    assert {"output_token@prompt-32-8", "output_token@prompt-32-8@concurrency=8"} <= found.rates.keys()


def test_meters_that_scatter_do_not_part_the_loads():
    found = fit(campaign(LONG, [1, 8], noise=0.003, shapes=SHAPES[::2]))

    assert [one.levels for one in found] == [("concurrency=1", "concurrency=8")]
    assert values(found[0])["decode_step"] == pytest.approx(0.48, rel=0.02)


def test_loads_that_no_term_describes_have_terms_of_their_own():
    """At eight users this server's board draws twice as much for the same steps."""
    alone = campaign(LONG, [1])
    crowded = campaign(replace(LONG, decode_w=2 * LONG.decode_w, prefill_w=1.5 * LONG.prefill_w), [8])
    found = fit([*alone, *crowded])

    assert [(one.concurrency, one.levels) for one in found] == [(1, ()), (8, ())]
    assert values(found[0]) == pytest.approx(of_one_user(LONG), rel=1e-6)


def test_a_few_shapes_show_no_further_term():
    """Four workloads and four terms would leave nothing to test them on."""
    [found] = fit(campaign(LONG, [1], shapes=((32, 8), (256, 8), (32, 64), (256, 64))))

    assert set(found.terms) == {"idle_resident", "output_token", "prompt_token", "request"}


def test_noise_shows_no_further_term():
    """Where context costs nothing, a hundred seeds of noise find it seldom, and never large."""
    flat = replace(LONG, decode_context_token_s=0.0)
    found = [
        fit([measured(Ask(prompt=p, output=o, requests=10), flat, index=50 * seed + i, noise=0.005)
             for i, (p, o) in enumerate(SHAPES)])[0]
        for seed in range(12)
    ]  # fmt: skip

    assert sum("context_token" in one.terms or "prompt_token_sq" in one.terms for one in found) <= 3


def test_descriptions_are_compared_cell_by_cell():
    assert describes({"a": 0.01, "b": 0.02, "c": 0.03}, {"a": 0.012, "b": 0.021, "c": 0.028})
    assert not describes({"a": 0.10, "b": 0.12, "c": 0.09}, {"a": 0.01, "b": 0.02, "c": 0.01})


def test_loads_of_too_few_shapes_are_described_together_or_not_at_all():
    """Three shapes leave nothing to test three terms on; five loads of them do."""
    assert describes({"a": 0.01, "b": 0.02, "c": 0.03}, {})
    assert not describes({"a": 0.01, "b": 0.02, "c": 0.30}, {})
    assert not describes({"a": 0.01}, {})


def test_a_level_that_is_described_badly_is_not_outvoted_by_the_others():
    """The mean over all cells would pass: one load of three is four times as far off as by its own terms."""
    apart = {f"{cell}{load}": 0.04 for load in ("", "@concurrency=8", "@rate=2") for cell in "abcd"}
    together = {cell: 0.08 + 0.01 if cell.endswith("=8") else 0.001 for cell in apart}
    levels = {cell: cell[1:] for cell in apart}

    assert describes(together, apart)
    assert not describes(together, apart, levels)
    flat = replace(LONG, decode_context_token_s=0.0)
    [found] = fit(campaign(flat, [1, 3, 8], shapes=((32, 8), (512, 8), (32, 128))))
    truth = {name: value for name, value in of_any(flat).items() if value}
    assert values(found) == pytest.approx(truth, rel=0.02)


def test_terms_that_do_not_predict_are_no_terms():
    """What four shapes cost at random: whoever asks for a fifth would get any number."""
    wild = [
        measured(Ask(prompt=p, output=o, requests=10), replace(LONG, decode_w=w), index=i)
        for i, ((p, o), w) in enumerate(zip(SHAPES[::2], (40.0, 900.0, 60.0, 1500.0, 30.0), strict=True))
    ]
    [found] = fit(wild)

    assert set(found.terms) == {"idle_resident"}
    assert "are off by" in found.not_identified["output_token"]
    assert found.rates  # what each shape took stands


def test_terms_that_were_not_tested_say_so():
    [found] = fit(campaign(LONG, [1], shapes=((32, 8), (512, 8), (32, 128))))

    assert any("not tested" in note for note in found.notes)


def test_flags_of_several_loads_are_counted_over_all_of_them():
    runs = campaign(LONG, [1, 8], shapes=SHAPES[::2])
    flag = Verdict(name="busy", level="flag", domain=None, evidence="3 of 9 threads", remedy="stop it")
    [found] = fit([replace(runs[0], verdicts=(flag,)), *runs[1:-1], replace(runs[-1], verdicts=(flag,))])

    assert "flag: 2 of 10 runs, busy: 3 of 9 threads" in found.notes


def repeats_alone(one):
    """The same run of a board without a gain and weights that are real: what is left is scatter."""
    sources = tuple(replace(s, gain_ratio_95=0.0) for s in one.run.sources)
    loaded = replace(one.run.loaded, weights="served")
    return replace(one, run=replace(one.run, sources=sources, loaded=loaded))


def test_loads_that_scatter_widen_no_others_rates():
    """Arrivals at random give a rate a wide interval; users who wait keep theirs."""
    calm, wild = (campaign(LONG, [n], shapes=SHAPES[::2], noise=s) for n, s in ((1, 0.001), (8, 0.02)))
    [found] = fit([repeats_alone(one) for one in (*calm, *wild)])
    narrow, wide = (found.rates[f"output_token@prompt-32-8{load}"] for load in ("", "@concurrency=8"))

    assert (wide.high - wide.low) / wide.value > 5 * (narrow.high - narrow.low) / narrow.value
