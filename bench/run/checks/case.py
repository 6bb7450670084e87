"""What the checks look at: a result folder, its records as far as they can be read, and each sealed run."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import BrokenResults
from bench.files.json_text import read_json
from bench.files.layout import OUTCOMES, READINGS, SEAL, WINDOWS
from bench.files.parts import read_bytes
from bench.files.store import Sealed, read_sealed
from bench.nouns import Domain, Run, Source, Window, WindowEnergy
from bench.physics.phases import work
from bench.physics.series import Series, SeriesMap, series
from bench.run.checks.line import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One sealed run or metered command, its readings as series."""

    sealed: Sealed
    known: SeriesMap

    @property
    def id(self) -> str:
        """The name of its folder, which is the run's own id wherever "run id" passes."""
        return self.sealed.folder.name

    @property
    def run(self) -> Run:
        """The run of a cell; a metered command has none."""
        assert self.sealed.run is not None, "asked of a metered command"
        return self.sealed.run

    @property
    def work(self) -> tuple[Window, ...]:
        """The windows in which work was done."""
        return work(self.sealed.trace.windows)

    @property
    def loads(self) -> tuple[tuple[Window, ...], ...]:
        """Work windows that did one and the same thing: all of a run's, those of each kernel of a calibration."""
        if self.sealed.calibration is None:
            return (self.work,)
        labels = [kernel.label for kernel in self.sealed.calibration.kernels]
        return tuple(tuple(w for w in self.work if w.label.rpartition("-")[0] == one) for one in labels)

    @property
    def live(self) -> tuple[Source, ...]:
        """The sources that are read."""
        return tuple(s for s in self.sealed.sources if s.basis != "excluded")

    @property
    def boards(self) -> tuple[Source, ...]:
        """The measured GPUs that this record is about: the engine's own, or all around a command."""
        boards = (s for s in self.live if s.is_board and s.basis == "measured")
        run = self.sealed.run
        return tuple(s for s in boards if run is None or s.device == run.loaded.device)

    @property
    def work_energies(self) -> tuple[WindowEnergy, ...]:
        """The energies of work windows that have one."""
        return tuple(e for e in work(self.sealed.published.energies) if e.energy_j is not None)

    def condition(self, domain: Domain, name: str) -> Series | None:
        """A circumstance over the whole run."""
        return self.known.get((domain, name, "condition"))

    def condition_at_work(self, domain: Domain, name: str) -> tuple[float, ...] | None:
        """Its values inside work windows; None when it was never recorded."""
        found = self.condition(domain, name)
        if found is None:
            return None
        return tuple(v for w in self.work for v in found.between(w.start_ns, w.end_ns).values)

    def at(
        self, file: str = SEAL, *, window: Window | WindowEnergy | None = None, domain: Domain | None = None
    ) -> Where:
        """A place in this run."""
        named = f"{window.phase} {window.label}".strip() if window else None
        return Where(file=f"runs/{self.id}/{file}", run=self.id, window=named, domain=domain)


def case_of(sealed: Sealed) -> Case:
    """The record with its readings as series."""
    return Case(sealed=sealed, known=series(sealed.trace.observations))


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A folder that bears a seal, as far as it can be read."""

    folder: Path
    stated: Mapping[str, Any]  # run.json as it stands; empty where it is no JSON object
    seal_sha256: str  # of run.json as it stands
    parts: Mapping[str, tuple[str, str]]  # part → its sha256 as sealed and as found; "" where there is none
    case: Case | None
    fault: str = ""  # why it can't be read

    def at(self, file: str = SEAL) -> Where:
        """A place in this record."""
        return Where(file=f"runs/{self.folder.name}/{file}", run=self.folder.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A result folder."""

    out: Path
    records: tuple[Record, ...]

    @property
    def cases(self) -> tuple[Case, ...]:
        """The records that read whole."""
        return tuple(r.case for r in self.records if r.case)

    @property
    def cells(self) -> tuple[Case, ...]:
        """Those of them that are runs of a cell."""
        return tuple(c for c in self.cases if c.sealed.run is not None)


def read_record(folder: Path) -> Record:
    """The record in a folder that bears a seal; damage is kept in it, never raised."""
    stated: object = None
    try:
        stated = read_json(folder / SEAL)
        case, fault = case_of(read_sealed(folder)), ""
    except BrokenResults as error:
        case, fault = None, str(error)
    seal = stated if isinstance(stated, dict) else {}
    sealed_as = seal.get("sha256")
    hashes = sealed_as if isinstance(sealed_as, dict) else {}
    parts = {name: (str(hashes.get(name, "")), _sha256(folder / name)) for name in (READINGS, WINDOWS, OUTCOMES)}
    seal_sha256 = _sha256(folder / SEAL)
    return Record(folder=folder, stated=seal, seal_sha256=seal_sha256, parts=parts, case=case, fault=fault)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(read_bytes(path)).hexdigest()
    except BrokenResults:
        return ""
