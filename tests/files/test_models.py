"""Model declarations: all load, none lies about its size, mistakes are named with file and line."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import BadDeclaration, UnknownName
from bench.files.models import model_names, read_model, weight_bytes
from bench.nouns import ModelSpec

ALL = [read_model(name) for name in model_names()]
BY_TRANSFORMERS = [m for m in ALL if "transformers" in m.engines]
BY_WHISPER = [m for m in ALL if "whisper" in m.engines]


def _ids(model: ModelSpec) -> str:
    return model.name


def test_the_models_that_the_suites_name_are_declared() -> None:
    """Names are part of every cell and record: none may vanish."""
    sizes = ("tiny", "base", "small", "medium", "large-v2", "large-v3", "turbo")
    speech = {f"whisper-{size}" for size in sizes}
    others = {"nllb-600m", "nllb-1.3b", "nllb-3.3b", "mistral-7b", "mistral-160m", "phi-4-mini", "gpt-oss-20b"}

    assert speech | others | {"sound-track"} <= set(model_names())


@pytest.mark.parametrize("model", ALL, ids=_ids)
def test_a_declaration_names_its_source_and_licence(model: ModelSpec) -> None:
    """A figure without a source is not published; weights without a licence are not loaded."""
    assert "checked 20" in model.source
    assert model.licence
    assert model.engines
    assert model.precisions


@pytest.mark.models
@pytest.mark.parametrize("model", BY_TRANSFORMERS, ids=_ids)
def test_parameters_are_those_of_the_built_architecture(model: ModelSpec) -> None:
    """Every configuration is built (without memory, on the meta device) and counted."""
    import torch
    import transformers

    settings = {key: None if value == "none" else value for key, value in model.config.items()}
    config = transformers.AutoConfig.for_model(model.architecture, **settings)
    kind = (
        transformers.AutoModelForSeq2SeqLM if model.family == "translation" else transformers.AutoModelForCausalLM
    )
    with torch.device("meta"):
        built = kind.from_config(config)

    assert sum(p.numel() for p in built.parameters()) == model.parameters
    for key, value in settings.items():  # a misspelt key would be kept as an attribute that nothing reads
        assert key in type(config)().to_dict() or key in ("rope_parameters", "partial_rotary_factor"), key
        assert key == "rope_parameters" or getattr(config, key) == value


@pytest.mark.parametrize("model", BY_WHISPER, ids=_ids)
def test_whispers_parameters_follow_from_its_dimensions(model: ModelSpec) -> None:
    """The closed form of its layers; the next test holds the form to the library."""
    assert _whisper_parameters(model) == model.parameters


@pytest.mark.models
def test_the_closed_form_of_whisper_is_that_of_the_library() -> None:
    """Built for real: Whisper can't be built on the meta device."""
    from whisper.model import ModelDimensions, Whisper

    for model in BY_WHISPER:
        if model.parameters < 100e6:
            built = Whisper(ModelDimensions(**model.config))
            assert sum(p.numel() for p in built.parameters()) == model.parameters


def _whisper_parameters(model: ModelSpec) -> int:
    c = {key: int(value) for key, value in model.config.items()}  # type: ignore[call-overload]
    d = c["n_audio_state"]
    convolutions = (c["n_mels"] * 3 * d + d) + (d * 3 * d + d)
    attention, mlp, norm = 4 * d * d + 3 * d, 8 * d * d + 5 * d, 2 * d
    encoder = convolutions + c["n_audio_layer"] * (attention + mlp + 2 * norm) + norm
    decoder = (c["n_vocab"] + c["n_text_ctx"]) * d
    return encoder + decoder + c["n_text_layer"] * (2 * attention + mlp + 3 * norm) + norm


def test_a_mixture_of_experts_activates_its_chosen_experts_only() -> None:
    """gpt-oss-20b: 4 of 32 experts a token, embedding table left out, as its model card counts (3.61 B)."""
    model = read_model("gpt-oss-20b")
    hidden, width, layers = 2880, 2880, 24
    expert = 3 * hidden * width + 2 * width + hidden  # gate and up, down, and their biases

    idle = layers * (32 - 4) * expert

    assert model.active_parameters == model.parameters - idle - 201_088 * hidden
    assert model.active_parameters == pytest.approx(3.61e9, rel=1e-3)


@pytest.mark.parametrize("model", [m for m in ALL if m.name != "gpt-oss-20b"], ids=_ids)
def test_a_dense_model_activates_all_its_parameters(model: ModelSpec) -> None:
    """Only a mixture of experts declares fewer."""
    assert model.active_parameters == model.parameters


def test_the_small_model_has_a_hundred_million_parameters_and_mistrals_proportions() -> None:
    """A model whose time were all overhead would say nothing about tokens."""
    small, large = read_model("mistral-160m"), read_model("mistral-7b")

    def ratios(model: ModelSpec) -> tuple[float, float]:
        c = {k: v for k, v in model.config.items() if isinstance(v, int)}
        return (
            c["intermediate_size"] / c["hidden_size"],
            c["num_attention_heads"] / c["num_key_value_heads"],
        )

    assert small.parameters >= 100e6
    assert ratios(small) == ratios(large)


def test_weights_take_their_precisions_bytes() -> None:
    """7.25 B parameters are 14.5 GB in bf16 and twice that in fp32; an unknown precision is named."""
    model = read_model("mistral-7b")

    assert weight_bytes(model, "bf16") * 2 == weight_bytes(model, "fp32") == 4 * 7_248_023_552
    assert weight_bytes(read_model("sound-track"), "none") == 0
    with pytest.raises(UnknownName, match="bf16"):
        weight_bytes(model, "bf17")


def test_an_unknown_model_gets_the_nearest_names() -> None:
    """A slip of the finger is answered, not listed at length."""
    with pytest.raises(UnknownName, match="'whisper-tiny'"):
        read_model("whisper-tinny")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('titel = "x"', "did you mean 'title'"),
        ('parameters = "many"', "parameters: expected a whole number"),
        ('precisions = ["fp32", "fp23"]', "found 'fp23'"),
        ('family = "speach"', "did you mean 'speech'"),
        ("active_parameters = 11", "at most 10"),
        ("languages = { fr = 3 }", "languages.fr: expected a string"),
    ],
)
def test_a_wrong_key_type_or_value_is_named_with_its_file_and_line(tmp_path: Path, line: str, says: str) -> None:
    """Whoever declares a model is told where and what."""
    good = {
        "title": '"x"',
        "family": '"speech"',
        "architecture": '"a"',
        "parameters": "10",
        "engines": "[]",
        "precisions": "[]",
        "licence": '"MIT"',
        "source": '"s"',
    }
    good.pop(line.split()[0], None)
    lines = [line, *(f"{key} = {value}" for key, value in good.items())]
    (tmp_path / "mine.toml").write_text("\n".join(lines))

    with pytest.raises(BadDeclaration) as caught:
        read_model("mine", tmp_path)

    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/mine.toml:1: ")


def _declared(folder: Path, *lines: str) -> ModelSpec:
    good = ('title = "x"', 'family = "speech"', 'architecture = "a"', "parameters = 64", 'licence = "MIT"')
    (folder / "mine.toml").write_text("\n".join((*good, 'source = "s"', *lines)))
    return read_model("mine", folder)


def test_an_engine_may_run_a_model_in_precisions_of_its_own(tmp_path: Path) -> None:
    """int8 on one engine is no promise that another has it."""
    lines = ('engines = ["whisper", "ctranslate2"]', 'precisions = ["fp32"]', "[precisions_by_engine]")
    model = _declared(tmp_path, *lines, 'ctranslate2 = ["fp32", "int8"]')

    assert model.precisions_on("whisper") == ("fp32",)
    assert model.precisions_on("ctranslate2") == ("fp32", "int8")
    assert model.precisions_on("echo") == ("fp32", "int8")  # it only pretends
    with pytest.raises(BadDeclaration, match="one of its engines"):
        _declared(tmp_path, *lines, 'ctranslate = ["int8"]')
    with pytest.raises(BadDeclaration, match="found 'int9'"):
        _declared(tmp_path, *lines, 'ctranslate2 = ["int9"]')


def test_a_byte_and_half_a_byte_are_counted_with_their_scales(tmp_path: Path) -> None:
    """64 parameters: 64 bytes in int8; in int4 two blocks of 16 bytes, each with 4.5 bytes beside it."""
    model = _declared(tmp_path, "engines = []", "precisions = []")

    assert (weight_bytes(model, "int8"), weight_bytes(model, "int4")) == (64, 41)


def test_quantised_layers_leave_the_table_and_the_output_matrix_in_full(tmp_path: Path) -> None:
    """1024 parameters, of which 2 × 8 × 16 are the table and the output matrix; once where they are one."""
    config = ("[config]", "vocab_size = 8", "hidden_size = 16")
    own = _declared(tmp_path, "engines = []", "precisions = []", *config, "tie_word_embeddings = false")
    own = replace(own, parameters=1024)
    shared = replace(own, config={"vocab_size": 8, "d_model": 16})

    assert weight_bytes(own, "int8-torchao") == weight_bytes(own, "int8-bnb") == 768 + 2 * 256
    assert weight_bytes(own, "nf4-bnb") == 768 * 36 / 64 + 2 * 256  # of 64 numbers: 32 bytes and a scale of 4
    assert weight_bytes(shared, "int8dyn-torchao") == 896 + 2 * 128
    assert weight_bytes(own, "bf16-pruned50") == weight_bytes(own, "bf16") == 2048
