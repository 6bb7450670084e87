"""What a result folder knows already, so that it is not measured again: finished cells, and sensors' passports."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from bench.errors import BrokenResults
from bench.files.codec import plain
from bench.files.layout import run_folders
from bench.files.store import check_parts, read_seal
from bench.nouns import Passport, RunSpec
from bench.physics.verdict import spoilt


def spec_sha256(spec: RunSpec) -> str:
    """The identity of a cell as it was asked for: equal specs need not be measured twice."""
    asked = plain(spec)
    # what was not asked for is left out: the identity of every other cell is what it always was
    for part, names in ((asked, ("pace", "endpoint", "round")), (asked["cell"], ("rate", "load", "device"))):
        for name in names:
            if part[name] is None:
                del part[name]
    if not asked["beside"]:
        del asked["beside"]
    if asked.get("endpoint", {}).get("setup") == "":
        del asked["endpoint"]["setup"]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def known_passports(out: Path) -> Mapping[tuple[str, str | None], Passport]:
    """(device, driver) → its passport, of the newest sealed known steps of each."""
    found = {}
    for folder in run_folders(out):
        try:
            seal = read_seal(folder)
        except BrokenResults:
            continue  # verify names it
        for source in seal.sources if seal.kind == "passport" else ():
            if (passport := seal.passports.get(source.domain)) and passport.id == seal.id:
                found[source.device, source.driver] = passport
    return found


def finished_specs(out: Path, needed: frozenset[str] = frozenset()) -> Mapping[str, Path]:
    """sha256 of spec → folder, for every run that is sealed whole and has the figures it was made for.

    `needed`: the meters that read something here now, and the witnesses that are asked for; a run that one of
    them did not see is not finished.
    """
    found = {}
    for folder in run_folders(out):
        try:
            seal = read_seal(folder)
            check_parts(folder, seal)
        except BrokenResults:
            continue  # verify names it; a resumed suite measures the cell again
        void = seal.loaded is None or spoilt(seal.sources, seal.loaded.device, seal.verdicts)
        seen_by = {s.meter for s in seal.sources if s.basis != "excluded"} | {w.name for w in seal.witnesses}
        if seal.spec is not None and not void and needed <= seen_by:
            found[spec_sha256(seal.spec)] = folder
    return found
