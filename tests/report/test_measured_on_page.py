"""What `joulemark profile` found stands on the page as figures that verify compares; without it nothing does."""

from dataclasses import replace

import pytest
from report_demo import demo_report, quantity

from bench.nouns import MeasuredFigure
from bench.report.figures import figures
from bench.report.page import render
from bench.report.proof import check_page

RUN = "20261121T000000Z-calibration-abcdef"
BY_CLOCK = MeasuredFigure(
    device="cpu", domain=None, name="triad_rate", quantity=quantity(31.5, 0.2, "GB/s"), run_id=RUN,
    limited_by="2 of the machine's 8 threads",
)  # fmt: skip
BY_MODEL = MeasuredFigure(
    device="cpu", domain="host", name="triad_gross", quantity=quantity(3.66e-10, 1e-10, "J/byte", "modelled"),
    run_id=RUN,
)  # fmt: skip


@pytest.fixture(scope="module")
def report():
    return replace(demo_report(), measured=(BY_CLOCK, BY_MODEL))


def test_measured_figures_are_on_the_page_with_basis_run_and_limits(report):
    page = render(report)
    section = page[page.index("Found on this machine") :]

    assert 'data-figure="measured/0/value"' in section
    assert "31.5" in section
    assert "366" in section
    assert "pJ/byte" in section
    assert "triad, gross" in section
    assert RUN in section
    assert "2 of the machine&#39;s 8 threads" in section
    assert section.index("the clock") < section.index("whole host")


def test_every_one_is_a_figure_that_a_page_is_held_to(report):
    """Value and both bounds; a page with another number is named."""
    page = render(report)
    other = replace(BY_CLOCK, quantity=replace(BY_CLOCK.quantity, value=99.0))

    assert {k for k in figures(report) if k.startswith("measured/")} == {
        f"measured/{n}/{name}" for n in (0, 1) for name in ("value", "low", "high")
    }
    assert check_page(page, report) == []
    assert "measured/0/value" in {
        field for field, _, _ in check_page(page, replace(report, measured=(other, BY_MODEL)))
    }


def test_without_a_calibration_nothing_is_said_of_it():
    assert "Found on this machine" not in render(demo_report())
