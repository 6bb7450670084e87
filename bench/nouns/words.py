"""The words that nouns are made of: what a boundary, a basis, a phase or a family can be."""

from typing import Literal, TypeAlias, get_args

Device: TypeAlias = str  # "GPU-<uuid>", "cpu": what did the work, by its own name
Domain: TypeAlias = str  # "gpu:0", "cpu-package:0", "dram:0", "platform", "host"
Boundary: TypeAlias = Literal["gpu", "cpu", "dram", "platform", "host", "wall"]
BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)  # in the order of every table
Basis: TypeAlias = Literal["measured", "modelled", "excluded"]
Phase: TypeAlias = Literal["idle", "load", "warmup", "prepare", "work"]
Family: TypeAlias = Literal["speech", "translation", "causal-lm", "classifier", "video", "api"]
# "served": as a server holds them, and what they are is the server's word
Weights: TypeAlias = Literal["synthetic", "pretrained", "served"]
ELSEWHERE = "elsewhere"  # the device of a server on another machine, and the meter that says so
Fact: TypeAlias = str | int | float | bool | None
# Why a request to a server gave nothing that can be counted. `status`: not the one expected; `busy`: 429 or 503;
# `usage`: what the server says it delivered is missing, impossible or contradicts what came; `cached`: answered
# without the work; `ended`: the stream stopped without its end; `wrong-model`: another model answered.
Cause: TypeAlias = Literal[
    "refused",
    "timeout",
    "dropped",
    "malformed",
    "resent",
    "status",
    "busy",
    "usage",
    "cached",
    "ended",
    "wrong-model",
    "failed",
]


def is_gpu(device: Device) -> bool:
    """Whether a device is a graphics board; NVML and CUDA both call it GPU-<uuid>."""
    return device.startswith("GPU-")


def of_module(domain: Domain) -> bool:
    """Whether a domain is a module's, as `module:0` is: a board, and the CPU and memory beside it."""
    return domain.startswith("module:")
