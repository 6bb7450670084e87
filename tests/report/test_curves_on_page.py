"""Load curves side by side: each in the table with its line or why there is none, alike ones on one scale."""

import re
from dataclasses import replace

import pytest
from report_demo import demo_report, quantity

from bench.nouns import CoefficientKey, CurvePoint, LoadCurve, Times
from bench.report.figures import figures
from bench.report.page import plots, render
from bench.report.proof import parse_figures


def curve(setup, idle_w, request_j, rates, *, missing="", workload="intent-fr", basis="measured"):
    key = CoefficientKey(
        model="intent", precision="fp32", weights="served", engine="http",
        engine_version=f"uvicorn, setup {setup}", hardware="imaginary-t4", power_limit_w=70.0, driver=None,
    )  # fmt: skip
    points = tuple(
        CurvePoint(
            run_id=f"r{setup}{rate}", offered_per_s=rate, users=None, answered_per_s=rate, saturated=False,
            power=quantity(idle_w + request_j * rate, 3.0, "W", basis),
        )
        for rate in rates
    )  # fmt: skip
    return LoadCurve(
        key=key, boundary="gpu", workload=workload, points=points, most_per_s=max(rates),
        idle=None if missing else quantity(idle_w, 2.0, "W", basis),
        request=None if missing else quantity(request_j, 0.1, "J/request", basis),
        off_line_ratio=None if missing else 0.021, missing=missing,
        at_most=quantity(idle_w / max(rates) + request_j, 0.05, "J/request", basis),
    )  # fmt: skip


@pytest.fixture(scope="module")
def report():
    curves = (
        curve("max-batch-1", 30.0, 0.5, (5.0, 10.0, 20.0, 50.0)),
        curve("max-batch-8", 30.0, 0.1, (20.0, 50.0, 100.0, 300.0)),
        curve("max-batch-4", 30.0, 0.2, (5.0, 10.0), missing="2 rates at which the server kept up, 3 needed"),
        curve("max-batch-8", 30.0, 0.1, (1.0, 2.0, 3.0), workload="intent-en"),
    )
    times = {"ttft_s": Times(count=40, mean_s=0.01, least_s=0.009, most_s=0.02)}
    made = demo_report()
    return replace(made, curves=curves, runs=(replace(made.runs[0], times=times), *made.runs[1:]))


def rows(html):
    table = re.search(r'<table class="curves">.*?</table>', html, re.DOTALL)[0]
    return [re.sub(r"<[^>]+>", " ", row) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)][1:]


def test_curves_stand_side_by_side(report):
    """Setup, watts at rest, joules for each request more, most answered; without a line the reason."""
    first, second, third, _ = rows(render(report))

    assert re.search(
        r"setup max-batch-1 .*intent-fr .*measured .*30\.0 .*W .*0\.50 .*J/request .*50 .*1\.100 .*J/request",
        first,
        re.DOTALL,
    )
    assert re.search(r"setup max-batch-8 .*0\.10 .*J/request .*300", second, re.DOTALL)
    assert "no line: 2 rates at which the server kept up, 3 needed" in third


def test_a_modelled_curve_says_so(report):
    modelled = replace(report, curves=(curve("a", 30.0, 0.5, (5.0, 10.0, 20.0), basis="modelled"),))

    assert "modelled" in rows(render(modelled))[0]


def test_every_figure_of_a_curve_is_in_the_block(report):
    page = parse_figures(render(report))

    assert page.fault is None or page.fault == ""
    assert {k for k in figures(report) if k.startswith("curves/")} <= set(page.figures)


def test_alike_curves_share_their_scales_and_others_do_not(report):
    """The last tick of the rates is that of the fastest of its workload."""
    drawn = plots(report)
    last = [re.findall(r">(\d+)</text>", drawn[f"plot-load-{n}"])[-1] for n in range(4)]

    assert last[:3] == ["300"] * 3
    assert last[3] == "3"
    assert "max-batch-8" in re.search(r"<title.*?</title>", drawn["plot-load-1"])[0]


def test_two_servers_of_one_name_are_told_apart_on_the_page(report):
    """In the table and its cards always, in a plot's title where two go by one name."""
    first = curve("a", 30.0, 0.5, (5.0, 10.0, 20.0))
    two = [replace(first, key=replace(first.key, endpoint=f"http://{at}:1")) for at in ("a", "b")]
    both = replace(report, curves=tuple(two))

    for row, at in zip(rows(render(both)), ("http://a:1", "http://b:1"), strict=True):
        assert f"at {at}" in row
    drawn = plots(both)
    titles = [re.search(r"<title.*?</title>", drawn[f"plot-load-{n}"])[0] for n in (0, 1)]
    assert "at http://a:1" in titles[0]
    assert "at http://b:1" in titles[1]
    assert "at http://" not in plots(replace(report, curves=(two[0],)))["plot-load-0"]


def test_two_checkpoints_are_told_apart_in_plots_of_terms(report):
    """Their rows stand under headings of their own; one alone has none."""
    first = report.coefficients[0]
    two = [
        replace(first, key=replace(first.key, weights="pretrained", weights_path=p)) for p in ("full", "pruned")
    ]

    def headings(*coefficients):
        drawn = plots(replace(report, coefficients=coefficients))
        return " ".join(text for name, text in drawn.items() if name.startswith("plot-term-"))

    assert all(f"weights from {p}" in headings(*two) for p in ("full", "pruned"))
    assert "weights from" not in headings(two[0])
    page = render(replace(report, coefficients=tuple(two)))
    assert all(f", weights from {p}" in page for p in ("full", "pruned"))


def test_phases_of_a_request_are_told(report):
    html = render(report)

    assert "<code>ttft_s</code>: from the moment meant to the first output" in html
