"""`meter`: a command between sensors, as the published JSON shape, sealed on request."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from bench import __version__
from bench.errors import BadInput
from bench.files.codec import plain
from bench.files.machine import environment
from bench.files.store import MeteredRecord, write_metered
from bench.run.host import look
from bench.run.publish import rounded
from bench.sensing.metering import Metered, meter_command
from bench.sensing.sampler import Sampler

SAMPLE_PERIOD_S = 0.05
_FIELDS = (
    "domain", "device", "boundary", "basis", "energy_j", "low_j", "high_j", "start_ns", "end_ns",
    "method", "witness_j", "components", "peers", "flags", "reasons",
)  # fmt: skip


def metered(command: Sequence[str], *, stdout: IO[str] | None = None) -> Metered:
    """The command's end and energy in every domain. Raises OSError when it cannot be started."""
    with Sampler(look().sensors.meters, SAMPLE_PERIOD_S) as sampler:
        return meter_command(command, sampler, stdout=stdout)


def meter_document(done: Metered) -> dict[str, Any]:
    """The published shape of `meter --json`, figures at seven significant digits."""
    domains = [plain(rounded(e)) for e in done.energies]
    return {
        "command_exit_code": done.exit_code,
        "command_start_ns": done.start_ns,
        "command_end_ns": done.end_ns,
        "domains": [{name: domain[name] for name in _FIELDS} for domain in domains],
    }


def claim(out: Path) -> None:
    """Makes OUT/runs before the command runs. Raises BadInput where nothing can be sealed afterwards."""
    try:
        (out / "runs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{out}: no result folder can be made there ({error.strerror}); choose another") from error


def seal_metered(out: Path, done: Metered) -> Path:
    """Seals the readings around the command under OUT/runs and returns the folder."""
    at = datetime.now(UTC)
    record = MeteredRecord(
        id=f"{at:%Y%m%dT%H%M%SZ}-meter-{done.start_ns % 0xFFFFFF:06x}",
        started_at=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        environment=environment(),
        sources=done.sources,
        trace=done.trace,
        energies=tuple(rounded(e) for e in done.energies),
        faults=done.faults,
    )
    return write_metered(out, record, __version__)
