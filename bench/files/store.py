"""Sealed runs ⇄ disk, and their schema. A sealed run is never edited; `layout` says where it lies."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from bench.errors import BadInput, BrokenResults
from bench.files.atomic import write_whole
from bench.files.codec import build, plain
from bench.files.json_text import json_bytes, read_json
from bench.files.layout import OUTCOMES, PARTS, READINGS, SEAL, WINDOWS, run_folder
from bench.files.parts import (
    outcomes_bytes,
    read_bytes,
    read_outcomes,
    read_readings,
    read_windows,
    readings_bytes,
    windows_bytes,
)
from bench.nouns import (
    Calibration,
    Ceilings,
    Domain,
    Fact,
    Fault,
    Loaded,
    Outcome,
    Passport,
    Precision,
    Quality,
    Run,
    RunSpec,
    Source,
    Times,
    Trace,
    Verdict,
    WindowEnergy,
    WitnessRecord,
)

RUN_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a sealed run publishes: figures that its readings and outcomes prove."""

    energies: tuple[WindowEnergy, ...]
    verdicts: tuple[Verdict, ...]
    passports: Mapping[Domain, Passport] = field(default_factory=dict)  # of the measured domains
    precision: Precision | None = None  # of the domain that the cell is about
    times: Mapping[str, Times] = field(default_factory=dict)  # how long a server's requests took, by phase
    quality: Quality | None = None  # how right a classifier's answers were
    ceilings: Ceilings | None = None  # what a calibration found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seal:
    """run.json, key by key."""

    schema_version: int
    kind: Literal["run", "meter", "passport", "calibration"] = "run"
    joulemark_version: str
    id: str
    spec: RunSpec | None
    started_at: str
    environment: Mapping[str, Fact] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    loaded: Loaded | None = None
    workload_notes: tuple[str, ...] = ()
    labelled: int = 0
    voice: str = ""
    faults: tuple[Fault, ...] = ()
    energies: tuple[WindowEnergy, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    passports: Mapping[Domain, Passport] = field(default_factory=dict)
    precision: Precision | None = None
    times: Mapping[str, Times] = field(default_factory=dict)
    quality: Quality | None = None
    witnesses: tuple[WitnessRecord, ...] = ()
    calibration: Calibration | None = None
    ceilings: Ceilings | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)


def write_run(out: Path, run: Run, published: Published, version: str) -> Path:
    """Seals a run and returns its folder. Raises BadInput rather than overwrite one."""
    seal = _Seal(
        schema_version=RUN_SCHEMA_VERSION,
        joulemark_version=version,
        id=run.id,
        spec=run.spec,
        started_at=run.started_at,
        environment=run.environment,
        sources=run.sources,
        loaded=run.loaded,
        workload_notes=run.workload_notes,
        labelled=run.labelled,
        voice=run.voice,
        faults=run.faults,
        energies=published.energies,
        verdicts=published.verdicts,
        passports=published.passports,
        precision=published.precision,
        times=published.times,
        quality=published.quality,
        witnesses=run.trace.witnesses,
    )
    return _write(out, seal, run.trace, outcomes_bytes(run.outcomes))


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredRecord:
    """What is sealed without an engine: a metered command (never the command itself), or known steps."""

    kind: Literal["meter", "passport"] = "meter"

    id: str
    started_at: str  # UTC, ISO 8601
    environment: Mapping[str, Fact]
    sources: tuple[Source, ...]
    trace: Trace
    energies: tuple[WindowEnergy, ...]
    passports: Mapping[Domain, Passport] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


def write_metered(out: Path, record: MeteredRecord, version: str) -> Path:
    """Seals the readings around a metered command and returns the folder. Raises BadInput as `write_run`."""
    seal = _Seal(
        schema_version=RUN_SCHEMA_VERSION,
        kind=record.kind,
        joulemark_version=version,
        id=record.id,
        spec=None,
        started_at=record.started_at,
        environment=record.environment,
        sources=record.sources,
        faults=record.faults,
        energies=record.energies,
        passports=record.passports,
        witnesses=record.trace.witnesses,
    )
    return _write(out, seal, record.trace, b"")


def write_calibration(out: Path, run: Run, calibration: Calibration, published: Published, version: str) -> Path:
    """Seals a device's calibration and returns the folder; of `run` the asked cell alone is not kept.

    Raises BadInput as `write_run`.
    """
    seal = _Seal(
        schema_version=RUN_SCHEMA_VERSION,
        kind="calibration",
        joulemark_version=version,
        id=run.id,
        spec=None,
        started_at=run.started_at,
        environment=run.environment,
        sources=run.sources,
        loaded=run.loaded,
        faults=run.faults,
        energies=published.energies,
        verdicts=published.verdicts,
        passports=published.passports,
        calibration=calibration,
        ceilings=published.ceilings,
    )
    return _write(out, seal, run.trace, outcomes_bytes(run.outcomes))


def _write(out: Path, seal: _Seal, trace: Trace, outcomes: bytes) -> Path:
    """Writes the three parts, then run.json with their sha256: that write is the seal."""
    folder = run_folder(out, seal.id)
    if (folder / SEAL).exists():
        raise BadInput(f"{folder} is already sealed; a run is never overwritten")
    parts = {
        READINGS: readings_bytes(trace.observations),
        WINDOWS: windows_bytes(trace.windows),
        OUTCOMES: outcomes,
    }
    for name, content in parts.items():
        write_whole(folder / name, content)
    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
    write_whole(folder / SEAL, json_bytes(plain(replace(seal, sha256=sha256))))
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A run as it lies on disk: the run, or the metered trace, and the figures it publishes."""

    folder: Path
    id: str  # as run.json says it; the folder bears the same name
    kind: Literal["run", "meter", "passport", "calibration"]
    run: Run | None
    trace: Trace
    sources: tuple[Source, ...]
    published: Published
    seal_sha256: str
    sha256: Mapping[str, str] = field(default_factory=dict)  # of the parts, as they are sealed
    faults: tuple[Fault, ...] = ()
    # of a calibration: how it was made, what did the work, and its batches
    calibration: Calibration | None = None
    loaded: Loaded | None = None
    outcomes: tuple[Outcome, ...] = ()


def read_sealed(folder: Path) -> Sealed:
    """A sealed run, its parts checked against their sha256. Raises BrokenResults naming file and check."""
    raw = read_bytes(folder / SEAL)
    seal = read_seal(folder)
    check_parts(folder, seal)
    return _unsealed(folder, seal, hashlib.sha256(raw).hexdigest())


def check_parts(folder: Path, seal: _Seal) -> None:
    """Raises BrokenResults for the first part that is missing or not as it was sealed."""
    for name in PARTS:
        found = hashlib.sha256(read_bytes(folder / name)).hexdigest()
        expected = seal.sha256.get(name)
        if found != expected:
            raise BrokenResults(f"{folder / name}: sha256 is {found[:12]}…, the seal says {str(expected)[:12]}…")


def read_seal(folder: Path) -> _Seal:
    """run.json alone, its parts unchecked. Raises BrokenResults when it is not of this schema."""
    path = folder / SEAL
    data = read_json(path)
    if not isinstance(data, dict):
        raise BrokenResults(f"{path}: expected an object")
    version = data.get("schema_version")
    if version != RUN_SCHEMA_VERSION:
        raise BrokenResults(f"{path}: schema_version {version!r}, this Joulemark reads {RUN_SCHEMA_VERSION}")
    return build(_Seal, data, str(path))


def _unsealed(folder: Path, seal: _Seal, sha256: str) -> Sealed:
    trace = Trace(
        observations=read_readings(folder / READINGS),
        windows=read_windows(folder / WINDOWS),
        witnesses=seal.witnesses,
    )
    if seal.kind == "calibration" and (seal.calibration is None or seal.loaded is None):
        raise BrokenResults(f"{folder / SEAL}: a calibration needs 'calibration' and 'loaded'")
    return Sealed(
        folder=folder,
        id=seal.id,
        kind=seal.kind,
        run=_run_of(folder, seal, trace) if seal.kind == "run" else None,
        trace=trace,
        sources=seal.sources,
        published=Published(
            energies=seal.energies,
            verdicts=seal.verdicts,
            passports=seal.passports,
            precision=seal.precision,
            times=seal.times,
            quality=seal.quality,
            ceilings=seal.ceilings,
        ),
        seal_sha256=sha256,
        sha256=seal.sha256,
        faults=seal.faults,
        calibration=seal.calibration,
        loaded=seal.loaded,
        outcomes=read_outcomes(folder / OUTCOMES) if seal.kind == "calibration" else (),
    )


def _run_of(folder: Path, seal: _Seal, trace: Trace) -> Run:
    if seal.spec is None or seal.loaded is None:
        raise BrokenResults(f"{folder / SEAL}: a run needs 'spec' and 'loaded'")
    return Run(
        id=seal.id,
        spec=seal.spec,
        started_at=seal.started_at,
        environment=seal.environment,
        sources=seal.sources,
        loaded=seal.loaded,
        trace=trace,
        outcomes=read_outcomes(folder / OUTCOMES),
        workload_notes=seal.workload_notes,
        labelled=seal.labelled,
        voice=seal.voice,
        faults=seal.faults,
    )
