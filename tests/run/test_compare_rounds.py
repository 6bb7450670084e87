"""How rounds follow each other: A B B A …, on from where they ended, until they are enough."""

from dataclasses import replace

import pytest
from comparison_demo import sealed_round
from fakes import spec

from bench.errors import BadInput
from bench.files.models import read_model
from bench.nouns import Cell
from bench.run.candidates import Candidate
from bench.run.compare import recompute
from bench.run.compare_rounds import Arranged, RoundsAsk, _paths, left, measure_rounds, record_of
from bench.run.plan import Plan, PlannedCell
from bench.run.stopping import round_of
from bench.run.supervise import CellResult

CELLS = tuple(
    Cell(engine="echo", model="mistral-160m", precision=precision, workload="prompt-32-8")
    for precision in ("q8", "f16")
)
PLANNED = tuple(
    PlannedCell(cell=c, spec=replace(spec(), cell=c), model=read_model("mistral-160m"), seconds=1.0, kwh=None)
    for c in CELLS
)
PLAN = Plan(name="a round", weights="synthetic", hardware="fake-machine", cells=PLANNED)
ARRANGED = Arranged(id="c0ffee00", names=("q8", "f16"), cells=PLANNED, plan=PLAN, not_in_turns="as asked")


def ask(out, **more):
    return RoundsAsk(candidates=tuple(Candidate(cells=(c,)) for c in CELLS), out=out, **more)


class Machine:
    """Seals what it is told to run; `scatter`: how far q8 strays; `spoils`: void runs, each once."""

    def __init__(self, *, scatter=(0.0,), spoils=(), cuts=None, fails=None):
        self.ran, self.scatter, self.spoils, self.cuts, self.fails = [], scatter, list(spoils), cuts, fails

    def __call__(self, asked, plan, host, listen):
        for one in plan.cells:
            _, number = round_of(one.spec)
            key = (one.cell.precision, number)
            if self.cuts == key:
                raise KeyboardInterrupt
            if self.fails == key[0]:
                yield CellResult(cell=str(one.cell), status="failed", reason="no such file")
                continue
            self.ran.append(key)
            stray = self.scatter[(number - 1) % len(self.scatter)] if key[0] == "q8" else 0.0
            batch_s = {"q8": 0.3, "f16": 0.5}[key[0]] * (1 + number / 100 + stray)
            void = key in self.spoils
            if void:
                self.spoils.remove(key)
            watts = 20.0 if void else 400.0  # below its idle
            minute = 10 * number + len(self.ran)
            rule = one.spec.round.partition(f"/{number}/")[2]
            sealed_round(
                asked.out, number, precision=key[0], batch_s=batch_s, busy_w=watts, minute=minute, rule=rule
            )
            yield CellResult(cell=str(one.cell), status="void" if void else "done")


def measured(out, machine, **more):
    asked = ask(out, **more)
    list(measure_rounds(asked, ARRANGED, None, lambda _: None, run=machine))
    return asked


def test_rounds_are_interleaved(tmp_path):
    """A B B A A B, so that neither is always the second; and no more of them than asked for."""
    machine = Machine()
    asked = measured(tmp_path, machine, rounds=3)

    assert machine.ran == [("q8", 1), ("f16", 1), ("f16", 2), ("q8", 2), ("q8", 3), ("f16", 3)]
    assert left(asked, ARRANGED) == 0


def test_weights_alone_may_tell_candidates_apart(tmp_path):
    """One cell, two paths: each is asked for its own weights, and its runs are its own."""
    paths = ("full", "pruned")
    cells = tuple(
        replace(PLANNED[0], spec=replace(PLANNED[0].spec, weights="pretrained", weights_path=path))
        for path in paths
    )
    arranged = replace(ARRANGED, names=paths, cells=cells, shown={})
    asks = []

    def machine(asked, plan, host, listen):
        for one in plan.cells:
            asks.append((asked.weights_path, one.spec.weights_path))
            number, path = round_of(one.spec)[1], one.spec.weights_path
            sealed_round(
                asked.out, number, precision="q8", batch_s={"full": 0.5, "pruned": 0.3}[path],
                minute=10 * number + len(asks), made={"weights": "pretrained"},
                asked_for={"weights": "pretrained", "weights_path": path},
            )  # fmt: skip
            yield CellResult(cell=str(one.cell), status="done")

    asked = ask(tmp_path, rounds=2, weights="pretrained", weights_paths=paths)
    list(measure_rounds(asked, arranged, None, lambda _: None, run=machine))
    found = recompute(*record_of(asked, arranged))

    assert asks == [(path, path) for path in ("full", "pruned", "pruned", "full")]
    assert left(asked, arranged) == 0
    [time] = [r for r in found.works[0].pairs[0].ratios if r.measure == "time"]
    assert time.value == pytest.approx(0.5 / 0.3)


def test_the_same_call_goes_on_with_a_whole_round(tmp_path):
    """Cut off in the middle of round 2: round 1 is kept, round 2 is left, round 3 takes its place."""
    with pytest.raises(KeyboardInterrupt):
        measured(tmp_path, Machine(cuts=("q8", 2)), rounds=2)
    machine = Machine()
    asked = measured(tmp_path, machine, rounds=2)

    assert machine.ran == [("q8", 3), ("f16", 3)]
    made = recompute(*record_of(asked, ARRANGED))
    assert [r.rounds for r in made.works[0].pairs[0].ratios] == [2, 2, 2]


def test_a_void_run_is_tried_again_at_once(tmp_path):
    """A neighbour's burst costs one run, and not the round; what is void stays beside, with its reason."""
    machine = Machine(spoils=(("f16", 1),))
    asked = measured(tmp_path, machine, rounds=2)

    assert machine.ran == [("q8", 1), ("f16", 1), ("f16", 1), ("f16", 2), ("q8", 2)]
    made = recompute(*record_of(asked, ARRANGED))
    assert [r.rounds for r in made.works[0].pairs[0].ratios] == [2, 2, 2]
    assert len(made.set_apart) == 1
    assert "round 1 of f16" in made.set_apart[0]


def test_a_run_that_stays_void_costs_its_round_and_another_takes_its_place(tmp_path):
    """Tried three times: round 1 has no pair; two sound ones follow."""
    machine = Machine(spoils=(("f16", 1),) * 3)
    measured(tmp_path, machine, rounds=2)

    assert [number for _, number in machine.ran] == [1, 1, 1, 1, 2, 2, 3, 3]


def test_what_is_void_again_and_again_is_given_up(tmp_path):
    """Five rounds without a pair are enough to know; what is missing is told."""
    machine = Machine(spoils=tuple(("f16", n) for n in range(1, 9)) * 3)
    asked = measured(tmp_path, machine, rounds=2)

    assert [number for key, number in machine.ran if key == "q8"] == [1, 2, 3, 4, 5]
    assert left(asked, ARRANGED) == 2


def test_a_precision_that_is_reached_ends_the_rounds_early(tmp_path):
    """Rounds that agree: three are enough, and the comparison says how it ended."""
    machine = Machine()
    asked = measured(tmp_path, machine, precision_ratio=0.03)

    assert len(machine.ran) == 6
    record, known = record_of(asked, ARRANGED)
    assert "±3 %" in recompute(record, known).notes[-1]
    later, _ = record_of(ask(tmp_path, rounds=3), ARRANGED)  # typed without it: the rounds bear it
    assert later.stopping == record.stopping


def test_a_round_that_does_not_read_whole_is_named(tmp_path):
    """The disk lost a part of it: its round has no pair, and that is said."""
    asked = measured(tmp_path, Machine(), rounds=3)
    lost = sorted((tmp_path / "runs").glob("*q8"))[1]
    (lost / "outcomes.jsonl").unlink()
    record, known = record_of(asked, ARRANGED)
    made = recompute(record, known)

    assert [(one.run_id, one.candidate, one.round) for one in record.left_out] == [(lost.name, 0, 2)]
    assert made.set_apart[0].startswith(f"{lost.name}, round 2 of q8: does not read whole: ")
    assert [r.rounds for r in made.works[0].pairs[0].ratios] == [2, 2, 2]


def test_a_precision_that_is_not_reached_goes_on_to_the_most(tmp_path):
    """Rounds that stray by 20 %: five, and not one more."""
    machine = Machine(scatter=(0.0, 0.2, -0.1))
    asked = measured(tmp_path, machine, precision_ratio=0.01, most_rounds=5)

    assert len(machine.ran) == 10
    assert left(asked, ARRANGED) == 0


def test_a_candidate_that_cannot_be_loaded_ends_the_rounds(tmp_path):
    """Its first failure is enough: the others are not measured again for nothing."""
    machine = Machine(fails="f16")
    measured(tmp_path, machine, rounds=3)

    assert machine.ran == [("q8", 1)]


def test_weights_are_told_once_for_all_or_once_for_each(tmp_path):
    """Anything between is a guess."""
    asked = ask(tmp_path)
    assert _paths(asked) == (None, None)
    assert _paths(replace(asked, weights_paths=("a",))) == ("a", "a")
    assert _paths(replace(asked, weights_paths=("a", "b"))) == ("a", "b")
    with pytest.raises(BadInput, match="given 3 times for 2 candidates"):
        _paths(replace(asked, weights_paths=("a", "b", "c")))


def test_a_sealed_run_is_read_once(tmp_path):
    """Runs of a fast model are long to read: what one showed is kept while rounds go on."""
    arranged = replace(ARRANGED, shown={})
    list(measure_rounds(ask(tmp_path, rounds=2), arranged, None, lambda _: None, run=Machine()))
    for folder in arranged.shown:
        (folder / "outcomes.jsonl").unlink()  # would be void if it were read again

    assert len(arranged.shown) == 4
    assert left(ask(tmp_path, rounds=2), arranged) == 0


def in_turns(out, machine, **more):
    """Rounds of candidates that are loaded at once: `machine` runs a round's sides one after the other."""
    asked, sides_asked = ask(out, **more), []

    def run_in_turns(sides, host, listen):
        sides_asked.append([plan.cells[0].cell.precision for _, plan in sides])
        for one, plan in sides:
            if machine.fails:  # as run_in_turns does: one ends all
                yield CellResult(cell=str(plan.cells[0].cell), status="failed", reason="no such file")
            else:
                yield from machine(one, plan, host, listen)

    arranged = replace(ARRANGED, not_in_turns="", shown={})
    list(measure_rounds(asked, arranged, None, lambda _: None, run=None, run_in_turns=run_in_turns))
    return asked, arranged, sides_asked


def test_all_candidates_of_a_round_are_run_together(tmp_path):
    """One call a round with every side; the sides turn round as whole runs do."""
    asked, arranged, sides = in_turns(tmp_path, Machine(), rounds=3)

    assert sides == [["q8", "f16"], ["f16", "q8"], ["q8", "f16"]]
    assert left(asked, arranged) == 0


def test_a_void_run_among_those_in_turn_costs_its_round(tmp_path):
    """Tried again alone it would stand minutes from its partner: another round takes its place."""
    _, _, sides = in_turns(tmp_path, Machine(spoils=(("f16", 1),)), rounds=2)

    assert len(sides) == 3


def test_a_candidate_that_fails_in_turn_ends_the_rounds(tmp_path):
    """A round of the others alone tells no ratio."""
    _, _, sides = in_turns(tmp_path, Machine(fails="f16"), rounds=3)

    assert len(sides) == 1
