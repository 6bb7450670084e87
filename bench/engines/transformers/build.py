"""Models of transformers as asked for: synthetic, or from a folder or hub; and what a step reads of them."""

from types import ModuleType
from typing import Any

from bench.engines import Setting
from bench.engines.transformers.stored import stored_step_bytes
from bench.errors import BadInput, CannotRun
from bench.loading.seeded import transformers_model
from bench.nouns import Fact


def built_model(transformers: ModuleType, setting: Setting) -> Any:
    """The model, on its device, evaluating: in training mode dropout and layer drop would change the work."""
    translates = setting.spec.model.family == "translation"
    build = transformers.AutoModelForSeq2SeqLM if translates else transformers.AutoModelForCausalLM
    pretrained = setting.spec.weights == "pretrained"
    model = _pretrained(build, setting) if pretrained else _synthetic(transformers, setting)
    model.eval().requires_grad_(False)
    # the checkpoint's own settings (max_length, sampling, forced tokens) would fill what ours leave out
    model.generation_config = transformers.GenerationConfig()
    return model


def _pretrained(build: Any, setting: Setting) -> Any:
    declared = setting.spec.model
    path = setting.spec.path or declared.hub
    if path is None:
        raise BadInput(f"{declared.name} has no published weights: give a local folder, or use synthetic weights")
    try:
        model = build.from_pretrained(path, dtype=setting.runs.dtype)
    except (OSError, ValueError) as error:
        raise CannotRun(f"no weights from {path!r}: {error}; give a local folder that holds them") from error
    if model.config.model_type != declared.architecture:
        raise BadInput(f"{path!r} holds a {model.config.model_type}, {declared.name} is a {declared.architecture}")
    return model.to(setting.device.torch_name)


def _synthetic(transformers: ModuleType, setting: Setting) -> Any:
    torch, spec = setting.torch, setting.spec
    return transformers_model(
        torch, transformers, spec.model, seed=spec.seed, dtype=setting.runs.dtype, device=setting.device.torch_name
    )


def step_facts(model: Any) -> dict[str, Fact]:
    """What one decoding step reads at least: not the encoder, which ran before, nor a table that is looked up.

    Of a mixture's experts it reads those that one token takes; nothing is said where the mixture does not.
    """
    config, head = model.config, model.get_output_embeddings()
    experts, chosen = getattr(config, "num_local_experts", None), getattr(config, "num_experts_per_tok", None)
    taken_ratio = chosen / experts if experts and chosen else None
    if taken_ratio is None and any(".experts." in name for name, _ in model.named_parameters()):
        return {}
    table = model.get_input_embeddings().weight

    def share(name: str, parameter: Any) -> float:
        looked_up = (parameter is table and parameter is not head.weight) or "embed_positions" in name
        # keys and values of the source are made once, and kept
        before = ".encoder." in name or "encoder_attn.k_proj" in name or "encoder_attn.v_proj" in name
        if looked_up or before:
            return 0.0
        return taken_ratio if taken_ratio is not None and ".experts." in name else 1.0

    return {"weight_bytes_per_step": stored_step_bytes(model, share)}
