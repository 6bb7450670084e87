"""The words that nouns are made of: what a boundary, a basis, a phase or a family can be."""

from typing import Literal, TypeAlias

Domain: TypeAlias = str  # "gpu:0", "cpu-package:0", "dram:0", "platform", "host"
Boundary: TypeAlias = Literal["gpu", "cpu", "dram", "platform", "host", "wall"]
Basis: TypeAlias = Literal["measured", "modelled", "excluded"]
Phase: TypeAlias = Literal["idle", "load", "warmup", "prepare", "work"]
Family: TypeAlias = Literal["speech", "translation", "causal-lm", "classifier", "video"]
Weights: TypeAlias = Literal["synthetic", "pretrained"]
Fact: TypeAlias = str | int | float | bool | None
