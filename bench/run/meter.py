"""`meter`: a command between sensors, as the published JSON shape, sealed on request."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from bench import __version__
from bench.errors import BadInput
from bench.files.codec import plain
from bench.files.known import known_passports
from bench.files.layout import runs_folder
from bench.files.machine import environment
from bench.files.store import MeteredRecord, write_metered
from bench.physics.ledger import Entry, Ledger, check_pue, ledger, with_pue
from bench.report.terminal import component_table, energy_table, ledger_text, peer_table
from bench.run.host import look
from bench.run.publish import passports_of, rounded
from bench.sensing.metering import Metered, meter_command
from bench.sensing.sampler import Sampler
from bench.sensing.witnessing import Witnesses
from bench.stats import significant
from bench.units import S_PER_NS

_WHOLE = "all that the machine took meanwhile: its idle and everybody else's work are inside"
SAMPLE_PERIOD_S = 0.05
# The command's start and end on the wall clock, sealed: other tools' files are joined by them (`bench.run.join`).
START_UNIX, END_UNIX = "command_start_unix_ns", "command_end_unix_ns"
_FIELDS = (
    "domain", "device", "boundary", "basis", "energy_j", "low_j", "high_j", "start_ns", "end_ns",
    "method", "witness_j", "components", "freedom", "peers", "over_peers_j", "flags", "reasons",
)  # fmt: skip


def metered(
    command: Sequence[str],
    *,
    witnesses: Sequence[str] = (),
    stdout: IO[str] | None = None,
    out: Path | None = None,
) -> Metered:
    """The command's end and energy in every domain. Raises OSError when it cannot be started.

    `out`: where passports from known steps may lie. `witnesses`: peers. Raises CannotRun for one that lacks.
    """
    passports = known_passports(out) if out else None
    watching = Witnesses(witnesses)
    sampling = Sampler(look().sensors.meters, SAMPLE_PERIOD_S, passports=passports)
    with watching as watch, sampling as sampler:
        return meter_command(command, sampler, witnesses=watch, stdout=stdout)


def meter_document(done: Metered, *, pue_ratio: float | None = None) -> dict[str, Any]:
    """The published shape of `meter --json`, figures at seven significant digits."""
    domains = [plain(rounded(e)) for e in done.energies]
    return {
        "command_exit_code": done.exit_code,
        "command_start_ns": done.start_ns,
        "command_end_ns": done.end_ns,
        "domains": [{name: domain[name] for name in _FIELDS} for domain in domains],
        "ledger": plain(_ledger(done, pue_ratio)),
    }


def summary(name: str, done: Metered, *, pue_ratio: float | None = None, components: bool = False) -> str:
    """What `meter` tells a person: the domains, the ledger, and each part of their uncertainty where asked."""
    parts = [
        f"\n{name} took {(done.end_ns - done.start_ns) * S_PER_NS:.2f} s",
        energy_table(done.energies),
        *(("", peer_table(done.energies)) if any(e.peers for e in done.energies) else ()),
        "",
        ledger_text(_ledger(done, pue_ratio)),
        _WHOLE,
    ]
    return "\n".join([*parts, *(("", component_table(done.energies)) if components else ())])


def _ledger(done: Metered, pue_ratio: float | None) -> Ledger:
    """The whole machine's ledger, of the figures as they are published."""
    made = ledger(rounded(e) for e in done.energies)
    if pue_ratio is not None:
        made = with_pue(made, pue_ratio)
    return replace(made, entries=_published(made.entries), facility=_published(made.facility))


def _published(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    def shorter(value: float | None) -> float | None:
        return None if value is None else significant(value)

    return tuple(
        replace(e, energy_j=shorter(e.energy_j), low_j=shorter(e.low_j), high_j=shorter(e.high_j)) for e in entries
    )


def claim(out: Path | None, *, pue_ratio: float | None = None) -> None:
    """Makes OUT/runs before the command runs. Raises BadInput for what would be found only after it."""
    if pue_ratio is not None:
        check_pue(pue_ratio)
    if out is None:
        return
    try:
        runs_folder(out).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{out}: no result folder can be made there ({error.strerror}); choose another") from error


def seal_metered(out: Path, done: Metered) -> Path:
    """Seals the readings around the command under OUT/runs and returns the folder."""
    at = datetime.now(UTC)
    record = MeteredRecord(
        id=f"{at:%Y%m%dT%H%M%SZ}-meter-{done.start_ns % 0xFFFFFF:06x}",
        started_at=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        environment={**environment(), START_UNIX: done.start_unix_ns, END_UNIX: done.end_unix_ns},
        sources=done.sources,
        trace=done.trace,
        energies=tuple(rounded(e) for e in done.energies),
        passports=passports_of(done.trace, done.sources),
        faults=done.faults,
    )
    return write_metered(out, record, __version__)
