"""What must be known before the first number of a page is read: pretended, simulated, modelled, made up."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.nouns import Domain, Source
from bench.phrases import Phrase
from bench.report.stored import retold
from bench.report.views import ReportInput
from bench.report.voids import is_silent
from bench.report.words import is_simulated, person


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """A line at the top that nobody can miss."""

    kind: str  # "synthetic", "modelled", "excluded": its class in the style sheet
    title: str
    lines: tuple[str, ...]


def banners(report: ReportInput) -> tuple[Banner, ...]:
    """What must be known before the first number is read: modelled power, made-up weights, no sensor."""
    return (*_not_this_machine(report), *_how_power_is_known(report), *_made_up(report))


def _not_this_machine(report: ReportInput) -> Iterator[Banner]:
    if any(run.engine == "echo" for run in report.runs):
        yield Banner(
            kind="excluded",
            title=Phrase("A DEMO: no number on this page is about this machine"),
            lines=(Phrase("The engine 'echo' runs no model: it only lets time pass, as long as it was told."),),
        )
    if is_simulated(report.sources):
        yield Banner(
            kind="excluded",
            title=Phrase("SIMULATED: no number on this page was measured"),
            lines=(
                Phrase(
                    "The board that was read is a program: the page shows what records of such runs look like."
                ),
            ),
        )


def _how_power_is_known(report: ReportInput) -> Iterator[Banner]:
    silent = silent_sources(report)
    if report.sources and not any(s.basis == "measured" and s not in silent for s in report.sources):
        yield Banner(
            kind="excluded",
            title=Phrase("No power sensor was read on this machine"),
            lines=(Phrase("Not one figure on this page is a measurement of power."),),
        )
    modelled = [s for s in report.sources if s.basis == "modelled"]
    if modelled:
        cpu = any(s.boundary in ("cpu", "host") for s in modelled)
        yield Banner(
            kind="modelled",
            title=Phrase("CPU power here is MODELLED, not measured")
            if cpu
            else Phrase("Some power here is MODELLED, not measured"),
            lines=tuple(Phrase("{domain}: {why}", domain=person(s.domain), why=_because(s)) for s in modelled),
        )


def _made_up(report: ReportInput) -> Iterator[Banner]:
    if any(r.weights == "synthetic" for r in report.runs) or any(
        c.key.weights == "synthetic" for c in report.coefficients
    ):
        yield Banner(
            kind="synthetic",
            title=Phrase("Weights are SYNTHETIC"),
            lines=(
                Phrase(
                    "Seeded random weights in each model's exact architecture: the same shapes and the "
                    "same operations as the published model, outputs without meaning. "
                    "Power can differ with the data."
                ),
            ),
        )


def silent_sources(report: ReportInput) -> tuple[Source, ...]:
    """The sources that were to be read and have no figure in any run on the page."""

    def silent(domain: Domain) -> bool:
        runs = [run for run in report.runs if any(e.domain == domain for e in run.energies)]
        return bool(runs) and all(is_silent(run, domain) for run in runs)

    return tuple(s for s in report.sources if s.basis != "excluded" and silent(s.domain))


def _because(source: Source) -> str:
    return retold(source.reason) if source.reason else Phrase("by the model {meter!r}", meter=source.meter)
