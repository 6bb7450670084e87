"""What was asked for, where it runs, and what is recorded of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.engines import STATIC_BATCH_NOTE, SYNTHETIC_NOTE
from bench.loading.boards import Board
from bench.loading.seeded import STD
from bench.nouns import Fact, Loaded, LoadSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class OrtSetting:
    """A model's files, the device, and how its threads wait."""

    spec: LoadSpec
    board: Board
    folder: Path
    about: Mapping[str, Any]
    threads: int
    spinning: bool
    version: str


def loaded_record(setting: OrtSetting, facts: Mapping[str, Fact]) -> Loaded:
    """What was really loaded."""
    spec = setting.spec
    synthetic = spec.weights == "synthetic"
    seeded: dict[str, Fact] = {"weights_seed": spec.seed, "weights_generator": f"torch cpu, N(0, {STD}²)"}
    common: dict[str, Fact] = {
        "threads": setting.threads,
        "inter_op_threads": 1,
        "allow_spinning": setting.spinning,
        "graph_optimization": "all",
    }
    return Loaded(
        engine="onnxruntime",
        engine_version=setting.version,
        precision=spec.precision,
        weights=spec.weights,
        device=setting.board.identity,
        device_name=setting.board.name,
        parameters=int(setting.about["parameters"]),
        notes=(*((SYNTHETIC_NOTE,) if synthetic else ()), STATIC_BATCH_NOTE),
        facts={**(seeded if synthetic else {}), **common, **setting.about["facts"], **facts},
    )
