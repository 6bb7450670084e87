"""Models in their declared architecture with seeded random weights: the same numbers for every engine.

Libraries are handed in as values and imported nowhere: asking an engine whether it can run must stay cheap.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

from bench.nouns import ModelSpec

STD = 0.02  # the initializer_range of Mistral, Phi-3, gpt-oss and M2M-100 in transformers 5.23
_CHUNK = 1 << 24  # parameters drawn from one generator: the same numbers whatever the number of threads


def fill_seeded(torch: ModuleType, model: Any, seed: int) -> None:
    """Overwrites every parameter: N(0, 0.02²), norms' weights 1, biases 0. Buffers are left as they were built.

    The numbers depend on the seed and on the kind of device only.
    """
    jobs = []
    numbers = itertools.count()
    for name, parameter in model.named_parameters():
        tensor = parameter.data
        if tensor.ndim == 1 and name.endswith("weight"):
            tensor.fill_(1.0)
        elif tensor.ndim == 1 and name.endswith("bias"):
            tensor.zero_()
        else:
            flat = tensor.view(-1)
            jobs += [(flat[i : i + _CHUNK], next(numbers)) for i in range(0, flat.numel(), _CHUNK)]

    def draw(job: tuple[Any, int]) -> None:
        chunk, number = job
        generator = torch.Generator(device=chunk.device)
        generator.manual_seed((seed * 1_000_003 + number) % (1 << 31))  # the CPU's Mersenne twister takes 32 bits
        chunk.normal_(0.0, STD, generator=generator)

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        list(pool.map(draw, jobs))


def transformers_model(
    torch: ModuleType, transformers: ModuleType, spec: ModelSpec, *, seed: int, dtype: Any, device: str
) -> Any:
    """A causal language model or a translator of transformers, built on the device itself.

    Not on the meta device: `to_empty` would leave buffers that no checkpoint holds (rotary `inv_freq`,
    sinusoidal positions) as whatever lay in memory.
    """
    from transformers.initialization import no_init_weights  # an initialisation that would be overwritten

    translates = spec.family == "translation"
    build = transformers.AutoModelForSeq2SeqLM if translates else transformers.AutoModelForCausalLM
    settings = {key: None if value == "none" else value for key, value in spec.config.items()}
    config = transformers.AutoConfig.for_model(spec.architecture, **settings)
    with torch.device(device), no_init_weights():
        model = build.from_config(config, dtype=dtype)
    model.tie_weights()  # part of the initialisation that was skipped
    fill_seeded(torch, model, seed)
    return model


def whisper_model(torch: ModuleType, whisper: ModuleType, spec: ModelSpec, *, seed: int, device: str) -> Any:
    """A model of openai-whisper in fp32."""
    with torch.device(device):  # not meta, which makes no sparse buffer
        model = whisper.model.Whisper(whisper.model.ModelDimensions(**spec.config))
    fill_seeded(torch, model, seed)
    return model
