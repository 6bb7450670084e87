"""The page stands alone, says what is modelled and made up, shows every figure, and never a 0 for a gap."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from report_demo import GPU, HOST, OTHER, demo_report, quantity

from bench.report.numbers import published
from bench.report.page import figures, plots, render
from bench.report.proof import parse_figures
from bench.report.terminal import coefficient_table, energy_table
from bench.report.words import bounds_head


@pytest.fixture(scope="module")
def report():
    return demo_report()


@pytest.fixture(scope="module")
def html(report):
    return render(report)


def test_the_page_loads_nothing(html):
    """No script, no font, no image, no style from elsewhere: it opens on a train."""
    assert not re.search(r'(?:src|href)\s*=\s*["\']?(?:https?:)?//', html)
    assert not re.search(r"url\(\s*['\"]?(?!#)", html)
    assert "@import" not in html
    assert re.findall(r"<script\b[^>]*>", html) == ['<script type="application/json" id="joulemark-figures">']
    assert not re.search(r"<(?:link|img|iframe|object|embed|base)\b", html)


def test_twelve_runs_stay_under_a_megabyte_and_a_half():
    """A whole suite is still one file that can be mailed."""
    big = demo_report(copies=3)
    runs = tuple(
        replace(
            run,
            power=tuple(
                replace(
                    one,
                    times_s=tuple(n * 42.5 / 600 for n in range(600)),
                    power_w=tuple(50 + (n * 7919 % 100) / 7 for n in range(600)),
                )
                for one in run.power
            ),
        )
        for run in big.runs[:12]
    )

    assert len(render(replace(big, runs=runs)).encode()) < 1_500_000


def test_the_same_report_gives_the_same_bytes(html):
    """No clock, no random id, no set order."""
    assert render(demo_report()) == html


def test_every_figure_is_on_the_page_and_in_its_block(report, html):
    """Whatever is shown can be checked, and whatever can be checked is shown."""
    page = parse_figures(html)
    known = figures(report)

    assert page.fault == ""
    assert set(page.figures) == set(known)
    assert {seen.key for seen in page.visible} == set(known)
    assert page.figures == {key: published(value) for key, value in known.items()}


def test_modelled_power_and_synthetic_weights_cannot_be_missed(report, html):
    """Both stand above the first number's section, and a badge stands on every row."""
    top = html[: html.index('id="units"')]

    assert "CPU power here is MODELLED, not measured" in top
    assert "Weights are SYNTHETIC" in top
    units = html[html.index('id="units"') : html.index('id="coefficients"')]
    rows = re.findall(r"<tr>.*?</tr>", units[units.index("<tbody>") :], flags=re.DOTALL)
    assert len(rows) == 9
    assert all("synthetic weights" in row for row in rows)
    assert sum('class="badge modelled"' in row for row in rows) == 4
    assert sum('class="badge measured"' in row for row in rows) == 4


def test_measured_runs_on_real_weights_carry_no_warning(report):
    """A warning that is always there is never read."""
    runs = tuple(
        replace(run, weights="pretrained", energies=tuple(e for e in run.energies if e.basis == "measured"))
        for run in report.runs[:1]
    )
    html = render(replace(report, runs=runs, coefficients=(), sources=(GPU,)))

    assert 'class="banner' not in html
    assert 'class="badge synthetic"' not in html


def test_a_machine_without_a_sensor_says_so(report):
    """No sensor: the page says that nothing was measured before it shows a number."""
    html = render(replace(report, sources=(HOST, OTHER), runs=(), coefficients=()))

    assert html.index("No power sensor was read on this machine") < html.index('id="units"')


def test_a_void_domain_shows_no_number(report, html):
    """A void verdict takes every figure of its domain away, the interval and witness with it."""
    void = report.runs[4]
    mine = {key: one for key, one in figures(report).items() if key.startswith(f"runs/{void.id}/gpu:0/")}
    shown = {seen.key: seen.text for seen in parse_figures(html).visible}

    assert {one for key, one in mine.items() if key.endswith("/energy_j")} == {None}
    assert not any(key.endswith(("low_j", "high_j", "witness_j", "tick_j")) for key in mine)
    assert all(shown[key] == "void" for key in mine if key.endswith("/energy_j"))
    assert figures(report)[f"runs/{void.id}/host/work/1/energy_j"] is not None
    assert "cool the machine, check its power supply" in html


@pytest.mark.parametrize("where", ["gpu:0/", "gpu/", ""])
def test_a_void_rate_is_a_word_in_table_and_plot(report, where):
    """Even when a rate is handed in, a void verdict on its domain or in its boundary takes it away."""
    rates = {f"{where}output_token": quantity(77.777, 1, "J/token")}
    one = replace(report.runs[4], rates=rates, power=())
    made = replace(report, runs=(one,))
    html = render(made)

    assert figures(made)[f"runs/{one.id}/rates/{where}output_token/value"] is None
    assert "77.8" not in html
    assert ">void</text>" in plots(made)["plot-unit-0"]


def test_an_excluded_domain_is_a_word_with_its_reason(report, html):
    """Excluded is not zero and not void."""
    shown = {seen.key: seen.text for seen in parse_figures(html).visible}
    keys = [key for key in shown if "/gpu:1/" in key and key.endswith("energy_j")]

    assert keys
    assert {shown[key] for key in keys} == {"excluded"}
    assert "MIG is enabled" in html
    assert not any(seen.text == "0" for seen in parse_figures(html).visible if "energy" in seen.key)


def test_bases_are_told_apart_without_colour(report):
    """Solid is measured, hatched is modelled, dashed is excluded; whoever sees no colour sees that."""
    bars = plots(report)["plot-basis-0"]

    assert re.search(r'class="bar measured"(?! fill)', bars)
    assert 'class="bar modelled" fill="url(#plot-basis-0-hatch)"' in bars
    assert 'class="bar excluded"' in bars
    assert "never summed" in bars


def test_a_term_stands_beside_its_gross_figures(report, html):
    """Above idle and gross are told apart, one gross figure per workload, and never merged."""
    card = html[html.index('<article class="card">') :]
    row = next(r for r in re.findall(r"<tr>.*?</tr>", card, flags=re.DOTALL) if "<code>output_token</code>" in r)
    keys = re.findall(r'data-figure="coefficients/0/([^"]*)/value"', row)

    assert keys == ["terms/output_token", "rates/output_token@prompt-512-128", "rates/output_token@prompt-32-64"]
    assert "Above resident idle" in card
    assert 'class="open measured"' in plots(report)["plot-term-2"]


def test_every_plot_is_well_formed_and_named(report):
    """Each plot parses as XML, and tells a screen reader its title and what it shows."""
    drawn = plots(report)

    assert {name.rpartition("-")[0] for name in drawn} == {
        "plot-unit", "plot-term", "plot-basis", "plot-power"
    }  # fmt: skip
    for name, text in drawn.items():
        root = ElementTree.fromstring(text)
        assert root.get("id") == name
        assert [child.tag.rpartition("}")[2] for child in root][:2] == ["title", "desc"]
        assert all(child.text for child in list(root)[:2])


def test_a_plot_points_where_its_figures_lie(report):
    """A bar of half the energy is half as long: geometry comes from the figures alone."""
    run = report.runs[0]
    gpu = next(e for e in run.energies if (e.domain, e.label) == ("gpu:0", "1"))
    twin = replace(gpu, domain="gpu:7", energy_j=gpu.energy_j / 2, low_j=None, high_j=None)
    made = replace(report, runs=(replace(run, energies=(gpu, twin)),))
    widths = [
        float(bar.get("width"))
        for bar in ElementTree.fromstring(plots(made)["plot-basis-0"]).iter()
        if bar.get("class") == "bar measured"
    ]

    assert widths[0] == pytest.approx(2 * widths[1], abs=0.2)  # coordinates have one decimal


def test_text_from_outside_cannot_become_markup(report):
    """A workload named like a tag stays text, in the page, its plots and its block."""
    evil = '</script><script>alert("x")</script>'
    run = replace(report.runs[0], id=evil, model_title=evil, notes=(evil,), cell=f"e/m:p/{evil}")
    html = render(replace(report, title=evil, runs=(run,)))

    assert "<script>alert" not in html
    assert html.count("<script") == 1
    assert {seen.key for seen in parse_figures(html).visible} == set(
        figures(replace(report, title=evil, runs=(run,)))
    )


def test_an_empty_report_is_a_page():
    """Nothing ran: the page says so instead of failing."""
    made = replace(demo_report(), runs=(), coefficients=(), sources=(), hardware=(), checks=(), skipped=())
    html = render(made)

    assert "no runs" in html
    assert "No coefficients were fitted" in html


def test_terminal_tables_fit_and_name_basis_and_weights(report):
    """80 columns; each row says its basis and its weights; a void row has no figure, no basis, and why below."""
    void = report.runs[4]
    energies = energy_table(void.energies, weights="synthetic", verdicts=void.verdicts)
    learnt = coefficient_table(report.coefficients)

    assert max(map(len, (energies + "\n" + learnt).split("\n"))) <= 80
    rows = [line for line in energies.split("\n")[2:] if not line.startswith(" ")]
    assert len(rows) == len(void.energies)
    assert all(re.search(r"(none|MODELLED|excluded) +SYNTHETIC$", row) for row in rows)
    assert all(re.search(r"void +none", row) for row in rows if row.startswith("gpu:0"))
    assert "throttled" in energies
    assert "context_token: not identified" in learnt
    assert "1.87 (1.76 to 1.99) J/token     measured  SYNTHETIC" in learnt


def test_each_fields_passport_stands_on_the_page(report, html):
    """What a sensor sees, how late, and how that is known: every number is a figure that verify recomputes."""
    section = html[html.index("What each sensor sees") : html.index("vCPU is")]
    told = " ".join(re.sub(r"<[^>]+>", " ", section).split())

    assert "instant 100 ms 25.1 ms 25.0 % 8.30 ms 0.137 W known steps of load" in told
    assert "16 known steps of load, in 20261121T095500Z-passport-00a1b2" in told
    assert "counter 100 ms 100 ms 100 % 0 ms – its readings" in told
    assert "average only adds up instant 100 ms not known" in told
    assert "GPU 1 instant not known not known not known not known not known nothing never changed" in told
    assert figures(report)["passports/gpu:0/instant/window_ms"] == pytest.approx(25.1)
    assert "passports/gpu:1/instant/update_ms" not in figures(report)


def test_a_page_without_a_measured_sensor_has_no_passports(report):
    """A model's figures rest on no sensor: there is nothing to show."""
    assert "What each sensor sees" not in render(replace(report, passports={}))


def test_no_coverage_is_claimed_for_what_is_modelled(report, html):
    """The head of each table says what its bounds are: 95 %, a model's span, or both; and what a span is."""
    assert bounds_head(["measured", "excluded"]) == "95 %"
    assert bounds_head(["modelled"]) == "span of the model"
    assert bounds_head(["modelled", "measured"]) == "95 %, or span of the model"
    assert "Gross, 95 %, or span of the model</th>" in html  # energies per unit, of board and host
    cards = html[html.index('id="coefficients"') :]
    assert cards.count("Above resident idle, 95 %</th>") == 2
    assert cards.count("Above resident idle, span of the model</th>") == 1
    assert "no coverage is claimed" in html

    host = [one for one in report.coefficients if one.boundary == "host"]
    board = [one for one in report.coefficients if one.boundary == "gpu"]
    assert "above idle unless gross (span)" in coefficient_table(host)
    assert coefficient_table(host).endswith("no coverage is claimed")
    assert "above idle unless gross (95 %)" in coefficient_table(board)
    assert "coverage" not in coefficient_table(board)
    assert "energy (95 %, or span)" in energy_table(report.runs[0].energies)


def test_a_page_of_measurements_alone_speaks_of_95_per_cent(report):
    """No word of a span where no model spoke."""
    measured = replace(
        report,
        sources=(GPU,),
        coefficients=tuple(one for one in report.coefficients if one.boundary == "gpu"),
        runs=tuple(
            replace(
                run,
                energies=tuple(e for e in run.energies if e.domain == GPU.domain),
                rates={name: q for name, q in run.rates.items() if q.basis == "measured"},
            )
            for run in report.runs
        ),
    )

    page = render(measured)
    assert "span of the model" not in page
    assert "no coverage is claimed" not in page


def test_a_host_beside_a_gpu_is_told_from_one_that_did_the_work(report):
    """The pair's two hosts would else be two tables of one name; what is the board's says so itself."""
    first = report.coefficients[0]
    pair = [
        replace(first, boundary=boundary, key=replace(first.key, device=device))
        for boundary, device in (("gpu", "gpu"), ("host", "gpu"), ("host", "cpu"), ("host", None))
    ]

    said = [" ".join(coefficient_table((one,)).partition("\nterm")[0].split()) for one in pair]
    html = render(replace(report, coefficients=tuple(pair)))
    drawn = "".join(plots(replace(report, coefficients=tuple(pair))).values())

    assert ["boundary host, work on a GPU" in one for one in said] == [False, True, False, False]
    assert html.count("boundary: host, work on a GPU<") == 1
    assert html.count("boundary: host<") == 2
    assert "host, work on a GPU · " in drawn


def test_one_run_is_a_run(report):
    """The tally at the top says 1 run and 1 model."""
    top = re.search(r'<ul class="tally">.*?</ul>', render(replace(report, runs=report.runs[:1])), re.DOTALL)

    assert re.findall(r"</data> <span>(.*?)</span>", top[0]) == [
        "run", "model", "run on synthetic weights", "runs with a void domain"
    ]  # fmt: skip


def test_nothing_fitted_has_no_table(report):
    """Where every run is void its reasons stand alone, under no head."""
    bare = replace(report.coefficients[0], terms={}, rates={}, components={}, notes=("excluded RUN-1: throttled",))

    said = coefficient_table([bare])
    assert "excluded RUN-1: throttled" in said
    assert "above idle" not in said
