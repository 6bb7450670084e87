"""A ReportInput → one self-contained HTML page: no server, no script, no font and no image from elsewhere."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from markupsafe import Markup

from bench.nouns import Basis, WindowEnergy
from bench.nouns.witnesses import is_modelled
from bench.phrases import Phrase, told
from bench.physics.phases import is_work
from bench.report.banners import banners, silent_sources
from bench.report.batches import batch_panels
from bench.report.dots import gross_rates
from bench.report.figures import energy_key, entries, field_key, figures
from bench.report.ledgers import (
    entry_keys,
    gathered,
    holding,
    ledgers,
    run_key,
    shown_name,
    why_gap,
)
from bench.report.marked import FIGURES_ID, bare, block, drawn_title, environment, span
from bench.report.passports import known_by
from bench.report.plots import plots
from bench.report.power import bar_energies
from bench.report.profile_text import figure_name
from bench.report.quality_text import score_name, without_scores
from bench.report.views import HardwareFigure, PowerSeries, ReportInput, RunView
from bench.report.voids import beside, concerns, is_void, void_rates
from bench.report.words import (
    BESIDE,
    PEERS_MODEL,
    SPAN_NOTE,
    basis_word,
    bounded,
    bounds_head,
    declared_name,
    engine_name,
    is_simulated,
    level,
    person,
    rate_domain,
    rate_name,
    rate_workload,
    term_name,
    weights_name,
    with_threads,
)

__all__ = ["HardwareFigure", "PowerSeries", "ReportInput", "RunView", "figures", "plots", "render"]


_NOUNS = {"run": (Phrase("run"), Phrase("runs")), "model": (Phrase("model"), Phrase("models"))}


def render(report: ReportInput) -> str:
    """The whole page. The same report gives the same bytes."""
    known, silent = entries(report), silent_sources(report)
    drawn = {name: Markup(text) for name, text in plots(report).items()}  # escaped in svg.py
    page = environment().get_template("page.html")
    return page.render(
        **_VERBS,
        report=report,
        banners=banners(report),
        plots=drawn,
        families=_families(drawn),
        figures_id=FIGURES_ID,
        block=block(known),
        fig=lambda key: bare(known, key),
        has=lambda key: key in known,
        noun=lambda key, word: told(_NOUNS[word][known[key].value != 1]),
        span=lambda base, name="value": span(known, base, name),
        heading=basis_heading(report),
        shown_bases=shown_bases(report),
        simulated=is_simulated(report.sources),
        basis_word=lambda name: basis_word(name, simulated=is_simulated(report.sources)),
        drawn_bases=shown_bases(report) | {t.basis for c in report.coefficients for t in c.terms.values()},
        batches=batch_panels(report),
        rate_bases={q.basis for run in report.runs for name, q in run.rates.items() if not void_rates(run, name)},
        span_note=told(SPAN_NOTE),
        ledgers=ledgers(report),
        served=tuple(run for run in report.runs if run.times),
        unscored=without_scores(report.runs),
        score_name=score_name,
        by_basis=lambda basis: tuple(s for s in report.sources if s.basis == basis and s not in silent),
        silent=silent,
        reasons=_reasons(report),
        beside_note=_beside_note(report),
    )


def shown_bases(report: ReportInput) -> frozenset[Basis]:
    """The bases of which the work of this page has any figure."""
    return frozenset(e.basis for run in report.runs for e in bar_energies(run) if not is_void(run, e)) - {
        "excluded"
    }


def basis_heading(report: ReportInput) -> str:
    """What stands side by side in the section of energies by basis: never `measured` where nothing was."""
    shown = shown_bases(report)
    if shown == {"measured", "modelled"}:
        return told(Phrase("Measured beside modelled"))
    if "measured" in shown:
        simulated = is_simulated(report.sources)
        return told(Phrase("Simulated, domain by domain") if simulated else Phrase("Measured, domain by domain"))
    if not shown:
        return told(Phrase("No energy of any work"))
    void = any(e.basis == "measured" for run in report.runs for e in run.energies)
    only = Phrase("Modelled only: all that was measured is void")
    return told(only if void else Phrase("Modelled only: no power sensor was read"))


def doubts(run: RunView, one: WindowEnergy) -> tuple[str, ...]:
    """Why a window's figure is void or flagged; an excluded domain says why once, at its first window."""
    if one.basis == "excluded":
        first = next(e for e in run.energies if e.domain == one.domain)
        return one.reasons if first is one else ()
    level = "void" if is_void(run, one) else "flag"
    judged = level == "void" or is_work(one)  # flags speak of the work, voids of all
    spoken = [v.name for v in run.verdicts if judged and v.level == level and concerns(v, one)]
    return tuple(dict.fromkeys((*one.reasons, *one.flags, *spoken)))


def _beside_note(report: ReportInput) -> str:
    """What another tool's figures are, and which of them are its own model."""
    models = any(is_modelled(label) for run in report.runs for _, label in beside(run))
    said = [told(one) for one in (BESIDE, *((PEERS_MODEL,) if models else ()))]
    return " ".join(f"{one[0].upper()}{one[1:]}." for one in said)


def _reasons(report: ReportInput) -> Mapping[str, tuple[str, ...]]:
    """For each void run, what its verdicts say, shortest first to read."""
    return {
        run.id: tuple(dict.fromkeys(v.name for v in run.verdicts if v.level == "void"))
        for run in report.runs
        if any(v.level == "void" for v in run.verdicts)
    }


def _families(drawn: Mapping[str, Markup]) -> Mapping[str, tuple[tuple[Markup, Markup], ...]]:
    """The plots of each section, each with the title that it carries."""
    return {
        family: tuple(
            (drawn_title(text), text) for name, text in drawn.items() if name.startswith(f"plot-{family}-")
        )
        for family in ("unit", "term", "load", "basis")
    }


_VERBS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        verb.__name__: verb
        for verb in (
            bar_energies, beside, bounded, bounds_head, declared_name, doubts, energy_key, engine_name, entry_keys,
            field_key, figure_name, gathered, gross_rates, holding, is_void, known_by, level, person, rate_domain,
            rate_name, rate_workload, run_key, shown_name, term_name, void_rates, weights_name, why_gap,
            with_threads,
        )
    }
)  # fmt: skip
