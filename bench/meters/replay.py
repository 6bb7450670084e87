"""A test double: readings that were recorded in a sealed run, played again as if they were made now."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import BadInput, BrokenResults
from bench.files.codec import build
from bench.files.options import check_options
from bench.files.parts import read_readings
from bench.nouns import Boundary, Check, Domain, Found, Observation, Reading, Source

_READINGS, _SEAL = "readings.csv.gz", "run.json"
_BOUNDARIES: Mapping[str, Boundary] = {
    "gpu": "gpu", "cpu-package": "cpu", "dram": "dram", "platform": "platform", "host": "host", "wall": "wall",
}  # fmt: skip


def open_meters(options: Mapping[str, str], *, clock_ns: Callable[[], int] = time.monotonic_ns) -> Found:
    """A meter for every domain of a recording. Options: `path`, a run's folder or its readings.csv.gz.

    The recording starts when the meters are opened. Its sources keep the basis that they had.
    """
    check_options("replay", options, ("path",))
    if "path" not in options:
        raise BadInput("replay: the option 'path' is missing: the folder of a sealed run, or its readings")
    path = Path(options["path"])
    file = path / _READINGS if path.is_dir() else path
    recorded = read_readings(file)
    if not recorded:
        raise BadInput(f"replay: {file} holds no reading")
    shift_ns = clock_ns() - min(one.t_ns for one in recorded)
    meters = []
    for source in _sources(file, recorded):
        mine = [_later(one, shift_ns) for one in recorded if one.domain == source.domain]
        mine.sort(key=lambda one: one.t_ns)
        meters.append(ReplayMeter(source, tuple(mine), clock_ns))
    reason = f"a test double: plays {len(recorded)} recorded readings"
    return Found(
        meters=tuple(meters),
        checks=(Check(name="replay", status="degraded", reason=reason, remedy="use it in tests only"),),
    )


@dataclass(slots=True)
class ReplayMeter:
    """One domain's recording, handed out as its time comes."""

    _source: Source
    _recorded: tuple[Observation, ...]
    _clock_ns: Callable[[], int]
    _next: int = 0

    @property
    def source(self) -> Source:
        """The source as it was recorded."""
        return self._source

    def read(self) -> Sequence[Observation]:
        """What the sensor had said up to this moment of the recording, since the last call."""
        now_ns, first = self._clock_ns(), self._next
        while self._next < len(self._recorded) and self._recorded[self._next].t_ns <= now_ns:
            self._next += 1
        return self._recorded[first : self._next]

    def close(self) -> None:
        """Nothing is held open."""


def _sources(file: Path, recorded: Sequence[Observation]) -> tuple[Source, ...]:
    """The sources of the run that the file belongs to; for a file alone, modelled ones named by domain."""
    domains = sorted({one.domain for one in recorded if isinstance(one, Reading)})
    declared = _declared(file.parent / _SEAL)
    return tuple(_as_replay(declared.get(domain) or _guessed(domain, recorded), file) for domain in domains)


def _declared(seal: Path) -> Mapping[Domain, Source]:
    if not seal.is_file():
        return {}
    try:
        listed = json.loads(seal.read_text(encoding="utf-8"))["sources"]
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenResults(f"{seal}: no list of sources ({error})") from error
    sources = build(tuple[Source, ...], listed, f"{seal}: sources")
    return {source.domain: source for source in sources}


def _guessed(domain: Domain, recorded: Sequence[Observation]) -> Source:
    seen = {one.field: None for one in recorded if isinstance(one, Reading) and one.domain == domain}
    boundary = _BOUNDARIES.get(domain.partition(":")[0], "wall")
    return Source(
        domain=domain, meter="replay", boundary=boundary, basis="modelled", device="replay", fields=tuple(seen)
    )


def _as_replay(source: Source, file: Path) -> Source:
    details = {**source.details, "recorded_by": source.meter, "recording": file.parent.name or file.name}
    return replace(source, meter="replay", reason="a test double: recorded earlier", details=details)


def _later(one: Observation, shift_ns: int) -> Observation:
    return replace(one, t_ns=one.t_ns + shift_ns)
