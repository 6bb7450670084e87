"""The weights that one decoding step reads, against the architecture's own arithmetic."""

import pytest
from tiny_models import GPT_OSS, MISTRAL, NLLB, WHISPER, loading

from bench.files.registry import load_engine
from bench.nouns import ModelSpec

pytestmark = pytest.mark.models

FP32 = 4
MISTRAL_LAYER = 2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 128 + 2 * 64  # q and o, k and v, the MLP, two norms
# the same attention with biases and sinks; a router; two of four experts: 64 → 256 and 128 → 64 with biases
GPT_OSS_LAYER = 2 * 64 * 64 + 2 * 64 * 32 + (64 + 32 + 32 + 64) + 4 + (4 * 64 + 4)
GPT_OSS_LAYER += 2 * (64 * 256 + 256 + 128 * 64 + 64) + 2 * 64
# of the decoder: its own attention, query and output of the other one, the MLP, three norms
NLLB_LAYER = 6 * (16 * 16 + 16) + (2 * 16 * 32 + 32 + 16) + 3 * 2 * 16
WHISPER_LAYER = 6 * 64 * 64 + (3 + 2) * 64 + (2 * 64 * 256 + 256 + 64) + 3 * 2 * 64


@pytest.mark.parametrize(
    ("engine", "model", "parameters"),
    [
        ("transformers", MISTRAL, 2 * MISTRAL_LAYER + 64 + 512 * 64),
        ("transformers", GPT_OSS, 2 * GPT_OSS_LAYER + 64 + 512 * 64),
        ("transformers", NLLB, 2 * NLLB_LAYER + 2 * 16 + 256_206 * 16),
        ("whisper", WHISPER, WHISPER_LAYER + 2 * 64 + 51_865 * 64),
    ],
)
def test_a_step_reads_the_decoder_and_the_head_and_of_a_mixture_the_experts_it_takes(
    engine: str, model: ModelSpec, parameters: int
) -> None:
    """No encoder, no table that is only looked up, no keys and values that were made before."""
    with load_engine(engine).load(loading(model)) as session:
        found = session.loaded.facts["weight_bytes_per_step"]

    assert found == FP32 * parameters


def test_half_the_width_is_half_the_bytes() -> None:
    """Bytes are counted as the parameters lie in memory."""
    with load_engine("transformers").load(loading(MISTRAL, precision="bf16")) as session:
        found = session.loaded.facts["weight_bytes_per_step"]

    assert found == 2 * (2 * MISTRAL_LAYER + 64 + 512 * 64)
