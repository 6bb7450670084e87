"""The ledger never mixes, never shrinks, and says what it leaves out."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BadInput
from bench.nouns import Verdict, WindowEnergy
from bench.physics.ledger import PUE, judged, ledger, total, with_pue

BOUNDARIES = {
    "gpu:0": "gpu", "gpu:1": "gpu", "gpu:10": "gpu", "cpu-package:0": "cpu", "cpu-package:1": "cpu",
    "dram:0": "dram", "platform": "platform", "host": "host", "wall": "wall",
}  # fmt: skip
BASES = {"host": "modelled", "wall": "modelled"}


def energy(domain="gpu:0", energy_j=100.0, half_j=5.0, **more):
    """A domain's window; `energy_j` None is void, basis excluded has none."""
    gap = energy_j is None
    made = {
        "domain": domain, "device": f"GPU-{domain}", "boundary": BOUNDARIES[domain],
        "basis": BASES.get(domain, "measured"), "energy_j": energy_j,
        "low_j": None if gap else max(0.0, energy_j - half_j), "high_j": None if gap else energy_j + half_j,
        "start_ns": 0, "end_ns": 1, "method": "none" if gap else "counter",
        "reasons": (f"{domain} says why",) if gap else (),
    }  # fmt: skip
    return WindowEnergy(**{**made, **more})


def excluded(domain, reason="MIG is on"):
    return energy(domain, None, basis="excluded", reasons=(reason,))


joules = st.one_of(st.none(), st.floats(1e-3, 1e7))
energies = st.lists(
    st.one_of(
        st.builds(energy, st.sampled_from(sorted(BOUNDARIES)), joules, st.floats(0, 1e5)),
        st.builds(excluded, st.sampled_from(["gpu:0", "gpu:1", "dram:0"])),
    ),
    max_size=12,
)


def same(one, other):
    """Whether two ledgers agree, sums within a rounding of their order."""
    assert [(e.basis, e.boundary, e.domains, e.inside, e.reasons) for e in one.entries] == [
        (e.basis, e.boundary, e.domains, e.inside, e.reasons) for e in other.entries
    ]
    for a, b in zip(one.entries, other.entries, strict=True):
        for name in ("energy_j", "low_j", "high_j"):
            x, y = getattr(a, name), getattr(b, name)
            assert (x is None and y is None) or x == pytest.approx(y, rel=1e-12, abs=1e-9)


def module(number, energy_j=700.0):
    return replace(energy("platform", energy_j, device=f"GPU-{number}"), domain=f"module:{number}")


def test_two_boards_that_may_show_one_module_are_never_added():
    """Each stands in its own line; the sum is a gap with the reason, not the module's energy twice."""
    (entry,) = ledger([module(0), module(1)]).entries

    assert (entry.boundary, entry.energy_j, entry.low_j, entry.high_j) == ("platform", None, None, None)
    assert "boards of one module" in entry.reasons[0]
    assert ledger([module(0), module(0)]).entries[0].energy_j == 1400.0  # two windows of one board


def test_a_module_holds_its_board_its_cpu_and_its_memory():
    """So that none of them is called missing, or counted beside it."""
    made = ledger([module(0)])

    assert made.entries[0].holds == ("gpu", "cpu", "dram")
    assert [x.what for x in made.excluded] == ["wall", PUE]
    assert ledger([module(0), energy("cpu-package:0")]).entries[0].inside == ("platform",)


def test_a_part_of_a_boundary_is_called_a_part():
    """One package of two is not the CPU, and the figure itself says so."""
    made = ledger([energy("cpu-package:0"), excluded("cpu-package:1"), energy("gpu:0")])

    assert [(e.boundary, e.notes) for e in made.entries] == [
        ("gpu", ()),
        ("cpu", ("a part: without cpu-package:1",)),
    ]
    assert total([made, made]).entries[1].notes == ("a part: without cpu-package:1",)


def test_of_two_modules_the_one_that_did_no_work_stands_apart():
    """The engine's board is known by its UUID."""
    made = ledger([module(0), module(1)], device="GPU-1")

    assert [(e.domains, e.energy_j) for e in made.entries] == [(("module:1",), 700.0)]
    assert [(e.domains, e.energy_j) for e in made.apart] == [(("module:0",), 700.0)]


def test_a_figure_that_is_not_what_it_seems_says_so_in_the_ledger():
    """A test double's joules look like a meter's otherwise."""
    (entry,) = ledger([energy("wall", flags=("a test double: 5 W by declaration", "only 3 ticks"))]).entries

    assert entry.notes == ("a test double: 5 W by declaration",)


@given(energies, st.randoms(use_true_random=False))
def test_order_changes_nothing(found, random):
    """Domains in any order give the same ledger to the last bit: sums are rounded once."""
    shuffled = list(found)
    random.shuffle(shuffled)

    assert ledger(shuffled) == ledger(found)


@given(st.lists(st.sampled_from(sorted(BOUNDARIES)), min_size=1, max_size=5, unique=True), st.data())
def test_adjacent_windows_add(domains, data):
    """The ledger of two windows is the sum of theirs: values, both ends, gaps and what is excluded."""
    first, second = ([energy(d, data.draw(joules)) for d in domains] + [excluded("gpu:1")] for _ in range(2))

    both = ledger([*first, *second])
    summed = total([ledger(first), ledger(second)])

    same(both, summed)
    assert both.excluded == summed.excluded
    assert {x.what: x.windows for x in both.excluded}["gpu:1"] == 2


@given(energies)
def test_no_entry_mixes_bases_or_boundaries(found):
    """Every entry is the sum of exactly the energies of its own basis and boundary."""
    made = ledger(found)

    keys = [(entry.basis, entry.boundary) for entry in made.entries]
    assert len(keys) == len(set(keys))
    assert set(keys) == {(e.basis, e.boundary) for e in found if e.basis != "excluded"}
    for entry in made.entries:
        mine = [e for e in found if (e.basis, e.boundary) == (entry.basis, entry.boundary)]
        assert set(entry.domains) == {e.domain for e in mine}
        if any(e.energy_j is None for e in mine):
            assert (entry.energy_j, entry.low_j, entry.high_j) == (None, None, None)
            assert entry.reasons
        else:
            assert entry.energy_j == math.fsum(e.energy_j for e in mine)
            assert entry.low_j <= entry.energy_j <= entry.high_j
            assert entry.reasons == ()


@given(energies)
def test_the_excluded_never_contribute(found):
    """Without them the entries are the same but for saying so, and each of them is told with its reason."""
    kept = [e for e in found if e.basis != "excluded"]
    made = ledger(found)

    assert tuple(replace(entry, notes=()) for entry in made.entries) == ledger(kept).entries
    left = {(x.what, x.reason) for x in made.excluded}
    assert {(e.domain, e.reasons[0]) for e in found if e.basis == "excluded"} <= left
    assert all(entry.basis in ("measured", "modelled") for entry in made.entries)


def test_a_void_board_makes_a_gap_and_not_a_smaller_sum():
    """300 J beside a board that died is not 300 J."""
    made = ledger([energy("gpu:0", 300.0), energy("gpu:1", None), energy("cpu-package:0", 50.0)])

    gpu, cpu = made.entries
    assert (gpu.energy_j, gpu.low_j, gpu.high_j) == (None, None, None)
    assert gpu.reasons == ("gpu:1 says why",)
    assert cpu.energy_j == 50.0


def test_the_ends_of_intervals_add():
    """What boards share is not known, so the sum is as wide as the worst of it: 95 to 105 and 180 to 220."""
    [gpu] = ledger([energy("gpu:0", 100.0, 5.0), energy("gpu:1", 200.0, 20.0)]).entries

    assert (gpu.low_j, gpu.energy_j, gpu.high_j) == (275.0, 300.0, 325.0)
    assert gpu.domains == ("gpu:0", "gpu:1")


def test_psys_and_host_are_never_added_to_what_they_hold():
    """psys holds packages and memory, a host its server: each stands alone and says so."""
    made = ledger([energy(d) for d in ("cpu-package:0", "dram:0", "platform", "host")])

    assert [(e.boundary, e.inside) for e in made.entries] == [
        ("cpu", ("platform", "host")), ("dram", ("platform", "host")), ("platform", ("host",)), ("host", ()),
    ]  # fmt: skip
    assert all(e.energy_j == 100.0 for e in made.entries)


@pytest.mark.parametrize(
    ("domains", "unread"),
    [
        (["gpu:0", "host"], {"wall", PUE}),  # memory and CPU are inside the host
        (["gpu:0", "cpu-package:0"], {"dram", "wall", PUE}),
        (["gpu:0", "platform"], {"wall", PUE}),
        (["wall"], {PUE}),
        ([], {"gpu", "cpu", "dram", "wall", PUE}),
    ],
)
def test_what_nothing_covers_is_named(domains, unread):
    """A boundary without a figure is told, unless another that is there holds it."""
    made = ledger([energy(d) for d in domains])

    assert {x.what for x in made.excluded} == unread
    assert all(x.reason for x in made.excluded)


def test_an_excluded_domain_speaks_for_its_boundary():
    """Memory that may not be read is excluded once, with its own reason."""
    made = ledger([energy("cpu-package:0"), excluded("dram:0", "readable by root only")])

    assert [(x.what, x.reason) for x in made.excluded if x.boundary == "dram"] == [
        ("dram:0", "readable by root only")
    ]


def test_a_board_that_did_no_work_stands_apart():
    """The engine's own board is the sum, and the idle one's death does not void it."""
    made = ledger([energy("gpu:0"), energy("gpu:1", None), energy("gpu:10", 7.0)], device="GPU-gpu:0")

    assert [(e.domains, e.energy_j) for e in made.entries] == [(("gpu:0",), 100.0)]
    assert [(e.domains, e.energy_j) for e in made.apart] == [(("gpu:1",), None), (("gpu:10",), 7.0)]


def test_every_board_counts_where_the_whole_machine_is_metered():
    """`meter` knows no engine: nothing stands apart."""
    made = ledger([energy("gpu:0"), energy("gpu:1")])

    assert made.apart == ()
    assert made.entries[0].energy_j == 200.0


def test_work_on_a_board_that_nobody_reads_is_excluded_by_name():
    """Idle neighbours are no substitute for the board that worked."""
    made = ledger([energy("gpu:0"), energy("host")], device="GPU-unknown")

    assert [e.boundary for e in made.entries] == ["host"]
    assert "GPU-unknown" in {x.what for x in made.excluded}


def test_a_void_verdict_makes_a_gap_of_its_domain_alone():
    """A throttled board has no joules; the host beside it keeps its own."""
    throttled = Verdict(name="throttled", level="void", domain="gpu:0", evidence="0x20", remedy="cool it")
    flagged = Verdict(name="cap", level="flag", domain="host", evidence="0x4", remedy="none")

    gpu, host = ledger(judged([energy("gpu:0"), energy("host")], [throttled, flagged])).entries

    assert (gpu.energy_j, gpu.reasons) == (None, ("gpu:0: throttled: 0x20",))
    assert host.energy_j == 100.0


@given(energies, st.floats(1.0, 3.0))
def test_a_pue_factor_gives_modelled_entries_and_leaves_the_others(found, ratio):
    """Measured times a declared factor is no measurement; a gap stays a gap."""
    plain = ledger(found)
    made = with_pue(plain, ratio)

    assert made.entries == plain.entries
    assert {x.what for x in plain.excluded} - {x.what for x in made.excluded} == {PUE}
    assert all(e.basis == "modelled" for e in made.facility)
    for before, after in zip(plain.entries, made.facility, strict=True):
        assert after.boundary == before.boundary
        expected = [None if j is None else j * ratio for j in (before.energy_j, before.low_j, before.high_j)]
        assert [after.energy_j, after.low_j, after.high_j] == expected


@pytest.mark.parametrize("ratio", [0.99, 3.01, 0.0, -1.2, math.nan, math.inf, -math.inf])
def test_a_factor_that_no_building_has_is_refused(ratio):
    """PUE is never below 1, and above 3 it is mistyped."""
    with pytest.raises(BadInput, match="from 1 to 3"):
        with_pue(ledger([]), ratio)
