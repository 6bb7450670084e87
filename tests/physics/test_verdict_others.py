"""Other people's work is told from our own, and touches only what it was counted in."""

from dataclasses import replace

import pytest
from fakes import GPU, HOST, ticking
from sound_cell import COUNTER, GAUGE, MIB, WORK_W, WORKING, at_work, busy, cell, drawn_w, judged, looks

from bench.nouns import Run

PACKAGE = replace(
    HOST, domain="cpu-package:0", meter="rapl", boundary="cpu", basis="measured", device="intel-rapl:0",
    fields=("counter",),
)  # fmt: skip
MEMORY = replace(PACKAGE, domain="dram:0", boundary="dram", device="intel-rapl:0:0")
FOREIGN = "foreign processes"
NOT_OURS = "NVML's process ids are not this container's"


def test_a_busy_machine_touches_what_counts_its_cpus_and_no_gpu():
    """RAPL's packages and memory hold everybody's work, as the modelled host does; a GPU does not."""
    counters = [replace(r, domain=d) for d in ("cpu-package:0", "dram:0") for r in COUNTER]
    load = [*busy("busy_s", 0.3, (0.0, 3.0)), *busy("steal_s", 0.2, WORKING[0])]
    told = [replace(c, domain="cpu-package:0") for c in load]

    found = judged(cell(*counters, *told, readings=(*COUNTER, *GAUGE), sources=(GPU, PACKAGE, MEMORY)))

    assert {(v.name, v.domain, v.level) for v in found} == {
        (name, domain, "void") for name in ("busy machine", "steal time") for domain in ("cpu-package:0", "dram:0")
    }


@pytest.mark.parametrize("span", [(0.0, 3.0), (3.4, 5.7)])
def test_a_machine_is_watched_before_loading_and_after(span):
    """What was busy before the start goes on during the work, whichever idle shows it."""
    assert [v.name for v in judged(cell(*busy("busy_s", 0.5, span)))] == ["busy machine"]


@pytest.mark.parametrize(("until_s", "names"), [(2.7, ["busy board"]), (0.9, [])])
def test_a_board_is_watched_before_loading_too_by_its_median(until_s, names):
    """Half of the bare looks in use are somebody's work; a single one is the driver's look at the past."""
    used = looks("utilisation_ratio", lambda t: 1.0 if t < until_s or drawn_w(t) == WORK_W else 0.0)

    assert [v.name for v in judged(cell(*used))] == names


def test_others_that_only_sit_there_are_a_remark():
    """Memory alone draws next to nothing."""
    there = looks("foreign_processes", at_work(1, 1))

    found = judged(cell(*there, *looks("own_processes", at_work(1))))

    assert [(v.name, v.level) for v in found] == [(FOREIGN, "flag")]


def test_others_that_start_during_the_work_void():
    """Whoever loads a model meanwhile has worked."""
    starting = looks("foreign_processes", lambda t: 2.0 if t > 20 else 1.0)

    found = judged(cell(*starting, *looks("own_processes", at_work(1))))

    assert [(v.name, v.level, v.domain) for v in found] == [(FOREIGN, "void", "gpu:0")]
    assert "1 to 2 of them during the work" in found[0].evidence


def test_others_on_another_board_are_nobodys_business():
    """Work on a board that is not the engine's draws from that board."""
    other = replace(GPU, domain="gpu:1", device="GPU-2")
    there = looks("foreign_processes", at_work(3, 3), "gpu:1")
    readings = [replace(r, domain="gpu:1") for r in (*COUNTER, *GAUGE)]

    assert judged(cell(*there, *readings, sources=(GPU, other, HOST))) == ()


def contained(at_rest_mib: float, came_mib: float, *more: object) -> Run:
    """In a container: process ids are the host's, and memory is all that tells. Our own loading takes 2 GB."""

    def held_bytes(t: float) -> float:
        return (at_rest_mib + (2000 if t > 3 else 0) + (came_mib if 4.0 < t < 5.0 else 0)) * MIB

    ids = [*looks("process_count", at_work(1)), *looks("own_processes", at_work(0))]
    return cell(*ids, *looks("memory_allocated_bytes", held_bytes, every_s=0.25), *more)


@pytest.mark.parametrize(
    ("run", "level", "said"),
    [
        (contained(65, 0), "flag", "65 MiB of its memory were held before anything was loaded"),
        (contained(0, 65), "void", "65 MiB of its memory came or went while nothing was asked"),
        (contained(65, 0, *looks("utilisation_ratio", at_work(1, 0.06))), "void", "in use 6% of the time"),
    ],
)
def test_in_a_container_memory_and_use_tell_of_others(run, level, said):
    """What our own loading and work allocate explains nothing at rest; the evidence says how it was found."""
    [found] = [v for v in judged(run) if v.name == FOREIGN]

    assert (found.level, found.domain) == (level, "gpu:0")
    assert said in found.evidence
    assert NOT_OURS in found.evidence


@pytest.mark.parametrize("run", [contained(64, 0), contained(0, 64)])
def test_less_memory_than_any_context_takes_is_the_drivers_own(run):
    """64 MiB held, or 64 MiB that come and go, accuse nobody."""
    assert judged(run) == ()


def test_process_ids_of_another_namespace_are_not_believed():
    """A host's id can also be some process of the container: our own is not among them, so none is believed."""
    strangers = [*looks("foreign_processes", at_work(1)), *looks("own_processes", at_work(0))]

    assert judged(cell(*strangers, *looks("process_count", at_work(1)))) == ()


def test_a_later_cell_of_a_group_has_no_bare_idle_and_no_verdict_for_it():
    """Its model was in memory all the time, which explains what is held."""
    run = contained(65, 0)
    later = replace(run, trace=replace(run.trace, windows=run.trace.windows[3:]))

    assert judged(later) == ()


def test_work_below_idle_is_forbidden_for_the_cpu_that_did_it():
    """A CPU is matched by boundary: its packages have no UUID."""
    rest = ticking(lambda t: 60.0 if drawn_w(t) == WORK_W else 100.0, 0, 28, domain="cpu-package:0")
    run = cell(readings=rest, sources=(PACKAGE,))
    on_cpu = replace(run, loaded=replace(run.loaded, device="cpu"))

    assert [(v.name, v.domain) for v in judged(on_cpu)] == [("below idle", "cpu-package:0")]
