"""Where a model's published weights are, and that they are its own."""

from types import ModuleType

from bench.errors import BadInput
from bench.nouns import LoadSpec


def published_path(transformers: ModuleType, spec: LoadSpec) -> str:
    """The folder or hub id that was given or declared. Raises BadInput for none, or another architecture."""
    path = spec.path or spec.model.hub
    if path is None:
        raise BadInput(
            f"{spec.model.name} has no published weights: give a local folder, or use synthetic weights"
        )
    found = transformers.AutoConfig.from_pretrained(path).model_type
    if found != spec.model.architecture:
        raise BadInput(f"{path!r} holds a {found}, {spec.model.name} is a {spec.model.architecture}")
    return path
