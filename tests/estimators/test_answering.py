import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import BadInput, UnknownName
from bench.estimators.answer import TERMS, plain
from bench.estimators.answering import Known, answer
from bench.estimators.published import request_j
from bench.estimators.roofline import least_j
from bench.estimators.wanted import number, wanted_of
from bench.files.coefficient_files import coefficient_paths, read_coefficients
from bench.files.config import places
from bench.files.knowing import read_known
from bench.units import J_PER_KWH

KNOWN = read_known()
LLAMA = {"model": "llama-3.1-8b", "hardware": "h100", "in_tokens": 1155.0, "out_tokens": 211.0, "batch": 8.0}
MEASURED = {"model": "mistral-160m", "in_tokens": 32.0, "out_tokens": 64.0}

tokens = st.floats(min_value=0, max_value=20_000)
models = st.sampled_from([LLAMA, MEASURED, {**LLAMA, "model": "mixtral-8x7b", "cards": 4.0}])
few = settings(max_examples=60, deadline=None)


def asked(known: Known = KNOWN, **said):
    return answer(wanted_of(said), known)


def test_a_measured_cell_gives_back_what_was_measured_idle_inside():
    found = asked(**MEASURED)
    # results/examples/cpu-2-threads: request@prompt-32-64, gross
    assert found.energy_j.value == pytest.approx(33.15, rel=0.01)
    assert found.energy_j.low < 7.6
    assert found.energy_j.high > 70.0
    assert (found.method, found.basis, found.scope) == ("measured cell", "fitted", "machine")
    assert "synthetic weights" in found.rests_on[0]
    assert "modelled host power" in found.rests_on[0]
    assert any(line.startswith("run 2026") for line in found.rests_on)
    assert found.terms_j["idle_share"] > found.terms_j["output"] > found.terms_j["input"] > 0


def test_each_rung_is_wider_than_the_one_above():
    def width(found):
        return math.log(found.energy_j.high / found.energy_j.low)

    cell = asked(**MEASURED)
    batch = asked(**MEASURED, batch=4.0)
    outside = asked(**{**MEASURED, "in_tokens": 3000.0})
    assert batch.method == "same model, another batch"
    assert batch.basis == "bounded"
    assert width(cell) < width(outside)
    assert width(cell) < width(batch)
    assert any("outside" in note for note in outside.notes)
    assert outside.basis == "scaled"


def test_another_machine_is_the_priors():
    assert asked(**MEASURED, hardware="h100").method == "prior"
    assert asked(**LLAMA).basis == "scaled"


@pytest.mark.parametrize(
    "said",
    [
        {"model": "whisper-large-v3", "audio_seconds": 60.0},
        {"model": "whisper-tiny", "audio_seconds": 60.0, "hardware": "h100"},
        {"model": "nllb-3.3b", "in_tokens": 30.0, "out_tokens": 30.0},
        {"model": "bert-large", "in_tokens": 30.0, "out_tokens": 1.0, "audio_seconds": 3.0},
    ],
)
def test_speech_translation_and_classes_come_of_measured_coefficients_alone(said):
    with pytest.raises(
        BadInput, match=r"from measured coefficients alone.*(nearest measured is|none is measured)"
    ):
        asked(**said)


def test_the_nearest_measured_cell_is_named():
    with pytest.raises(BadInput, match="whisper/whisper-tiny:fp32"):
        asked(model="whisper-large-v3", audio_seconds=60.0)


def test_sound_counts_in_windows_of_thirty_seconds():
    one, two = (asked(model="whisper-tiny", audio_seconds=s, out_tokens=50.0) for s in (30.0, 31.0))
    # a window more, 1.06 J above idle and its idling
    assert two.energy_j.value - one.energy_j.value == pytest.approx(1.06 * 2.62, rel=0.02)


def test_characters_are_tokens_by_language_with_their_spread():
    found = asked(model="nllb-600m", chars=500.0, language="fr", out_tokens=30.0)
    given_tokens = asked(model="nllb-600m", in_tokens=0.22 * 500, out_tokens=30.0)  # tekken's French
    assert found.energy_j.value == pytest.approx(given_tokens.energy_j.value)
    assert found.energy_j.high > given_tokens.energy_j.high
    assert any("0.22 (0.22 to 0.274)" in note for note in found.notes)
    prior = asked(model="llama-3.1-8b", hardware="h100", chars=20_000.0, language="ar", out_tokens=10.0, batch=1.0)
    exact = asked(model="llama-3.1-8b", hardware="h100", in_tokens=0.283 * 20_000, out_tokens=10.0, batch=1.0)
    assert prior.energy_j.high > 1.5 * exact.energy_j.high


def test_a_translation_whose_length_nobody_gave_is_as_long_as_its_source():
    found = asked(model="nllb-600m", in_tokens=30.0)
    assert found.energy_j.value == pytest.approx(
        asked(model="nllb-600m", in_tokens=30.0, out_tokens=30.0).energy_j.value
    )
    assert any("as long as its source" in note for note in found.notes)


def test_far_outside_what_was_measured_is_refused():
    with pytest.raises(BadInput, match="measured were 8 to 32"):
        asked(model="nllb-600m", in_tokens=100.0, out_tokens=4000.0)


def test_beyond_the_prior_is_widened_and_said():
    near, far = asked(**LLAMA), asked(**{**LLAMA, "in_tokens": 100_000.0})
    assert any("outside what the prior has seen" in note for note in far.notes)
    assert far.energy_j.high / far.energy_j.value > 2 * near.energy_j.high / near.energy_j.value


def test_cards_that_do_not_hold_the_weights_are_refused_and_enough_are_assumed():
    said = {**LLAMA, "model": "llama-3.1-405b"}
    with pytest.raises(BadInput, match="do not fit"):
        asked(**said, cards=1.0)
    assert any("16 cards assumed" in note for note in asked(**said).notes)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"in_tokens": -1.0}, "input_tokens is -1"),
        ({"in_tokens": math.nan}, "input_tokens is nan"),
        ({"out_tokens": math.inf}, "output_tokens is inf"),
        ({"out_tokens": 1e12}, r"output_tokens is 1e\+12"),
        ({"count": -1.0}, "count is -1"),
        ({"batch": 0.0}, "batch is 0"),
        ({"cards": 1e9}, "cards is"),
        ({"scope": "kwh"}, "scope is 'kwh'"),
        ({"chars": 10.0}, "two counts of one input"),
        ({"model": ""}, "model is ''"),
        ({"model": "a\nb"}, "needed is a name"),
        ({"in_tokens": True}, "needed is a number"),
        ({"in_tokens": "7"}, "needed is a number"),
        ({"count": 10**400}, "integer beyond any"),
        ({"model": "llama-3.1-8c"}, "did you mean 'llama-3.1-8b'"),
        ({"hardware": "h1000"}, "did you mean 'h100"),
        ({"in_token": 3.0}, "did you mean 'in_tokens'"),
    ],
)
def test_what_cannot_be_is_refused_by_name(said, message):
    with pytest.raises(BadInput, match=message):
        asked(**{**LLAMA, **said})


def test_typed_numbers_are_read_or_refused():
    assert number("count", "1e3") == 1000.0
    assert number("count", None) is None
    with pytest.raises(BadInput, match="count is '10 kg'"):
        number("count", "10 kg")


def test_a_model_of_no_known_size_is_unknown():
    with pytest.raises(UnknownName, match="unknown model 'gpt-4o'"):
        asked(**{**LLAMA, "model": "gpt-4o"})
    assert asked(**{**LLAMA, "model": "gpt-4o"}, params_b=200.0, cards=8.0).energy_j.value > 0


@few
@given(said=models, first=tokens, second=tokens, out=tokens, factor=st.floats(min_value=1, max_value=3))
def test_more_work_never_costs_less(said, first, second, out, factor):
    low, high = sorted((first, second))

    def joules(prompt, output):
        try:
            return asked(**{**said, "in_tokens": prompt, "out_tokens": output})
        except BadInput:
            return None

    base, longer, more = joules(low, out), joules(high, out), joules(low, out * factor)
    for other in (longer, more):
        if base is not None and other is not None:
            assert base.method == other.method
            assert other.energy_j.value >= base.energy_j.value * (1 - 1e-12)


@few
@given(said=models, one=st.floats(min_value=0, max_value=1e6), other=st.floats(min_value=0, max_value=1e6))
def test_requests_add(said, one, other):
    parts = [asked(**said, count=count) for count in (one, other, one + other)]
    for end in ("low", "value", "high"):
        first, second, both = (getattr(part.energy_kwh, end) for part in parts)
        assert first + second == pytest.approx(both, rel=1e-12)
    assert math.fsum(parts[0].terms_kwh.values()) == pytest.approx(parts[0].energy_kwh.value, rel=1e-9)


@few
@given(
    prompt=tokens,
    out=tokens,
    batch=st.floats(min_value=1, max_value=500),
    card=st.sampled_from(["h100", "a100", "t4", "l4", "b200", "rtx4090"]),
)
def test_between_the_physics_and_the_power_limit(prompt, out, batch, card):
    found = asked(
        model="llama-3.1-8b", hardware=card, in_tokens=prompt, out_tokens=out, batch=batch, cards=2.0, scope="gpu"
    )
    assert found.job is not None
    assert found.card is not None
    assert found.device_s is not None
    assert found.energy_j.low >= least_j(found.job) * math.exp(-3) * 0.999
    assert found.energy_j.value >= least_j(found.job)
    # seconds that two cards are held, times what one may draw
    assert found.energy_j.value <= found.device_s.value * found.card.limit_w * (1 + 1e-9)


def test_json_has_the_fields_that_others_rely_on():
    found = plain(asked(**LLAMA, count=10.0), None)
    assert list(found)[:7] == ["count", "energy_kwh", "carbon_g", "terms", "basis", "method", "rests_on"]
    assert found["carbon_g"] == {"location": None, "market": None, "embodied": None}
    assert set(found["terms"]) == set(TERMS)
    one = asked(**LLAMA).energy_j.value
    assert found["energy_kwh"]["value"] == pytest.approx(10 * one / J_PER_KWH)


def test_a_host_beside_a_busy_board_never_stands_for_the_whole():
    beside = [
        replace(one, key=replace(one.key, device="gpu")) for one in KNOWN.published if one.boundary == "host"
    ]
    assert asked(replace(KNOWN, published=beside), **MEASURED).method == "prior"


def measured_on(hardware: str) -> Known:
    """The simulated server's coefficients, as if a card had given them: 2.5 times what the prior says there."""
    path = places().checkout / "results/simulated/servers/coefficients"
    one = read_coefficients(coefficient_paths(path)[0])[1]
    key = replace(one.key, model="llama-3.1-8b", hardware=hardware, precision="bf16", engine="vllm")
    wanted = asked(
        model="llama-3.1-8b", hardware=hardware, in_tokens=100.0, out_tokens=60.0, batch=1.0, scope="gpu"
    )
    work = {"prompt_token": 100.0, "output_token": 60.0}
    factor = 2.5 * wanted.energy_j.value / request_j(one, work).energy_j.value

    def times(q):
        return replace(q, value=q.value * factor, low=q.low * factor, high=q.high * factor)

    every = {name: {n: times(q) for n, q in getattr(one, name).items()} for name in ("terms", "rates")}
    return replace(KNOWN, published=(replace(one, key=key, simulated=False, components={}, **every),))


def test_a_measured_card_is_carried_to_another_batch_and_card():
    known = measured_on("nvidia-h100-sxm5-80gb")
    said = {"model": "llama-3.1-8b", "in_tokens": 100.0, "out_tokens": 60.0, "precision": "bf16"}
    cell = asked(known, **said, hardware="nvidia-h100-sxm5-80gb", batch=1.0)
    batch = asked(known, **said, hardware="nvidia-h100-sxm5-80gb", batch=16.0, scope="gpu")
    card = asked(known, **said, hardware="a100", batch=1.0, scope="gpu")
    assert (cell.method, cell.scope) == ("measured cell", "gpu")
    for found in (batch, card):
        assert found.method == "same model, another batch or card"
        assert found.basis == "scaled"
        prior = asked(**said, hardware=found.wanted.hardware, batch=found.wanted.batch, scope="gpu")
        assert found.energy_j.value == pytest.approx(2.5 * prior.energy_j.value, rel=0.3)
        assert found.energy_j.high / found.energy_j.low < prior.energy_j.high / prior.energy_j.low
        assert any("synthetic weights" in line for line in found.rests_on)
    assert any("nothing measured it" in note for note in cell.notes)


def test_a_simulated_card_is_no_evidence_of_another():
    known = measured_on("nvidia-h100-sxm5-80gb")
    played = replace(known, published=[replace(one, simulated=True) for one in known.published])
    found = asked(played, **{**LLAMA, "hardware": "a100"})
    assert found.method == "prior"


def test_the_chain_of_the_prior_ends_at_its_sources_and_names_its_card():
    found = asked(**{**LLAMA, "hardware": "a10g"})
    assert any("on 1 × nvidia-a10, 8 requests at once" in note for note in found.notes)
    assert any("fed by" in line and "sha256" in line and " at " in line for line in found.chain)
