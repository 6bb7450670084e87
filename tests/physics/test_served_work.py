"""Where a server's work was done, from either side of what is chosen: boards that wake, and work that goes on."""

from dataclasses import replace

import pytest
from fakes import GPU, HOST, seconds
from sound_cell import OUTCOMES, cell

from bench.nouns import Endpoint, WindowEnergy
from bench.physics.served_work import misplaced

OTHER = replace(GPU, domain="gpu:1", device="GPU-2")


def drawing(source, **watts):
    """The energies of a second each, by the kind of window."""
    windows = {"idle": ("idle", "resident-1"), "work": ("work", "1"), "after": ("idle", "after-1")}
    return [
        WindowEnergy(
            domain=source.domain, device=source.device, boundary=source.boundary, basis=source.basis,
            energy_j=watts[name], low_j=watts[name], high_j=watts[name], start_ns=0, end_ns=seconds(1.0),
            method="counter", phase=phase, label=label,
        )
        for name, (phase, label) in windows.items() if name in watts
    ]  # fmt: skip


def served(*sources, load_s=0.0):
    """The sound run, of a server."""
    run = cell(sources=sources, outcomes=[replace(o, server={"load_s": load_s}) for o in OUTCOMES])
    return replace(run, spec=replace(run.spec, endpoint=Endpoint(url="http://127.0.0.1:1")))


def said(run, energies):
    return [(v.name, v.level, v.domain) for v in misplaced(run, energies)]


@pytest.mark.parametrize(
    ("idle_w", "work_w", "void"),
    [(40.0, 44.9, False), (40.0, 45.0, True), (100.0, 109.5, False), (100.0, 110.5, True)],
)
def test_a_board_that_rises_by_five_watts_and_a_tenth_worked(idle_w, work_w, void):
    """A few watts are a board that wakes for a look at it; a tenth of a big board's idle is no more than noise."""
    energies = drawing(OTHER, idle=idle_w, work=work_w)

    assert said(served(GPU, OTHER), energies) == [("another board worked", "void", None)] * void


@pytest.mark.parametrize(
    ("idle_w", "work_w", "after_w", "told"),
    [
        (100.0, 200.0, 125.0, False), (100.0, 200.0, 125.5, True),  # a quarter of its rise
        (400.0, 440.0, 420.0, False), (400.0, 440.0, 420.5, True),  # a twentieth of its idle
        (100.0, 100.0, 130.0, False),  # it never rose
    ],
)  # fmt: skip
@pytest.mark.parametrize(("source", "level"), [(GPU, "flag"), (HOST, "void")])
def test_work_goes_on_above_a_quarter_of_the_rise_and_a_twentieth_of_idle(
    source, level, idle_w, work_w, after_w, told
):
    """A board's clocks may fall slowly, so that it is flagged; a machine's utilisation does not."""
    energies = drawing(source, idle=idle_w, work=work_w, after=after_w)

    assert said(served(source), energies) == [("work after the answers", level, source.domain)] * told


@pytest.mark.parametrize(("load_s", "void"), [(0.25, False), (0.26, True)])
def test_a_model_that_is_loaded_inside_a_request_voids(load_s, void):
    assert said(served(GPU, load_s=load_s), []) == [("model loaded anew", "void", None)] * void


def test_without_a_server_nothing_is_misplaced():
    """The same energies, of an engine in process."""
    assert misplaced(cell(sources=(GPU, OTHER)), drawing(OTHER, idle=40.0, work=400.0)) == []
