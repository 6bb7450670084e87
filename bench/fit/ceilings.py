"""A calibration's readings and work → what its device does at most, and for how many joules a byte or a FLOP.

    rate        = work of a window ÷ the time in which batches ran           by the clock
    gross       = (energy − idle_resident × time in which none ran) ÷ work     at that rate
    above idle  = (energy − idle_resident × duration) ÷ work

(None runs between batches, while a train waits for its phase, and in the ticks beside the window.)

Each is the median over the windows of one kernel. Its 95 % interval holds, in quadrature, Student's interval of
the windows' scatter (times √(π/2): the standard error of a median over that of a mean, of normal values, fairly
accurate for few too: http://davidmlane.com/hyperstat/A106993.html, checked 2026-11-21), what the windows' own
energies leave open, and the board's gain; what a sensor may never have seen widens it on its own side. Where
energy is modelled all is repeated on the model's low and high series.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bench.fit.intervals import SERIES
from bench.fit.medians import MedianLevel, SeriesRow, half_width, level
from bench.nouns import (
    Calibration,
    Ceilings,
    Domain,
    Kernel,
    MeasuredFigure,
    Outcome,
    Quantity,
    Run,
    Source,
    Verdict,
    WindowEnergy,
)
from bench.physics.attribution import window_outcomes
from bench.physics.ceilings import RATES, implausible, slows
from bench.physics.doubles import DOUBLE, pretends
from bench.physics.doubt import OF_A_CALIBRATION
from bench.physics.phases import idle, idle_kind, work
from bench.physics.rules import POWER_CAP, of_verdict
from bench.physics.verdict import judge, voided
from bench.stats import median, significant
from bench.units import S_PER_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The verdicts on a calibration: what befalls all of its kernels, and what befalls one of them."""

    common: tuple[Verdict, ...] = ()
    apart: tuple[tuple[Kernel, Verdict], ...] = ()  # the kernel's label stands before the evidence

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All, voids first."""
        return _voids_first([*self.common, *(v for _, v in self.apart)])

    def on(self, kernel: Kernel | None) -> tuple[Verdict, ...]:
        """Those on a kernel, with those on all of them; without a kernel the latter alone. Voids first."""
        return _voids_first([*self.common, *(v for of, v in self.apart if of == kernel)])


def judged(run: Run, energies: Sequence[WindowEnergy], calibration: Calibration) -> Judged:
    """Every verdict on a calibration, kernel by kernel: they are different loads, and no drift of one another's.

    What befalls them all is said once.
    """
    by_kernel = {}
    for kernel in calibration.kernels:
        windows = tuple(w for w in run.trace.windows if _of(w.label, kernel) or idle_kind(w))
        outcomes = tuple(o for o in run.outcomes if o.request_id == kernel.label)
        part = replace(run, trace=replace(run.trace, windows=windows), outcomes=outcomes)
        mine = [e for e in energies if _of(e.label, kernel) or idle_kind(e)]
        found = [*judge(part, mine), *implausible(part, mine, kernel, calibration.peaks.get(kernel.label))]
        by_kernel[kernel] = [
            replace(v, remedy=of_verdict(v).helps(OF_A_CALIBRATION)) for v in dict.fromkeys(found)
        ]
    common = [v for v in next(iter(by_kernel.values()), []) if all(v in vs for vs in by_kernel.values())]
    apart = [
        (kernel, replace(v, evidence=f"{kernel.label}: {v.evidence}"))
        for kernel, found in by_kernel.items()
        for v in found
        if v not in common
    ]
    return Judged(common=tuple(common), apart=tuple(apart))


def _voids_first(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    return tuple(sorted(verdicts, key=lambda v: v.level != "void"))


def ceilings(run: Run, energies: Sequence[WindowEnergy], verdicts: Judged, calibration: Calibration) -> Ceilings:
    """Every figure of a calibration, and why others are absent."""
    found = _Found(run=run, calibration=calibration, verdicts=verdicts, figures=[], refused={})
    for kernel in calibration.kernels:
        found.rate(kernel)
    for source in run.sources:
        if source.basis == "excluded" or (source.is_board and source.device != run.loaded.device):
            continue
        found.energies(source, [e for e in energies if e.domain == source.domain])
    return Ceilings(figures=tuple(found.figures), refused=found.refused)


@dataclass(slots=True, kw_only=True)
class _Found:
    """What a calibration has told so far."""

    run: Run
    calibration: Calibration
    verdicts: Judged
    figures: list[MeasuredFigure]
    refused: dict[str, str]

    def rate(self, kernel: Kernel) -> None:
        """The work a second while batches ran, of each window."""
        name = f"{kernel.label}_rate"
        factor, unit = RATES[kernel.unit]
        seen = [
            _work(kernel, mine) / _busy_s(mine) / factor
            for w in work(self.run.trace.windows)
            if _of(w.label, kernel) and (mine := window_outcomes(w, self.run.outcomes))
        ]
        why = self._why(kernel, None)
        if why or len(seen) < 2:
            self.refused[name] = why or f"{len(seen)} finished window, 2 needed for an interval"
            return
        value, half = median(seen), half_width(seen)
        ends = (max(0.0, value - half), value + half)
        self._enter(name, None, value, ends, unit, "measured", "; ".join(self._limits(kernel)))

    def _limits(self, kernel: Kernel) -> tuple[str, ...]:
        """What bounds a kernel's rate besides the device itself."""
        board = next((s for s in self.run.sources if s.device == self.run.loaded.device), None)
        capped = [
            v for v in self.verdicts.on(kernel) if v.name == POWER_CAP.name and board and v.domain == board.domain
        ]
        limit_w = board.power_limit_w if board else None
        at = f" of {limit_w:g} W" if limit_w else ""
        return (*self.calibration.limits, *((f"its power limit{at}",) if capped else ()))

    def energies(self, source: Source, mine: Sequence[WindowEnergy]) -> None:
        """Idle, and the joules of each kernel's unit of work, in one domain."""
        idles = {}
        for kind in ("bare", "resident"):
            rows = [SeriesRow.of(e) for e in idle(mine, "bare" if kind == "bare" else "resident") if _has(e)]
            why = self._why(None, source.domain)
            if why or len(rows) < 2:
                self._refuse(source, f"idle_{kind}", why or f"{len(rows)} idle window with an energy, 2 needed")
                continue
            idles[kind] = level(rows, [r.duration_s for r in rows], source)
            self._bounded(f"idle_{kind}", source, idles[kind], "W")
        for kernel in self.calibration.kernels:
            self._kernel(source, kernel, mine, idles.get("resident"))

    def _kernel(
        self, source: Source, kernel: Kernel, mine: Sequence[WindowEnergy], at_rest: "MedianLevel | None"
    ) -> None:
        gross, above = f"{kernel.label}_gross", f"{kernel.label}_above_idle"
        rows, amounts, waits_s = [], [], []
        for e in work(mine):
            batches = self._outcomes(e) if _of(e.label, kernel) else ()
            if batches and _has(e):
                rows.append(SeriesRow.of(e))
                amounts.append(float(_work(kernel, batches)))
                waits_s.append(max(0.0, rows[-1].duration_s - _busy_s(batches)))
        why = self._why(kernel, source.domain)
        if not why and len(rows) < 2:
            why = f"{len(rows)} window with an energy, 2 needed for an interval"
        if why or at_rest is None:
            for name in (gross, above):
                self._refuse(source, name, why or "needs idle_resident, which is not known")
            return
        unit = f"J/{kernel.unit}"
        self._bounded(gross, source, level(rows, amounts, source, (at_rest, waits_s)), unit)
        spans_s = [r.duration_s for r in rows]
        self._bounded(above, source, level(rows, amounts, source, (at_rest, spans_s)), unit)

    def _outcomes(self, energy: WindowEnergy) -> tuple[Outcome, ...]:
        """What was done in the energy's window."""
        own = (w for w in self.run.trace.windows if (w.phase, w.label) == (energy.phase, energy.label))
        return tuple(o for w in own for o in window_outcomes(w, self.run.outcomes))

    def _why(self, kernel: Kernel | None, domain: Domain | None) -> str:
        """Why a verdict takes a figure away; "": none does. Without a kernel: what befalls them all."""
        own = self.verdicts.on(kernel)
        if domain is not None:
            return next(iter(voided(own, domain)), "")
        return next((f"{v.name}: {v.evidence}" for v in own if v.level == "void" and slows(v, self.run)), "")

    def _refuse(self, source: Source, name: str, why: str) -> None:
        self.refused[f"{source.domain}/{name}"] = why

    def _bounded(self, name: str, source: Source, level: "MedianLevel", unit: str) -> None:
        floor = -math.inf if name.endswith("_above_idle") else 0.0
        low = max(floor, min(level.value[s] - level.half[s] - level.below for s in SERIES))
        high = max(level.value[s] + level.half[s] + level.above for s in SERIES)
        value = level.value["value"]
        self._enter(name, source, value, (min(low, value), high), unit, source.basis)

    def _enter(
        self,
        name: str,
        source: Source | None,
        value: float,
        ends: tuple[float, float],
        unit: str,
        basis: str,
        limited_by: str = "",
    ) -> None:
        quantity = Quantity(
            value=significant(value),
            low=significant(ends[0]),
            high=significant(ends[1]),
            unit=unit,
            basis="modelled" if basis == "modelled" else "measured",
        )
        self.figures.append(
            MeasuredFigure(
                device=self.calibration.device,
                domain=source.domain if source else None,
                name=name,
                quantity=quantity,
                run_id=self.run.id,
                limited_by=limited_by,
                stand_in=f"{DOUBLE}: {source.device_name}" if source and pretends(source) else "",
            )
        )


def _work(kernel: Kernel, outcomes: Iterable[Outcome]) -> int:
    """Bytes or FLOP of these batches: their passes times the work of one."""
    return kernel.per_pass * sum(o.achieved.requests or 0 for o in outcomes)


def _busy_s(outcomes: Iterable[Outcome]) -> float:
    """The time in which these batches ran, one after another."""
    return sum(o.end_ns - o.start_ns for o in outcomes) * S_PER_NS


def _has(energy: WindowEnergy) -> bool:
    return energy.energy_j is not None


def _of(label: str, kernel: Kernel) -> bool:
    """Whether a window, by its label ("triad-2"), is one of the kernel's."""
    return label.rpartition("-")[0] == kernel.label
