"""The page's ledgers: one for each run and one for all, in J and kWh, proved like every other figure."""

import re
from dataclasses import replace

import pytest
from report_demo import GPU, HOST, OTHER, demo_report

from bench.nouns import Verdict, WindowEnergy
from bench.physics.ledger import ledger, with_pue
from bench.report.figures import figures
from bench.report.numbers import shown
from bench.report.page import render
from bench.report.proof import check_page
from bench.report.terminal import component_table, energy_table, ledger_text
from bench.units import J_PER_KWH


@pytest.fixture(scope="module")
def report():
    return demo_report()


@pytest.fixture(scope="module")
def html(report):
    return render(report)


def section(html, name):
    """The text of one section, without its tags."""
    start = html.index(f'<section id="{name}">')
    return re.sub(r"<[^>]+>", " ", html[start : html.index("</section>", start)])


def of_gpu(run, **more):
    """The run with every energy of its GPU changed."""
    energies = tuple(replace(e, **more) if e.domain == "gpu:0" else e for e in run.energies)
    return replace(run, energies=energies)


def voided(run):
    """The run with its GPU's energy taken from every window."""
    return of_gpu(run, energy_j=None, low_j=None, high_j=None, witness_j=None, components={}, reasons=("it died",))


def test_a_runs_ledger_is_the_sum_of_its_work_windows(report):
    """Two windows of 634 and 631 J are 1265 J and so many kWh; idle, loading and warm-up are not in it."""
    run = report.runs[0]
    work = [e.energy_j for e in run.energies if e.domain == "gpu:0" and e.phase == "work"]
    known = figures(report)

    found = known[f"runs/{run.id}/ledger/measured/gpu/energy_j"]
    assert found == pytest.approx(sum(work), rel=1e-12)
    assert known[f"runs/{run.id}/ledger/measured/gpu/energy_kwh"] == pytest.approx(found / J_PER_KWH, rel=1e-12)


def test_all_of_the_work_is_the_sum_of_the_runs(report):
    """The host's joules of five runs are those of the page."""
    known = figures(report)
    each = [known[f"runs/{run.id}/ledger/modelled/host/energy_j"] for run in report.runs]

    assert known["ledger/modelled/host/energy_j"] == pytest.approx(sum(each), rel=1e-12)


def test_one_void_run_makes_the_pages_sum_void_and_says_whose_it_is(report, html):
    """Four good runs are not all of the work: no smaller number stands for five."""
    known = figures(report)

    assert known["ledger/measured/gpu/energy_j"] is None
    assert "ledger/measured/gpu/low_j" not in known
    assert f"{report.runs[4].short}: gpu:0: throttled" in section(html, "ledger")
    assert known[f"runs/{report.runs[0].id}/ledger/measured/gpu/energy_j"] > 0


def test_what_is_excluded_stands_there_with_its_reason(html):
    """A slice, the plug and the building are named as not included."""
    said = section(html, "ledger")

    for what, why in (("GPU 1", "MIG is enabled"), ("wall", "no meter at the plug"), ("× PUE", "cooling")):
        assert re.search(rf"{what}\s+excluded\s+not included\s+{why}", said), what


def test_a_forged_total_is_named(report, html):
    """The ledger is proved like every figure: one digit in a kWh and the page is not ours."""
    key = "ledger/modelled/host/energy_kwh"
    shown_kwh = re.search(rf'data-figure="{key}" value="[^"]*">([^<]+)<', html)

    forged = html[: shown_kwh.start(1)] + "9.99" + html[shown_kwh.end(1) :]
    assert [field for field, _, _ in check_page(forged, report)] == [f"{key} (shown)"]


def test_an_idle_board_stands_apart(report):
    """The engine worked on another board: this one's joules are told, and are in no sum."""
    run = replace(report.runs[0], device="GPU-of-another-kind")
    made = replace(report, runs=(run,))
    known = figures(made)

    assert "ledger/measured/gpu/energy_j" not in known
    assert known["ledger/apart/measured/gpu:0/energy_j"] > 0
    said = section(render(made), "ledger")
    assert "it did no work, so it stands apart" in said
    assert "GPU-of-another-kind" in said


@pytest.mark.parametrize(
    ("kept", "heading"),
    [
        (("measured", "modelled"), "Measured beside modelled"),
        (("measured",), "Measured, domain by domain"),
        (("modelled",), "Modelled only: no power sensor was read"),
        ((), "No energy of any work"),
    ],
)
def test_the_heading_claims_no_measurement_that_is_not_there(report, kept, heading):
    """`Measured` stands over the bars only where one of them is."""
    run = report.runs[0]
    run = replace(run, energies=tuple(e for e in run.energies if e.basis in kept), power=())
    made = replace(report, runs=(run,), sources=tuple(s for s in (GPU, HOST) if s.basis in kept), coefficients=())
    html = render(made)

    assert f"<h2>{heading}</h2>" in html
    assert ("Measured beside modelled" in html) == (set(kept) == {"measured", "modelled"})
    assert check_page(html, made) == []


@pytest.mark.parametrize("how", ["windows", "verdict"])
def test_a_board_whose_figures_are_all_void_is_never_called_measured(report, how):
    """A counter that stands still has no basis: no badge, no legend, no banner speaks of a measurement."""
    dead = Verdict(name="sensor lost", level="void", domain="gpu:0", evidence="it died", remedy="restart it")
    runs = [voided(run) if how == "windows" else replace(run, verdicts=(dead,)) for run in report.runs[:2]]
    made = replace(report, runs=tuple(replace(r, rates={}) for r in runs), coefficients=())
    html = render(made)

    assert "No power sensor was read on this machine" in html
    assert "Modelled only: all that was measured is void" in html
    assert "every figure of it is void" in html
    assert html.count('badge measured"') == 1  # what the word means, in how to read the page
    assert "GPU 0, instant: void" in html
    assert ": measured" not in "".join(re.findall(r'class="legend"[^>]*>[^<]*', html))


def window(domain, basis, energy_j, half_j=0.0, **more):
    boundary = domain.partition(":")[0]
    gap = energy_j is None
    made = {
        "domain": domain, "device": f"id-{domain}", "boundary": boundary, "basis": basis, "energy_j": energy_j,
        "low_j": None if gap else energy_j - half_j, "high_j": None if gap else energy_j + half_j,
        "start_ns": 0, "end_ns": 10**9, "method": "none" if gap else "counter", "label": "1",
    }  # fmt: skip
    return WindowEnergy(**{**made, **more})


def test_the_terminal_says_measured_modelled_and_excluded():
    """Three paragraphs within 80 columns, every one with its interval or its reason."""
    told = ledger_text(
        ledger(
            [
                window("gpu:0", "measured", 1000.0, 50.0),
                window("gpu:1", "measured", 500.0, 25.0),
                window("gpu:2", "excluded", None, reasons=("MIG is on",)),
                window("gpu:3", "excluded", None, reasons=("MIG is on",)),
                window("host", "modelled", 200.0, 100.0),
            ]
        )
    )
    lines = told.split("\n")

    assert lines[0] == "measured  gpu 1.500 (1.43 to 1.57) kJ of gpu:0 and gpu:1"
    assert lines[1] == "MODELLED  host 200 (100 to 300) J, holds cpu and dram"
    assert lines[2] == "excluded  gpu:2 and gpu:3: MIG is on"
    assert max(map(len, lines)) <= 80
    assert "wall: no meter at the plug" in told
    assert "x PUE: cooling" in told


def test_the_terminal_says_nothing_and_void_in_words():
    """Nothing measured is said so; a board that died is a gap with its reason."""
    nothing = ledger_text(ledger([window("gpu:0", "excluded", None, reasons=("a vGPU",))]))
    void = ledger_text(
        ledger([window("gpu:0", "measured", None, reasons=("it died",)), window("gpu:1", "measured", 5.0)])
    )

    assert nothing.startswith("measured  nothing: no power sensor was read\nMODELLED  nothing\n")
    assert void.startswith("measured  gpu void: gpu:0: it died\n")


def test_the_terminal_multiplies_by_pue_as_a_model():
    """A declared factor makes modelled figures, boundary by boundary, and is not excluded any more."""
    made = ledger([window("gpu:0", "measured", 100.0, 5.0), window("host", "modelled", 50.0, 25.0)])

    told = ledger_text(with_pue(made, 1.2))

    assert "x PUE 1.2 -> gpu 120.0 (114 to 126) J; host 60 (30 to 90) J: MODELLED" in told.replace(
        "\n          ", " "
    )
    assert "x PUE: " not in told


def test_components_stand_in_joules_and_per_cent():
    """Standard uncertainties, bounds and a model's ends are told apart, and how they combine is said."""
    told = component_table(
        [
            window(
                "gpu:0", "measured", 1000.0, 50.0, freedom={"view_j": 7},
                components={"gain_j": 26.0, "view_j": 4.0, "unseen_high_j": 300.0},
            ),
            window("host", "modelled", 200.0, 100.0, components={"model_low_j": 100.0, "model_high_j": 320.0}),
            window("gpu:1", "measured", None, components={"gain_j": 1.0}),
        ]
    )  # fmt: skip
    rows = [re.split(r"  +", line) for line in told.split("\n")[2:] if not line.startswith(" ")]

    assert rows == [
        ["gpu:0", "gain", "standard", "26 J", "2.6 %"],
        ["gpu:0", "view", "standard, 7 degrees of freedom", "4.0 J", "0.40 %"],
        ["gpu:0", "unseen high", "bound above", "300 J", "30 %"],
        ["host", "model low", "bound", "−100 J", "−50 %"],
        ["host", "model high", "bound", "120 J", "60 %"],
    ]
    assert "add in quadrature" in told
    assert max(map(len, told.split("\n"))) <= 80


def test_a_void_row_of_the_table_has_no_basis():
    """What is void was not measured, whatever its sensor was to do."""
    row = energy_table([window("gpu:0", "measured", None, reasons=("it died",))]).split("\n")[2]

    assert row.split() == ["gpu:0", "work", "1", shown(1.0), "void", "none"]


def test_an_excluded_board_is_in_no_entry_of_the_page(report):
    """A slice has no row of its own among the measured."""
    assert OTHER.basis == "excluded"
    assert not any("/gpu:1/" in key and "/ledger/" in key for key in figures(report))
