"""Which board a library is given: the asked device or none, never another one without a word."""

from dataclasses import replace

import pytest

import bench.loading.boards as boards
from bench.errors import CannotRun
from bench.loading.boards import CPU, Board, open_board
from bench.nouns import LoadSpec, ModelSpec

FIRST = Board(kind="cuda", identity="GPU-1", name="Fake")
MODEL = ModelSpec(
    name="m", family="causal-lm", title="m", parameters=1, active_parameters=1, architecture="a", config={},
    engines=(), precisions=("fp32",), hub=None, licence="", source="made in a test",
)  # fmt: skip
AUTO = LoadSpec(model=MODEL, precision="fp32", weights="synthetic")


@pytest.fixture
def machine(monkeypatch):
    """A machine on which CUDA's driver gives this board first, or none."""
    return lambda board: monkeypatch.setattr(boards, "first_cuda_device", lambda: board)


def opened(device, *, built_with_cuda):
    return open_board(replace(AUTO, device=device), runs_on_cuda=lambda: built_with_cuda)


def test_the_asked_device_is_taken_and_none_means_the_board_where_there_is_one(machine):
    """GPU on and off, on one machine."""
    machine(FIRST)

    assert opened("auto", built_with_cuda=True) == opened("cuda", built_with_cuda=True) == FIRST
    assert opened("cpu", built_with_cuda=True) == opened("auto", built_with_cuda=False) == CPU


@pytest.mark.parametrize(("board", "built_with_cuda"), [(FIRST, False), (None, True), (None, False)])
def test_a_board_that_is_not_to_be_had_is_refused_with_what_helps(machine, board, built_with_cuda):
    """A library without CUDA on a machine with it, and the other way round: nothing falls to the CPU."""
    machine(board)

    with pytest.raises(CannotRun, match="CUDA build, or ask for device=cpu"):
        opened("cuda", built_with_cuda=built_with_cuda)


def test_work_that_is_kept_off_the_board_does_not_wake_its_driver(machine, monkeypatch):
    """Neither CUDA nor the library is asked."""

    def asked():
        raise AssertionError("the driver was asked")

    monkeypatch.setattr(boards, "first_cuda_device", asked)

    assert open_board(replace(AUTO, device="cpu"), runs_on_cuda=asked) == CPU
