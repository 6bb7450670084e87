"""`meter`: a command between sensors, as the published JSON shape, sealed on request."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from bench import __version__
from bench.files.codec import plain
from bench.files.machine import environment
from bench.files.store import write_metered
from bench.run.publish import rounded
from bench.run.sensors import default_meters
from bench.sensing.metering import Metered, meter_command
from bench.sensing.sampler import Sampler

SAMPLE_PERIOD_S = 0.05
_FIELDS = (
    "domain", "device", "boundary", "basis", "energy_j", "low_j", "high_j", "start_ns", "end_ns",
    "method", "witness_j", "components", "peers", "flags", "reasons",
)  # fmt: skip


def metered(command: Sequence[str], *, stdout: IO[str] | None = None) -> Metered:
    """The command's end and energy in every domain. Raises OSError when it cannot be started."""
    with Sampler(default_meters(), SAMPLE_PERIOD_S) as sampler:
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


def seal_metered(out: Path, done: Metered) -> Path:
    """Seals the readings around the command under OUT/runs and returns the folder."""
    at = datetime.now(UTC)
    return write_metered(
        out,
        f"{at:%Y%m%dT%H%M%SZ}-meter-{done.start_ns % 0xFFFFFF:06x}",
        at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        done.sources,
        done.trace,
        tuple(rounded(e) for e in done.energies),
        environment(),
        __version__,
    )
