"""What a simulated sensor gave is nowhere called measured: not in a table, a plot or a badge."""

import re
from dataclasses import replace

from report_demo import GPU, HOST, demo_report

from bench.physics.doubles import unmasked
from bench.report.banners import banners
from bench.report.page import render
from bench.report.terminal import coefficient_table, energy_table

BOARD = replace(GPU, device_name="SIMULATED board")
FLAG = "flag: 2 of 2 runs, a test double: SIMULATED board, a program and not a board"


def simulated_report():
    made = demo_report()
    runs = tuple(replace(run, energies=unmasked(run.energies, (BOARD, HOST))) for run in made.runs)
    coefficients = tuple(replace(one, notes=(*one.notes, FLAG)) for one in made.coefficients)
    return replace(made, sources=(BOARD, HOST), runs=runs, coefficients=coefficients)


def test_the_page_says_so_first_and_everywhere():
    page = simulated_report()
    html = render(page)

    assert banners(page)[0].title == "SIMULATED: no number on this page was measured"
    assert '<span class="badge measured">SIMULATED</span>' in html
    assert not re.search(r"badge measured\">measured<| · measured<|instant: measured|</i> measured<", html)


def test_the_tables_say_so_too():
    page = simulated_report()
    energies = [e for run in page.runs for e in run.energies if e.domain == BOARD.domain]

    for table in (coefficient_table(page.coefficients), energy_table(energies)):
        assert "SIMULATED" in table
        assert not re.search(r"\bmeasured\b", table.replace("host energy is modelled, not measured", ""))


def test_a_real_board_is_measured():
    assert "SIMULATED" not in render(demo_report())
