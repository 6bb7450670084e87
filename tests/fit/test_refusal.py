"""Why a term is absent: a value, and the sentence that is published of it."""

from dataclasses import replace

from sim.fast_line import Ask, measured
from sim.scheduler import Physics

from bench.files.shapes import declared_shapes
from bench.fit.coefficients import fitted
from bench.fit.refusal import Refusal
from bench.nouns import Cell

ONE = Cell(engine="echo", model="m", precision="fp32", workload="prompt-32-8", concurrency=8)


def test_the_sentence_says_what_to_add_measure_again_or_do():
    said = Refusal(term="request", why="one shape")

    assert said.sentence == "one shape"
    assert replace(said, remedy="run more").sentence == "one shape; run more"
    assert replace(said, helps=(ONE,), remedy="run more").sentence == (
        "one shape; add echo/m:fp32/prompt-32-8@concurrency=8"
    )
    assert replace(said, helps=(ONE,), again=True).sentence == (
        "one shape; measure echo/m:fp32/prompt-32-8@concurrency=8 again"
    )


def test_every_absent_term_has_its_value_and_its_sentence_is_the_one_published():
    one = measured(Ask(prompt=32, output=8, users=4, requests=20), Physics())
    [found] = fitted([one], declared_shapes())

    assert {why.term: why.sentence for why in found.refused} == found.entry.not_identified
    why = {why.term: why for why in found.refused}
    assert [cell.concurrency for cell in why["prompt_token"].helps] == [4]
    assert why["load"].helps == (one.run.spec.cell,)
    assert why["load"].again


def test_one_window_names_the_cell_that_tells_more():
    one = measured(Ask(prompt=32, output=8, windows=1, requests=20), Physics())
    [found] = fitted([one], declared_shapes())
    why = next(why for why in found.refused if why.term == "output_token")

    assert why.why == "1 work window, 2 needed"
    assert why.helps
    assert not why.again
    assert one.run.spec.cell not in why.helps
