import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BadInput
from bench.estimators.asked import Asked, job_of, plain_name
from bench.estimators.prior import estimate
from bench.files.estimating import read_catalogue
from bench.files.prior_file import read_prior

KNOWN, BOOK = read_catalogue(), read_prior()


def ask(**given):
    usual = {"model": "meta-llama/Llama-3.1-8B-Instruct", "gpu": "NVIDIA H100 80GB HBM3", "output_tokens": 100.0}
    usual |= {"precision": "bf16", "batch": 8.0, "input_tokens": 50.0, "engine": "vLLM"}
    return job_of(Asked(**(usual | given)), KNOWN)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b"),
        ("llama3.1:8b", "llama-3.1-8b"),
        ("Mistral-7B-Instruct-v0.3.Q4_K_M.gguf", "mistral-7b"),
        ("deepseek-r1:7b", "qwen2.5-7b"),
        ("deepseek-ai/DeepSeek-R1", "deepseek-v3"),
        ("google/gemma-2-27b-it", "gemma-2-27b"),
        ("gemma3:12b", "gemma-3-12b"),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507-FP8", "qwen3-30b-a3b"),
        ("mistral-small3.2:24b", "mistral-small-24b"),
        ("phi4:14b", "phi-4"),
    ],
)
def test_models_are_known_by_the_names_people_give_them(said: str, meant: str) -> None:
    assert ask(model=said).shape.name == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("NVIDIA H100 80GB HBM3", "nvidia-h100-sxm5-80gb"),
        ("NVIDIA A100-SXM4-40GB", "nvidia-a100-sxm4-40gb"),
        ("Nvidia A100 GPU", "nvidia-a100-sxm4-40gb"),
        ("NVIDIA A100 80GB PCIe", "nvidia-a100-pcie-80gb"),
        ("NVIDIA GeForce RTX 4090", "nvidia-rtx-4090"),
        ("RTX4090", "nvidia-rtx-4090"),
        ("NVIDIA B200", "nvidia-b200-sxm-180gb"),
        ("NVIDIA H200-SXM-141GB (MaxQ)", "nvidia-h200-sxm5-141gb"),
        ("NVIDIA A2 (assumed)", "nvidia-a2"),
        ("Nvidia GH200 GPU", "nvidia-gh200-96gb"),
        ("NVIDIA L40S", "nvidia-l40s"),
    ],
)
def test_cards_are_known_by_the_names_drivers_give_them(said: str, meant: str) -> None:
    assert ask(gpu=said).card.name == meant


def test_a_card_nobody_declared_is_middling_and_doubted() -> None:
    found = ask(gpu="MI300X")
    assert found.card.name == "unknown"
    assert found.doubt > ask().doubt
    assert any("MI300X" in note for note in found.notes)


@pytest.mark.parametrize(
    ("precision", "model", "engine", "bits"),
    [
        ("bfloat16", "llama3.1:8b", "vLLM", 16.0),
        ("q4_K_M", "llama3.1:8b", "ollama", 4.84),
        ("", "llama3.1:8b", "ollama", 4.84),
        ("", "Qwen3-8B-FP8", "vLLM", 8.0),
        ("", "openai/gpt-oss-20b", "vLLM", 4.25),
        ("not stated", "Qwen3-8B", "vLLM", 16.0),
        ("int8", "Qwen3-8B", "vLLM", 8.0),
        ("fp32", "Qwen3-8B", "vLLM", 32.0),
    ],
)
def test_bits_come_from_the_precision_then_the_name_then_the_model(precision, model, engine, bits) -> None:
    assert ask(precision=precision, model=model, engine=engine).bits == bits


def test_what_is_not_said_is_filled_in_said_and_widens() -> None:
    full, no_prompt, no_batch = ask(), ask(input_tokens=None, task="LLM chat"), ask(batch=None)
    assert full.notes == ()
    assert full.doubt == 0
    assert no_prompt.prompt_tokens == 90
    assert no_prompt.prompt_doubt > 0
    assert "90 tokens" in no_prompt.notes[0]
    assert no_batch.batch > 1
    assert no_batch.batch_doubt > 0
    assert "batch" in no_batch.notes[0]
    assert ask(batch=None, engine="Ollama").batch == 1
    offline = ask(batch=None, task="MLPerf Offline", n_gpus=8.0)
    assert offline.cards == 1
    assert "8 copies" in offline.notes[0]


def test_an_unknown_model_goes_by_its_size() -> None:
    named, given, sparse = ask(model="acme-13b"), ask(model="acme", params_b=13.0), ask(model="acme-60B-A6B")
    assert named.shape.parameters == given.shape.parameters == 13e9
    assert (sparse.shape.parameters, sparse.shape.active) == (60e9, 6e9)
    assert sparse.touched_weights(1) < sparse.touched_weights(64)
    assert given.doubt > 0
    with pytest.raises(BadInput, match="params_b"):
        ask(model="acme")


def test_a_name_that_is_known_with_another_size_goes_by_the_size() -> None:
    found = ask(model="my-phi-4-merge", params_b=60.0)
    assert found.shape.parameters == 60e9
    assert any("phi-4" in note for note in found.notes)


def test_nothing_is_said_of_answers_without_a_length() -> None:
    with pytest.raises(BadInput, match="output tokens"):
        ask(output_tokens=None)


def test_plain_names_have_no_separators() -> None:
    assert plain_name("llama3.1:8b") in plain_name("meta-llama/Llama-3.1-8B")


_NUMBERS = st.none() | st.floats(0, 1e9)


@given(
    st.text(max_size=30) | st.sampled_from(["llama3.1:8b", "x-7b", "mixtral-8x7b", "gpt-oss-120b"]),
    st.text(max_size=20) | st.sampled_from(["A100", "RTX 4090", "B200"]),
    st.text(max_size=20),
    st.text(max_size=20),
    _NUMBERS,
    _NUMBERS,
    _NUMBERS,
    _NUMBERS,
    st.none() | st.floats(1e-3, 1e6),
    st.sampled_from(["gpu", "machine", "wall"]),
)
def test_whatever_is_asked_is_estimated_or_refused(
    model, gpu, precision, task, cards, batch, prompt, output, size, scope
) -> None:
    asked = Asked(
        model=model,
        gpu=gpu,
        precision=precision,
        task=task,
        n_gpus=cards,
        batch=batch,
        input_tokens=prompt,
        output_tokens=output,
        params_b=size,
        active_params_b=None if size is None else size / 7,
        scope=scope,
    )
    try:
        found = estimate(BOOK.without(()), job_of(asked, KNOWN))
    except BadInput:
        return
    assert 0 <= found.low <= found.value <= found.high < float("inf")
