"""transformers in 8 and 4 bits and pruned: exact lengths, the same weights made smaller, bytes as they lie."""

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from tiny_models import GPT_OSS, MISTRAL, NLLB, PHI, loading, prompt, translation

from bench.engines import Runs, Setting
from bench.engines.transformers import open_engine
from bench.engines.transformers.build import built_model
from bench.engines.transformers.forms import FORMS, _runs, form_setting
from bench.engines.transformers.quantised import by_torchao
from bench.errors import CannotRun, NoEngine, UnknownName
from bench.files.models import model_names, read_model, weight_bytes
from bench.nouns import ModelSpec, Session

pytestmark = [
    pytest.mark.models,
    pytest.mark.filterwarnings("ignore:.*script_method:DeprecationWarning"),  # importing bitsandbytes 0.50
]

# wide enough for NF4 on a CPU, and made in a moment
WIDTHS = {"vocab_size": 4_000, "d_model": 64, "encoder_ffn_dim": 128, "decoder_ffn_dim": 128}
WIDE = replace(NLLB, config={**NLLB.config, **WIDTHS}, languages={})
NARROW = replace(NLLB, config={**NLLB.config, "vocab_size": 4_000}, languages={})
MODELS = {"mistral": MISTRAL, "phi3": PHI, "m2m_100": WIDE}
# of two layers: q, k, v, o and the three of the MLP
LAYER_NUMBERS = 2 * (2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 128)
ROWS = 2 * (64 + 32 + 32 + 64 + 128 + 128 + 64)
TABLE, NORMS = 512 * 64, 5 * 64


def form(precision: str, *more: object) -> object:
    """A parameter of a test, skipped where the precision's library is absent."""
    library = FORMS[precision].library
    absent = library is not None and importlib.util.find_spec(library) is None
    reason = f"{library} is absent: pip install 'joulemark[quantised]'"
    return pytest.param(precision, *more, marks=pytest.mark.skipif(absent, reason=reason))


def loaded(precision: str, model: ModelSpec = MISTRAL) -> Session:
    return open_engine().load(loading(model, precision=precision))


@pytest.fixture(scope="module")
def plain() -> Iterator[Session]:
    with loaded("bf16") as session:
        yield session


def layers(session: Session) -> dict[str, object]:
    from bench.engines.transformers.stored import layer_matrices

    setting = session._setting  # type: ignore[attr-defined]
    return layer_matrices(setting.torch, session._model)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("precision", [form(precision) for precision in FORMS])
def test_every_request_gets_exactly_the_work_it_asks_for(precision: str, name: str) -> None:
    """No token fewer, none more, alone and in a batch of unlike lengths; the record says what it is."""
    make = translation if name == "m2m_100" else prompt
    with loaded(precision, MODELS[name]) as session:
        for requests in ([make(1, 0)], [make(7, 0), make(3, 1), make(12, 2)]):
            outcomes = session.run(session.stage(requests))

            assert [o.achieved for o in outcomes] == [r.asked for r in requests]
            assert all(o.start_ns < o.first_output_ns <= o.end_ns for o in outcomes)
        record = session.loaded

    assert (record.precision, record.facts["dtype"]) == (precision, "bfloat16")
    assert FORMS[precision].note in record.notes
    assert any(note.startswith("synthetic weights") for note in record.notes)


@pytest.mark.parametrize(
    ("precision", "layer_bytes"),
    [  # torchao: a scale and a zero point a row; NF4: a table, and scales that a CPU with bf16 has in bf16
        form("int8-torchao", (LAYER_NUMBERS + 5 * ROWS,)),
        form("int8dyn-torchao", (LAYER_NUMBERS + 5 * ROWS,)),
        form("int8-bnb", (LAYER_NUMBERS + 4 * ROWS,)),
        form("nf4-bnb", tuple(LAYER_NUMBERS // 2 + LAYER_NUMBERS // 64 * scale + 14 * 16 * 4 for scale in (2, 4))),
        form("bf16-pruned50", (2 * LAYER_NUMBERS,)),
        form("bf16-units50", (2 * (LAYER_NUMBERS - 2 * 3 * 64 * 64),)),
    ],
)
def test_bytes_are_those_that_lie_in_memory(precision: str, layer_bytes: tuple[int, ...]) -> None:
    """Packed numbers and their scales count as they are; a step reads no embedding table, but all the rest."""
    with loaded(precision) as session:
        facts, parameters = session.loaded.facts, session.loaded.parameters
        session.run(session.stage([prompt(3, 0)]))  # what a library lays out anew at its first call is in already
        from bench.engines.transformers.stored import stored_facts

        after = stored_facts(session._model)  # type: ignore[attr-defined]

    assert facts["weight_bytes"] in [each + 2 * (2 * TABLE + NORMS) for each in layer_bytes]
    assert facts["weight_bytes_per_step"] == facts["weight_bytes"] - 2 * TABLE
    assert sum(int(part.partition(":")[2]) for part in facts["tensor_bytes"].split()) == facts["weight_bytes"]
    assert {name: facts[name] for name in after} == after
    cut = 2 * 3 * 64 * 64 if precision == "bf16-units50" else 0
    assert parameters == LAYER_NUMBERS - cut + 2 * TABLE + NORMS  # numbers, however they are packed


def test_plain_precisions_tell_their_tensors_too(plain: Session) -> None:
    """All in one dtype, as many bytes as parameters times its width."""
    facts = plain.loaded.facts

    assert facts["tensor_types"] == "bfloat16:21"
    assert facts["weight_bytes"] == 2 * plain.loaded.parameters
    assert plain.loaded.engine_version == open_engine().version()


@pytest.mark.parametrize(
    ("precision", "error"),
    [
        form("int8-torchao", 0.01),
        form("int8dyn-torchao", 0.03),
        form("int8-bnb", 0.03),
        form("nf4-bnb", 0.15),
    ],
)
def test_quantised_layers_are_those_of_the_full_model(plain: Session, precision: str, error: float) -> None:
    """Every layer gives what the full one gives, to what its bits allow; the head and the table are the same."""
    import torch

    torch.manual_seed(0)
    full = layers(plain)
    with loaded(precision) as session, torch.inference_mode():
        facts, version = session.loaded.facts, session.loaded.engine_version
        made = layers(session)
        for name, linear in full.items():
            given = torch.randn(8, linear.in_features, dtype=torch.bfloat16)  # type: ignore[attr-defined]
            meant, found = linear(given).float(), made[name](given).float()  # type: ignore[operator]
            assert 0 < float((found - meant).norm() / meant.norm()) < error, name
        head, table = session._model.lm_head, session._model.model.embed_tokens  # type: ignore[attr-defined]
        assert bool((head.weight == plain._model.lm_head.weight).all())  # type: ignore[attr-defined]
        assert bool((table.weight == plain._model.model.embed_tokens.weight).all())  # type: ignore[attr-defined]

    library = FORMS[precision].library
    assert facts["quantised_layers"] == len(full) == 14
    assert version == f"{open_engine().version()}, {library} {facts[f'{library}_version']}"


@pytest.mark.parametrize("precision", [form("int8-bnb")])
def test_a_layer_has_its_scales_once_whatever_its_bias(precision: str) -> None:
    """NLLB's layers have biases: 32 matrices of int8, 32 rows of scales."""
    with loaded(precision, WIDE) as session:
        facts = session.loaded.facts

    assert facts["quantised_layers"] == 32
    assert {"float32:32", "int8:32"} < set(facts["tensor_types"].split())


@pytest.mark.parametrize("precision", [form("int8-bnb")])
def test_nothing_is_said_while_tokens_are_made(precision: str, caplog: pytest.LogCaptureFixture) -> None:
    """bitsandbytes warns of each cast, at every layer of every step."""
    with loaded(precision) as session:
        session.run(session.stage([prompt(3, 0)]))

    assert not [r for r in caplog.records if r.name.startswith("bitsandbytes.autograd")]


def test_half_of_each_matrix_is_zero_the_smaller_half(plain: Session) -> None:
    """Exactly half, by magnitude, and what is left is as it was."""
    full = layers(plain)
    with loaded("bf16-pruned50") as session:
        assert session.loaded.facts["zero_ratio"] == pytest.approx(0.5, abs=1e-3)
        for name, linear in layers(session).items():
            before, after = full[name].weight, linear.weight  # type: ignore[attr-defined]
            gone = after == 0

            assert int(gone.sum()) - int((before == 0).sum()) <= before.numel() // 2 <= int(gone.sum())
            assert bool((after[~gone] == before[~gone]).all())
            assert float(before[gone].abs().max()) <= float(before[~gone].abs().min())


@pytest.mark.parametrize("name", MODELS)
def test_the_units_that_are_left_compute_what_they_did(name: str) -> None:
    """A block without its weak units is the full one whose weak units are silenced; its matrices are half."""
    import torch

    def block(session: Session) -> object:
        model = session._model.model  # type: ignore[attr-defined]
        return model.decoder.layers[1] if name == "m2m_100" else model.layers[1].mlp

    def through(module: object, given: object) -> object:
        return module.fc2(torch.relu(module.fc1(given))) if name == "m2m_100" else module(given)  # type: ignore

    given = torch.randn(4, 64, generator=torch.Generator().manual_seed(0)).bfloat16()
    narrow = "fc2" if name == "m2m_100" else "down_proj"
    with loaded("bf16", MODELS[name]) as full, loaded("bf16-units50", MODELS[name]) as cut, torch.no_grad():
        whole, half = block(full), block(cut)
        left, before = getattr(half, narrow).weight, getattr(whole, narrow).weight
        kept = torch.stack([(before == column[:, None]).all(0) for column in left.T]).any(0)
        strength = before.float().abs().sum(0)
        for wide in (w for w in ("gate_proj", "up_proj", "gate_up_proj", "fc1") if hasattr(whole, w)):
            strength += getattr(whole, wide).weight.float().abs().sum(1).view(-1, 128).sum(0)
        before[:, ~kept] = 0

        assert float(strength[kept].min()) >= float(strength[~kept].max())
        assert (left.shape, int(kept.sum())) == ((64, 64), 64)
        assert torch.allclose(through(whole, given), through(half, given), rtol=0.02, atol=1e-5)
        assert cut.loaded.parameters < full.loaded.parameters
        assert cut.loaded.facts["feed_forward_units"] == "128→64"


@pytest.mark.parametrize(
    ("precision", "done"),
    [
        form("bf16-pruned50", {"zero_ratio": pytest.approx(0.5, abs=1e-3)}),
        form("int8-torchao", {"quantised_layers": 14}),
        form("nf4-bnb", {"quantised_layers": 14}),
    ],
)
def test_a_folders_weights_are_made_smaller_as_seeded_ones_are(
    tmp_path: Path, precision: str, done: dict[str, object]
) -> None:
    """Pretrained weights take the same way, and are not called synthetic."""
    with loaded("bf16") as session:
        session._model.save_pretrained(tmp_path)  # type: ignore[attr-defined]
    spec = replace(loading(MISTRAL, precision=precision), weights="pretrained", path=str(tmp_path))

    with open_engine().load(spec) as session:
        (outcome,) = session.run(session.stage([prompt(5, 0)]))
        record = session.loaded

    assert outcome.achieved == prompt(5, 0).asked
    assert {name: record.facts[name] for name in done} == done
    assert not any("synthetic" in note for note in record.notes)


@pytest.mark.parametrize(
    ("precision", "model", "error", "says"),
    [
        ("int4-torchao", MISTRAL, CannotRun, "mslk"),
        ("int3-bnb", MISTRAL, UnknownName, "nf4-bnb"),
        ("bf16-pruned50", GPT_OSS, CannotRun, "experts"),
        ("bf16-pruned50", replace(MISTRAL, parameters=10**13), CannotRun, r"needs .* GiB"),
        form("nf4-bnb", NARROW, CannotRun, "choose int8-torchao"),
    ],
)
def test_what_cannot_run_is_refused_with_its_reason(
    precision: str, model: ModelSpec, error: type[Exception], says: str
) -> None:
    """A package that is missing, a name that nobody knows, experts, memory for the full weights, narrow layers."""
    with pytest.raises(error, match=says), loaded(precision, model):
        pass


def test_a_layer_that_torchao_passes_over_is_a_refusal(plain: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """It skips what does not suit it without a word: a full layer must not pass for a quantised one."""
    import torch

    silent = SimpleNamespace(Int8WeightOnlyConfig=object, quantize_=lambda *_, **__: None)
    monkeypatch.setattr("bench.engines.transformers.quantised.imported", lambda *_: (silent,))

    with pytest.raises(CannotRun, match=r"left 14 of 14 layers as they were, model\.layers\.0\.self_attn\.q_proj"):
        by_torchao(torch, plain._model, "Int8WeightOnlyConfig")  # type: ignore[attr-defined]


def test_weights_that_are_quantised_already_are_not_quantised_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder's configuration says so: its numbers are no longer those that a comparison starts from."""

    def already(transformers: ModuleType, setting: Setting) -> object:
        model = built_model(transformers, setting)
        model.config.quantization_config = {"quant_method": "gptq"}
        return model

    monkeypatch.setattr("bench.engines.transformers.built_model", already)

    with pytest.raises(CannotRun, match="quantised already"), loaded("bf16-pruned50"):
        pass


def test_a_library_that_is_absent_is_named_before_a_model_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the command; torch is not even asked for a device."""

    def absent(distribution: str, extra: str) -> str:
        raise NoEngine(f"{distribution} is not installed: pip install 'joulemark[{extra}]'")

    monkeypatch.setattr("bench.engines.transformers.forms.library_version", absent)

    with pytest.raises(NoEngine, match=r"torchao is not installed: pip install 'joulemark\[quantised\]'"):
        form_setting(None, loading(MISTRAL, precision="int8-torchao"))


def test_where_bf16_falls_to_fp16_the_record_says_so() -> None:
    """A pruned model's name falls with it; a quantised one's says what its weights are, and a note the rest."""
    fallen = Runs(precision="fp16", dtype="f16", notes=("precision fell",))

    pruned = _runs("bf16-pruned50", FORMS["bf16-pruned50"], fallen)
    quantised = _runs("nf4-bnb", FORMS["nf4-bnb"], fallen)

    assert (pruned.precision, quantised.precision) == ("fp16-pruned50", "nf4-bnb")
    assert pruned.notes[0] == quantised.notes[0] == "precision fell"
    assert quantised.notes[1].startswith("quantised here from fp16")


def test_declared_forms_are_those_that_the_engine_has() -> None:
    """A model may not promise what its engine refuses, and planning knows the bytes of all of them."""
    declared = {p for name in model_names() for p in read_model(name).precisions_by_engine.get("transformers", ())}

    assert declared - {"fp32", "bf16", "fp16"} == set(FORMS)
    assert all(weight_bytes(MISTRAL, p) for p in declared)
