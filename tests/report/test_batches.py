"""Joules against the batch: what is on one line, where its points lie, and what is never mixed."""

import itertools
import re
from dataclasses import replace

from report_demo import coefficients, demo_report, quantity

from bench.report.batches import batch_panels, batch_plots
from bench.report.page import render
from bench.report.proof import check_page
from bench.report.svg import doubling

PLAIN = coefficients()[0]
WORKLOAD = "prompt-512-128"


def level(batch, value, *, precision="fp16", basis="measured", boundary="gpu", workload=WORKLOAD, **more):
    """What a fit of one batch gives: J per token and, 128 tokens each, J per request."""
    rates = {
        f"output_token@{workload}": quantity(value, value * 0.05, "J/token", basis),
        f"request@{workload}": quantity(value * 128, value * 6.4, "J/request", basis),
    }
    return replace(
        PLAIN,
        key=replace(PLAIN.key, precision=precision),
        boundary=boundary,
        batch=batch,
        domain={"batch": (batch, batch)},
        **{"rates": rates, "terms": {}, "components": {}, **more},
    )


def with_levels(*levels):
    return replace(demo_report(), coefficients=levels)


SWEEP = with_levels(
    level(8, 0.6), level(1, 2.9), level(1, 2.1, precision="nf4"), level(8, 0.9, precision="nf4"), level(32, 0.3)
)


def test_a_line_holds_one_precision_with_its_batches_in_order():
    """Whatever the order of the fit, a line goes from the smallest batch to the largest."""
    (panel,) = batch_panels(SWEEP)

    assert [line.name for line in panel.lines] == ["fp16", "nf4"]
    assert [[p.batch for p in line.points] for line in panel.lines] == [[1, 8, 32], [1, 8]]
    assert panel.units == ("output_token", "request")


def together(*levels, **more):
    """What one entry over batches gives: rates that name the batch they are of."""
    first = min(levels, key=lambda one: one.batch)
    rates = {
        f"{name}@batch={one.batch}" if one.batch != 1 else name: quantity
        for one in levels
        for name, quantity in one.rates.items()
    }
    names = tuple(f"batch={one.batch}" for one in levels)
    batches = sorted(one.batch for one in levels)
    return replace(first, rates=rates, levels=names, domain={"batch": (batches[0], batches[-1])}, **more)


def test_an_entry_over_batches_is_a_line_of_its_rates():
    """The same points as of entries apart, and a page whose figures are those of the one entry."""
    apart = [level(b, j) for b, j in ((1, 2.9), (8, 0.6), (32, 0.3))]
    report = with_levels(together(*apart))
    (panel,), (other,) = batch_panels(report), batch_panels(with_levels(*apart))
    html = render(report)

    assert [(p.batch, p.rates) for p in panel.lines[0].points] == [
        (p.batch, p.rates) for p in other.lines[0].points
    ]
    assert (panel.workload, panel.lines[0].name) == (WORKLOAD, "fp16")
    assert batch_plots(report) == batch_plots(with_levels(*apart))
    assert check_page(html, report) == []
    table = html[html.index('id="batches"') :]
    assert re.findall(r'<td class="num">(\d+)</td>', table) == ["1", "8", "32"]
    assert f"coefficients/0/rates/output_token@{WORKLOAD}@batch=8/value" in table
    assert "3 batches together: batch=1, batch=8, batch=32" in html


def test_a_void_batch_is_a_gap_beside_an_entry_over_the_others():
    void = level(4, 1.0, rates={}, runs=(), notes=("excluded RUN-4: throttled, cool the machine",))
    (panel,) = batch_panels(with_levels(together(level(1, 2.9), level(8, 0.6)), void))

    assert [(batch, point is None) for batch, point, _ in panel.lines[0].rows] == [
        (1, False), (4, True), (8, False)
    ]  # fmt: skip


def test_an_entry_over_batches_without_the_smallest_names_each():
    (panel,) = batch_panels(with_levels(together(level(4, 0.9), level(8, 0.6))))

    assert [p.batch for p in panel.lines[0].points] == [4, 8]
    assert panel.workload == WORKLOAD


def test_one_batch_is_no_line():
    """Neither a precision with one batch, nor two workloads at a batch each."""
    assert batch_panels(with_levels(level(1, 2.9), level(8, 0.6, workload="prompt-32-8"))) == ()
    (panel,) = batch_panels(with_levels(level(1, 2.9), level(8, 0.6), level(1, 2.1, precision="nf4")))
    assert [line.name for line in panel.lines] == ["fp16"]


def test_bases_and_boundaries_stand_in_panels_of_their_own():
    """A modelled host is never on the line of a measured board."""
    report = with_levels(
        level(1, 2.9), level(8, 0.6), level(1, 2.4, basis="modelled", boundary="host"),
        level(8, 0.5, basis="modelled", boundary="host"),
    )  # fmt: skip

    assert [(p.boundary, p.basis) for p in batch_panels(report)] == [("gpu", "measured"), ("host", "modelled")]
    measured, modelled = batch_plots(report).values()
    assert 'class="solid measured tone-0"' in measured
    assert "modelled" not in measured
    assert 'fill="url(#plot-batch-1-hatch)"' in modelled
    assert "solid" not in modelled


def test_two_versions_of_an_engine_are_two_lines():
    """They are named by what tells them apart."""
    newer = replace(PLAIN.key, engine_version="6.0.0")
    report = with_levels(
        level(1, 2.9), level(8, 0.6), replace(level(1, 2.8), key=newer), replace(level(8, 0.5), key=newer)
    )

    (panel,) = batch_panels(report)
    assert [line.name for line in panel.lines] == ["fp16 · 5.23.0", "fp16 · 6.0.0"]


def test_a_void_batch_is_a_gap_with_its_reason():
    """It is named in the table; the line goes past it."""
    void = level(4, 1.0, rates={}, runs=(), notes=("excluded RUN-4: throttled, cool the machine",))
    report = with_levels(level(1, 2.9), level(8, 0.6), void)
    html = render(report)

    assert [(batch, point is None) for batch, point, _ in batch_panels(report)[0].lines[0].rows] == [
        (1, False), (4, True), (8, False)
    ]  # fmt: skip
    assert "no figure: RUN-4: throttled, cool the machine" in html[html.index('id="batches"') :]


def test_points_lie_where_their_figures_are():
    """Each doubling is one step across; up, a value lies between the ends of its interval."""
    across = doubling([1, 32], 0.0, 100.0)
    assert [across.at(n) for n in (1, 2, 4, 32)] == [0.0, 20.0, 40.0, 100.0]
    assert across.ticks == (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    assert doubling([6, 20], 0.0, 1.0).ticks == (4.0, 8.0, 16.0, 32.0)

    (drawn,) = batch_plots(with_levels(level(1, 2.9), level(8, 0.6))).values()
    dots = [(float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn)]
    stems = re.findall(r'<line x1="([\d.]+)" y1="([\d.]+)" x2="\1" y2="([\d.]+)" class="whisker', drawn)
    for (x, y), (at, low, high) in zip(dots, stems, strict=True):
        assert x == float(at)
        assert float(high) < y < float(low)
    assert dots[1][1] - dots[0][1] > 100  # 2.9 J lies far above 0.6 J


def test_the_page_shows_plot_and_table_and_verify_knows_both():
    """A point that was moved, or a figure that was changed beside it, is a difference."""
    html = render(SWEEP)
    assert check_page(html, SWEEP) == []
    assert 'id="plot-batch-0"' in html

    start = html.index('<svg id="plot-batch-0"')
    dot = html.index("<circle", start)
    moved = html[:dot] + html[dot:].replace('cy="', 'cy="1', 1)
    assert [field for field, _, _ in check_page(moved, SWEEP)] == ["plot-batch-0"]
    table = html.index("<table", start)
    cut = html.index("2.90", table)
    changed = html[:cut] + "1.90" + html[cut + 4 :]
    assert check_page(changed, SWEEP)[0][0] == "coefficients/1/rates/output_token@prompt-512-128/value (shown)"


def test_a_folder_without_a_sweep_has_no_such_section():
    """Neither a heading nor a link to it."""
    assert "#batches" not in render(demo_report())
    assert 'id="batches"' not in render(demo_report())


def test_names_of_lines_that_end_together_do_not_overlap():
    """Twelve pixels of letters need their room."""
    report = with_levels(*(level(b, 2.0 / b, precision=p) for p in ("fp16", "int8", "nf4") for b in (1, 8)))
    (drawn,) = batch_plots(report).values()
    heights = sorted(float(y) for y in re.findall(r'class="legend" x="[\d.]+" y="([\d.]+)"', drawn))

    assert len(heights) == 3
    assert min(b - a for a, b in itertools.pairwise(heights)) >= 14


def test_a_long_name_stays_inside_the_plot():
    """Libraries' versions stand in keys; the table has them whole."""
    torchao = replace(PLAIN.key, precision="int8dyn-torchao", engine_version="5.23.0, torchao 0.18.0")
    other = replace(torchao, engine_version="5.23.0, torchao 0.19.0")
    report = with_levels(*(replace(level(b, 2.0 / b), key=key) for key in (torchao, other) for b in (1, 8)))

    (drawn,) = batch_plots(report).values()
    labels = re.findall(r'class="legend" x="([\d.]+)" y="[\d.]+" text-anchor="start">(.*?)<', drawn)
    assert [float(x) + 6.8 * len(words) <= 440 for x, words in labels] == [True, True]
    assert render(report).count("int8dyn-torchao · 5.23.0, torchao 0.19.0") == 1
