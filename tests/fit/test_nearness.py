"""Terms that a design tells apart badly are named, with the workload that would part them."""

import pytest
from sim.fast_line import Ask, measured, noisy, without_gain
from sim.scheduler import Physics

from bench.fit.coefficients import fit
from bench.fit.design import Shape
from bench.nouns import Usage

FLAT = Physics(decode_context_token_s=0.0)
HELPS = Shape(
    name="prompt-32-256", family="causal-lm", usage=Usage(requests=1, prompt_tokens=32, output_tokens=256)
)


def notes(shapes, helps=()):
    base = [without_gain(measured(Ask(prompt=p, output=o, requests=20), FLAT, index=n))
            for n, (p, o) in enumerate(shapes)]  # fmt: skip
    return [note for note in fit(noisy(base, 0.01, 3), helps)[0].notes if "nearly together" in note]


@pytest.mark.parametrize("off", [0.02, 0.05])
def test_shapes_near_one_line_are_said(off):
    """Three shapes of which the output is a quarter of the prompt, the last a little off: and what would help."""
    [told] = notes(((64, 16), (256, 64), (1024, round(256 * (1 + off)))), (HELPS,))

    assert told.startswith("flag: output_token and prompt_token move nearly together")
    assert told.endswith("/prompt-32-256")


def test_a_design_that_parts_them_is_not_flagged():
    """Four corners."""
    assert notes(((32, 8), (256, 8), (32, 64), (256, 64)), (HELPS,)) == []


def test_without_a_workload_that_would_help_it_says_what_it_would_be():
    """No declared workload parts them."""
    [told] = notes(((64, 16), (256, 64), (1024, 261)))

    assert told.endswith("add a workload that varies one of them alone")
