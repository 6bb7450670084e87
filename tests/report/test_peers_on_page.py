"""What other tools say stands on the page beside ours, only where one watched, and is checked like any figure."""

from dataclasses import replace

import pytest
from report_demo import demo_report

from bench.report.page import figures, render
from bench.report.proof import check_page
from bench.report.terminal import peer_table


def watched(report):
    """The same report; one peer read each board, and has a model of each host."""

    def beside(energy):
        if energy.energy_j is None:
            return energy
        label = "zeus" if energy.boundary == "gpu" else "codecarbon (modelled)"
        return replace(energy, peers={label: 1.1 * energy.energy_j}, over_peers_j={label: energy.energy_j})

    runs = tuple(replace(run, energies=tuple(map(beside, run.energies))) for run in report.runs)
    return replace(report, runs=runs)


@pytest.fixture(scope="module")
def report():
    return watched(demo_report())


def test_without_a_peer_the_page_does_not_speak_of_any():
    """No empty table, no word of it."""
    assert "Beside ours" not in render(demo_report())


def test_the_page_shows_each_figure_ours_and_how_far_apart(report):
    """10 % more than ours over the same span, and the page proves itself."""
    html, known = render(report), figures(report)

    apart = {key: value for key, value in known.items() if "/apart/" in key}
    assert apart
    assert all(value == pytest.approx(0.1) for value in apart.values())
    assert html.count("<h3>Beside ours</h3>") == len({key.split("/")[1] for key in apart})
    assert check_page(html, report) == []


def test_the_page_says_which_figure_is_the_tool_s_own_model(report):
    """A model of another tool is never taken for a measurement."""
    html = render(report)

    assert "codecarbon (modelled)" in html
    assert "a model of that tool&#39;s own" in html.lower()


def test_a_peer_on_a_void_figure_is_not_on_the_page(report):
    """What was taken away is not compared; the other domains of the same run are."""
    [void] = [run for run in report.runs if any(v.level == "void" for v in run.verdicts)]

    shown = {
        key.split("/")[2] for key in figures(report) if key.startswith(f"runs/{void.id}/") and "/peers/" in key
    }
    assert any(e.peers for e in void.energies if e.domain == "gpu:0")
    assert shown == {"host"}


def test_a_terminal_holds_the_table_in_eighty_columns(report):
    """Domain, tool, its joules, ours, per cent apart."""
    table = peer_table(report.runs[0].energies)

    assert max(map(len, table.splitlines())) <= 80
    assert "+10.0%" in table
