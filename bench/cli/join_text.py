"""A metered run joined with a load generator's file, as text of 80 columns."""

from typing import TYPE_CHECKING

from bench.physics.latency import SHARES
from bench.report.numbers import quantity, shown
from bench.report.terminal import energy_table
from bench.report.words import basis_word, tells_double
from bench.units import MS_PER_S, S_PER_NS, counted

if TYPE_CHECKING:
    from bench.files.interop.told import ToldFigure
    from bench.nouns import Times
    from bench.run.join import Joined, JoinedShare

_GROSS = "gross: whatever the machine took in that span, its idle included; the command's start-up is not"


def join_text(one: "Joined") -> str:
    """Joules first, then times, then what the tool itself says."""
    span_s = (one.end_ns - one.start_ns) * S_PER_NS
    version = f" {one.tool_version}" if one.tool_version else ""
    warm = f", {one.warmup} more to warm up" if one.warmup else ""
    return "\n".join(
        [
            f"{one.tool}{version}: {counted(one.requests, 'request')}{warm}, {one.failures} failed; tokens in "
            f"{_count(one.prompt_tokens)}, out {_count(one.output_tokens)}",
            f"\nthe whole metered command ({one.run})",
            energy_table(one.metered),
            f"\nfrom the first request's start to the last one's end, {span_s:.3f} s",
            energy_table(one.energies),
            *(line for share in one.shares for line in _share(share, simulated=tells_double(_flags(one)))),
            _GROSS,
            "",
            *(_time(name, times) for name, times in one.times.items()),
            *([f"\nwhat {one.tool} says, by its own names"] if one.figures else []),
            *(_figure(figure) for figure in one.figures),
            *(["\nby AIPerf's names, from these joules"] if one.aiperf else []),
            *(f"  {name} {shown(value)}" for name, value in one.aiperf.items()),
            *(f"note: {note}" for note in one.notes),
        ]
    )


def _count(tokens: int | None) -> str:
    return "not counted" if tokens is None else str(tokens)


def _flags(one: "Joined") -> list[str]:
    return [flag for energy in one.energies for flag in energy.flags]


def _share(one: "JoinedShare", *, simulated: bool) -> list[str]:
    parts = [quantity(q) for q in (one.per_request, one.per_output_token) if q is not None]
    basis = basis_word(one.basis, simulated=simulated)
    head = f"{basis if basis == 'measured' else basis.upper()} {one.boundary}"
    return [f"{head}: {part}" for part in parts] + [f"{head}: no figure: {reason}" for reason in one.reasons]


def _time(name: str, times: "Times") -> str:
    told = (
        f"{q.removesuffix('_s')} {times.quantiles_s[q] * MS_PER_S:.2f}" for q in SHARES if q in times.quantiles_s
    )
    said = ", ".join([f"mean {times.mean_s * MS_PER_S:.2f}", *told])
    return f"{name.removesuffix('_s')} ms: {said} of {times.count}"


def _figure(one: "ToldFigure") -> str:
    same = (
        f"our {one.ours}" if one.ours and one.ours != one.name else "the same here" if one.ours else "none of ours"
    )
    return f"  {one.name} {shown(one.value)} {one.unit} ({same})"
