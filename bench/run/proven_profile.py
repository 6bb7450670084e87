"""Do the measured parts of a hardware profile follow from the sealed runs that it names?"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.errors import BadInput
from bench.files.codec import plain
from bench.files.profiles import read_profile
from bench.files.store import Sealed
from bench.nouns import HardwareProfile, Source
from bench.run.calibrated import found_in
from bench.run.compare_figures import Mismatch, differences


def check_profile(out: Path, path: Path, proven: Sequence[Sealed]) -> list[Mismatch] | None:
    """Where a profile differs from its runs; None: nothing in it was measured."""
    name = str(path.relative_to(out))
    try:
        profile = read_profile(path.stem, path.parent)
    except BadInput as error:
        return [Mismatch(file=name, field="profile", expected="a profile that loads", found=str(error))]
    if not (profile.measured or profile.passports or profile.host_model):
        return None
    return [
        *_figures(name, profile, proven),
        *_passports(name, profile, proven),
        *_host_model(name, profile, proven),
    ]


def _figures(name: str, profile: HardwareProfile, proven: Sequence[Sealed]) -> Iterator[Mismatch]:
    known = {s.id: {f.key: f for f in found_in(s).figures} for s in proven}
    for one in profile.measured:
        field = "/".join(filter(None, one.key))
        if (proof := known.get(one.run_id, {}).get(one.key)) is None:
            expected = f"a sealed calibration {one.run_id} that holds it"
            yield Mismatch(file=name, field=field, expected=expected, found="none")
        else:
            yield from differences(name, {field: plain(proof)}, {field: plain(one)})


def _passports(name: str, profile: HardwareProfile, proven: Sequence[Sealed]) -> Iterator[Mismatch]:
    steps = {s.id for s in proven if s.kind == "passport"}
    for domain, id_ in profile.passports.items():
        if id_ not in steps:
            expected = f"sealed known steps {id_}"
            yield Mismatch(file=name, field=f"passports/{domain}", expected=expected, found="none")


def _host_model(name: str, profile: HardwareProfile, proven: Sequence[Sealed]) -> Iterator[Mismatch]:
    """The constants are those that the newest calibration of the folder reckoned with."""
    if not profile.host_model:
        return
    models = [m for s in proven if s.calibration is not None for m in s.sources if _is_model(m)]
    if not models:
        expected = "a sealed calibration with a modelled host"
        yield Mismatch(file=name, field="host_model", expected=expected, found="none")
        return
    sealed = models[-1].details
    stated = {key: fact for key, fact in profile.host_model.items() if key != "source"}
    yield from differences(name, {"host_model": {k: sealed.get(k) for k in stated}}, {"host_model": stated})


def _is_model(source: Source) -> bool:
    return source.meter == "host_model" and source.basis == "modelled"
