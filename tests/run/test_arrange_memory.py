"""A model that this machine can't hold is left out of the plan before it is loaded, and one that fits is not."""

from dataclasses import replace
from pathlib import Path

import pytest
from fakes import GPU

from bench.files.models import read_model, weight_bytes
from bench.nouns import Cell, Check, HardwareProfile
from bench.run.arrange import Ask, _why_not
from bench.run.host import Host
from bench.run.sensors import Sensors
from bench.units import BYTES_PER_GIB

MODEL = read_model("mistral-7b")
CELL = Cell(engine="transformers", model="mistral-7b", precision="bf16", workload="prompt-32-8")
# weights and a fifth of them, and a GiB beside: what nllb-600m was measured to hold
NEEDED_BYTES = 1.2 * weight_bytes(MODEL, "bf16") + BYTES_PER_GIB


class Engine:
    """One that can be used, whatever is installed."""

    def check(self):
        return Check(name="engine", status="ok", reason="a fake")


def on(memory_bytes, *boards):
    """A machine with so much memory, and boards."""
    return Host(
        profile=HardwareProfile(name="m", title="m", kind="machine"), memory_bytes=memory_bytes,
        sensors=Sensors(meters={}, sources=boards, checks=()),
    )  # fmt: skip


def board(free_bytes):
    return replace(GPU, details={"memory_free_bytes": free_bytes})


def why_not(host, cell=CELL):
    return _why_not(Ask(names=(), out=Path()), host, cell, MODEL, None, Engine())


@pytest.mark.parametrize("host", [on, lambda free: on(1e15, board(free)), lambda free: on(1.0, board(free))])
def test_a_model_needs_its_weights_and_a_fifth_more_and_a_gib(host):
    """Of the board's memory where there is one, else of the machine's: a byte less is too little."""
    too_little = why_not(host(NEEDED_BYTES - 1))

    assert why_not(host(NEEDED_BYTES)) is None
    assert too_little.startswith(f"needs about {NEEDED_BYTES / BYTES_PER_GIB:.1f} GiB of memory")


def test_the_first_board_is_the_one_that_must_hold_it():
    """The engine loads one board; another one's memory is no help."""
    assert why_not(on(1e15, board(NEEDED_BYTES - 1), board(1e15))) is not None
    assert why_not(on(1e15, board(NEEDED_BYTES), board(1.0))) is None


def test_what_is_not_known_excludes_nothing_and_a_pretend_engine_needs_nothing():
    """A container that hides its limit; echo, which loads no weights."""
    assert why_not(on(None)) is None
    assert why_not(on(1.0), replace(CELL, engine="echo")) is None
