"""A calibrated profile → a table of 80 columns: found beside declared and their ratio, and what is absent."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from bench.nouns import Calibration, Ceilings, Loaded, MeasuredFigure, Verdict
from bench.physics.ceilings import RATES
from bench.report.numbers import quantity, shown
from bench.report.words import SPAN_NOTE, basis_word

_GAP = "  "
_WIDTH = 80
_SCALES = {unit: factor for factor, unit in RATES.values()}
_KINDS = {
    "rate": "",
    "gross": ", gross",
    "above_idle": ", above idle",
}


def device_text(
    calibration: Calibration, loaded: Loaded, found: Ceilings, verdicts: Sequence[Verdict], run_id: str
) -> str:
    """One device: a head, a line a figure, and below what bounds them, what is absent and why."""
    head = f"{calibration.device}: {loaded.device_name}, {loaded.engine_version}, sealed as {run_id}"
    lines: list[tuple[str, ...]] = [("what", "where", "found", "basis", "declared", "ratio")]
    lines += [_line(one, calibration) for one in found.figures]
    if not calibration.peaks:  # nothing to stand beside: what is declared is said below
        lines = [line[:-2] for line in lines]
    drawn = _table(lines) if found.figures else ["no figure: none stands, and why is said below"]
    modelled = any(one.quantity.basis == "modelled" for one in found.figures)
    told = [
        *(f"{k.label}: {_size(calibration, k.label)}" for k in calibration.kernels),
        *(f"{name} limited by {by}" for by, name in _limited(found.figures).items()),
        *(f"{what}, and no sensor: {names}" for what, names in _stand_ins(found.figures).items()),
        *(f"{label}: not driven: {why}" for label, why in calibration.left_out.items()),
        *(f"{name}: void: {why}" for why, name in _gathered(found.refused).items()),
        *(f"{v.level}, {v.domain or 'every domain'}: {v.name}: {v.evidence}; {v.remedy}" for v in verdicts),
        *(() if calibration.peaks else ("declared: nothing of its bandwidth or FLOP/s",)),
        *((SPAN_NOTE,) if modelled else ()),
    ]
    return "\n".join([*textwrap.wrap(head, _WIDTH, subsequent_indent=_GAP), *drawn, *_wrapped(told)])


def note_text(note: str) -> str:
    """A remark below all devices."""
    return "\n".join(textwrap.wrap(note, _WIDTH, subsequent_indent=_GAP))


def figure_name(one: MeasuredFigure) -> str:
    """`triad, above idle`: what was measured."""
    if one.name.startswith("idle_"):
        return f"idle, {one.name.removeprefix('idle_')}"
    label, kind = next((one.name.removesuffix(f"_{k}"), _KINDS[k]) for k in _KINDS if one.name.endswith(k))
    return label.replace("_", " ") + kind


def _line(one: MeasuredFigure, calibration: Calibration) -> tuple[str, ...]:
    word = basis_word(one.quantity.basis, simulated=bool(one.stand_in))
    basis = word.upper() if word == "modelled" else word
    peak = calibration.peaks.get(one.name.removesuffix("_rate")) if one.domain is None else None
    scale = _SCALES.get(one.quantity.unit)
    if peak is None or scale is None:
        return figure_name(one), one.domain or "clock", quantity(one.quantity), basis, "-", "-"
    declared = peak.per_s / scale
    ratio = f"{one.quantity.value / declared:.2f}"
    declared_ = shown(declared, one.quantity.unit)
    return figure_name(one), one.domain or "clock", quantity(one.quantity), basis, declared_, ratio


def _size(calibration: Calibration, label: str) -> str:
    kernel = next(k for k in calibration.kernels if k.label == label)
    if kernel.kind == "matmul":
        return f"dense products of side {kernel.size}, {kernel.per_pass / 1e9:.4g} GFLOP each"
    return (
        f"{kernel.precision} arrays of {kernel.size * 4 / 1024**2:.4g} MiB, {kernel.per_pass / 1e6:.4g} MB a pass"
    )


def _limited(figures: Iterable[MeasuredFigure]) -> Mapping[str, str]:
    return _gathered({figure_name(one): one.limited_by for one in figures if one.limited_by})


def _stand_ins(figures: Iterable[MeasuredFigure]) -> Mapping[str, str]:
    """What was read in a sensor's place → the domains that it stands in for."""
    return _gathered({one.domain or "": one.stand_in for one in figures if one.stand_in})


def _gathered(found: Mapping[str, str]) -> dict[str, str]:
    """what is said → the names of which it is, each thing said once."""
    said: dict[str, list[str]] = {}
    for name, what in found.items():
        said.setdefault(what, []).append(name)
    return {what: ", ".join(names) for what, names in said.items()}


def _table(lines: Sequence[tuple[str, ...]]) -> list[str]:
    """Aligned columns; where they would be wider than a terminal the first one wraps."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    widths[0] -= max(0, sum(widths) + len(_GAP) * (len(widths) - 1) - _WIDTH)
    drawn = []
    for line in (lines[0], tuple("─" * n for n in widths), *lines[1:]):
        first = textwrap.wrap(line[0], widths[0], subsequent_indent=_GAP)
        cells = [c.ljust(w) for c, w in zip((first[0], *line[1:]), widths, strict=True)]
        drawn += [_GAP.join(cells).rstrip(), *first[1:]]
    return drawn


def _wrapped(texts: Iterable[str]) -> list[str]:
    return [
        line
        for text in texts
        for line in textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")
    ]
