"""What can be named on the command line, with a line about each."""

from collections.abc import Callable, Mapping

from bench.errors import BrokenResults, NoEngine, UnknownName
from bench.files.coefficient_files import coefficient_paths, read_coefficients
from bench.files.config import places
from bench.files.models import model_names, read_model
from bench.files.profiles import profile_names, read_profile
from bench.files.registry import engine_names, load_engine, meter_names
from bench.files.suites import read_suite, suite_names
from bench.files.work import read_about
from bench.files.workloads import workload_names
from bench.nouns import ELSEWHERE

_METERS = {
    "constant": "a test double: a declared power",
    "replay": "readings of another run",
    ELSEWHERE: "no sensor: work on another machine",
    "nvml": "NVIDIA GPUs: energy counter and power",
    "rapl": "Intel and AMD processors: energy counters",
    "host_model": "MODELLED: the host's share from CPU time, where there is no RAPL",
}
Entries = tuple[tuple[str, str], ...]


def listing(kind: str | None) -> Mapping[str, Entries]:
    """The names of one kind, or of every kind. Raises UnknownName for a kind that there is not."""
    kinds: Mapping[str, Callable[[], Entries]] = {
        "suites": lambda: tuple((n, read_suite(n).description) for n in suite_names()),
        "models": lambda: tuple((n, _model(n)) for n in model_names()),
        "workloads": lambda: tuple((n, read_about(n)) for n in workload_names()),
        "engines": lambda: tuple((n, _engine(n)) for n in engine_names()),
        "meters": lambda: tuple((n, _METERS.get(n, "")) for n in meter_names()),
        "hardware": lambda: tuple((n, read_profile(n).title) for n in profile_names()),
        "coefficients": _coefficients,
    }
    if kind is not None and kind not in kinds:
        raise UnknownName("list", kind, kinds)
    return {name: made() for name, made in kinds.items() if kind in (None, name)}


def _engine(name: str) -> str:
    """Whether it can run here, and with what; or why not, and what helps."""
    try:
        check = load_engine(name).check()
    except NoEngine as error:
        return f"not here: {error}"
    return check.reason if check.status != "missing" else f"not here: {check.reason}; {check.remedy}"


def _model(name: str) -> str:
    model = read_model(name)
    size = f"{model.parameters / 1e9:.2f} B" if model.parameters >= 1e9 else f"{model.parameters / 1e6:.0f} M"
    return f"{model.title}: {model.family}, {size} parameters, {'/'.join(model.precisions)}, {model.licence}"


def _coefficients() -> Entries:
    found = []
    for path in (p for folder in places().coefficients for p in coefficient_paths(folder)):
        try:
            entries = read_coefficients(path)
        except BrokenResults as error:
            found.append((path.stem, f"cannot be read: {error}"))
            continue
        for one in entries:
            basis = next(iter({q.basis for q in one.terms.values()}), "excluded")
            about = f"{one.key.engine}, {one.key.precision}, {one.key.weights} weights, {one.boundary} {basis}"
            found.append((f"{path.stem}/{one.key.model}", about))
    return tuple(found)
