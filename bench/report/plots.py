"""Every plot of a report by its id, as the text that stands in the page."""

from bench.report.batches import batch_plots
from bench.report.dots import term_plots, unit_plots
from bench.report.figures import entries
from bench.report.load import load_plots
from bench.report.power import basis_plots, power_plots
from bench.report.views import ReportInput


def plots(report: ReportInput) -> dict[str, str]:
    """Each `<svg id="plot-…">` of the page under its id; the same figures give the same text."""
    known = entries(report)
    return {
        **unit_plots(report, known),
        **term_plots(report, known),
        **batch_plots(report),
        **load_plots(report),
        **basis_plots(report, known),
        **power_plots(report),
    }
