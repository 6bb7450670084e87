"""A limit of joules: how it is written, and which end of an interval it is held against."""

from dataclasses import replace

import pytest
from fakes import FakeClock, FakeRecorder, FakeSession

from bench.errors import BadInput
from bench.nouns import WindowEnergy
from bench.report.call_limit import judge, limit
from bench.run.calls import CallMeter


def call(energy_j=1.0, half_j=0.1, domain="gpu:0", boundary="gpu", basis="measured"):
    return WindowEnergy(
        domain=domain, device=domain, boundary=boundary, basis=basis, energy_j=energy_j, low_j=energy_j - half_j,
        high_j=energy_j + half_j, start_ns=0, end_ns=1, method="counter",
    )  # fmt: skip


def void(one, reason):
    return replace(one, energy_j=None, low_j=None, high_j=None, reasons=(reason,))


@pytest.mark.parametrize(
    ("text", "joules"),
    [("5J", 5.0), ("200mJ", 0.2), ("200 mJ", 0.2), (" 1.5 kJ ", 1500.0), ("3 µJ", 3e-6), ("3uJ", 3e-6),
     (".5 J", 0.5), ("1 mWh", 3.6), ("2Wh", 7200.0)],
)  # fmt: skip
def test_a_limit_is_a_number_and_a_unit(text, joules):
    """As people write it."""
    assert limit(text).most_j == pytest.approx(joules)


@pytest.mark.parametrize("text", ["5", "5 MJ", "5 W", "0 J", "-1 J", "J", "", "1e3 J", "nan J", None, 5])
def test_what_is_no_limit_is_refused_with_what_is(text):
    """MJ too: one key from mJ, nine orders of magnitude away."""
    with pytest.raises(BadInput, match="as in '200 mJ'"):
        limit(text)


def test_a_boundary_that_is_none_is_refused():
    """A limit that is about nothing would never fail."""
    with pytest.raises(BadInput, match="gpu, cpu"):
        limit("1 J", "gpus")


@pytest.mark.parametrize(
    ("text", "judgement"),
    [("0.89 J", "over"), ("0.9 J", "undecided"), ("1.09 J", "undecided"), ("1.1 J", "within")],
)
def test_over_is_what_exceeds_the_lower_end(text, judgement):
    """1.0 (0.9 to 1.1) J: certainly more than 0.89, certainly no more than 1.1, else undecided."""
    assert judge(limit(text), [call()]).judgement == judgement


def test_each_boundary_is_held_against_a_limit_of_none_alone():
    """They are never added: 1 J of a GPU and 1 J of its host may keep to 1.5 J; one that is over is enough."""
    host = call(1.0, 0.1, "host", "host", "modelled")

    assert judge(limit("1.5 J"), [call(), host]).judgement == "within"
    assert judge(limit("1.5 J"), [call(), replace(host, energy_j=2.0, low_j=1.6, high_j=3.0)]).judgement == "over"
    assert judge(limit("1.5 J", "gpu"), [call(), replace(host, low_j=1.6)]).judgement == "within"


def test_boards_are_one_boundary_and_one_board_a_domain():
    """Two GPUs of 1 J are 2 J of gpu, and 1 J of gpu:1."""
    boards = [call(), call(domain="gpu:1")]

    assert judge(limit("1.5 J", "gpu"), boards).judgement == "over"
    assert judge(limit("1.5 J", "gpu:1"), boards).judgement == "within"


def test_where_nothing_is_known_the_reason_is_said():
    """Void, excluded, or not there at all."""
    excluded = replace(void(call(), "a slice of a board (MIG)"), basis="excluded")

    gone = judge(limit("1 J", "gpu"), [void(call(), "the counter stood still")])
    sliced = judge(limit("1 J", "gpu"), [excluded])
    none = judge(limit("1 J", "dram"), [call()])

    assert [one.judgement for one in (gone, sliced, none)] == ["unmeasured"] * 3
    assert "the counter stood still" in gone.why
    assert "MIG" in sliced.why
    assert "joulemark doctor" in none.why


def test_a_void_part_leaves_a_limit_undecided_and_never_kept():
    """The host is within; what the board took nobody knows."""
    host = call(0.1, 0.01, "host", "host", "modelled")

    found = judge(limit("1 J"), [void(call(), "lost"), host])
    assert found.judgement == "undecided"
    assert "void: gpu: gpu:0: lost" in found.why


def test_a_device_that_is_not_read_leaves_a_limit_undecided():
    """The call may have worked on the CPU, which nobody may read here; the idle board kept to 5 J."""
    cpu = call(domain="cpu-package:0", boundary="cpu")
    excluded = replace(void(cpu, "RAPL: permission denied"), basis="excluded")

    found = judge(limit("5 J"), [call(), excluded])
    assert found.judgement == "undecided"
    assert found.why == "cpu-package:0 is not read: RAPL: permission denied"
    assert (
        judge(limit("5 J", "cpu"), [call(), cpu, replace(excluded, domain="cpu-package:1")]).judgement
        == "undecided"
    )
    assert judge(limit("5 J", "gpu"), [call(), excluded]).judgement == "within"
    assert judge(limit("0.5 J"), [call(), excluded]).judgement == "over"


def test_a_figure_that_holds_what_is_not_read_decides():
    """At the plug the CPU is in it."""
    excluded = replace(void(call(domain="cpu-package:0", boundary="cpu"), "permission denied"), basis="excluded")
    wall = call(2.0, 0.1, "wall:0", "wall")

    assert judge(limit("5 J"), [wall, excluded]).judgement == "within"


def test_modelled_and_simulated_figures_are_called_that():
    """In the sentence that fails a test."""
    modelled = judge(limit("0.1 J"), [call(1.0, 0.1, "host", "host", "modelled")])
    double = judge(limit("0.1 J"), [replace(call(), flags=("a test double: SIMULATED A100, a program",))])

    assert "MODELLED, host" in modelled.why
    assert "SIMULATED, gpu" in double.why


class Opening:
    """Recorders that are opened; the first is dead when it is next asked."""

    def __init__(self):
        self.opened, self.closed = [], 0

    def __call__(self):
        session = FakeSession(FakeClock())
        self.opened.append(FakeRecorder(session.clock, session))
        return self

    def __enter__(self):
        return self.opened[-1]

    def __exit__(self, *_):
        self.closed += 1


def test_sensors_that_died_between_two_tests_are_opened_anew():
    """Each time; a function's own error is the function's, and the sensors stay open after it."""
    opening = Opening()
    meter = CallMeter(opening)

    def loop(calls):
        opening.opened[-1].die = len(opening.opened) < 3
        raise KeyError("the function's own")

    for expected in (KeyError, KeyError, KeyError):
        with pytest.raises(expected):
            meter.measure(loop)
    meter.close()

    assert (len(opening.opened), opening.closed) == (3, 3)
