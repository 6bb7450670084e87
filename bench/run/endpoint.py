"""A running server as a plan: who it is, where it works, and the cells that are asked of it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

from bench.errors import BadInput, CannotRun, NoEngine, UnknownName
from bench.files.config import places
from bench.files.loads import load_names, pace_of
from bench.files.models import served_model
from bench.files.registry import engine_names, load_engine
from bench.files.suites import read_suite
from bench.files.work import find_sha256, find_workload_names
from bench.nouns import Cell, Endpoint, Identity, RunSpec, ServingEngine, Timing, Weights
from bench.run.host import Host
from bench.run.place import ELSEWHERE, Place, find_place
from bench.run.plan import Plan, PlannedCell, Speeds, cell_seconds, kwh, mark_done
from bench.run.speeds import speeds_of

SUITE = "endpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointAsk:
    """What was typed of a running server."""

    engine: str
    url: str
    model: str
    out: Path
    options: Mapping[str, str] = field(default_factory=dict)
    device: str | None = None
    weights: Weights = "served"
    manifest: Path | None = None
    workloads: tuple[str, ...] = ()  # (): those of the suite
    concurrency: tuple[int, ...] = ()
    rates: tuple[float, ...] = ()
    loads: tuple[str, ...] = ()
    timing: Mapping[str, float] = field(default_factory=dict)
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A plan for a server, and what its workers have to know of it."""

    plan: Plan
    place: Place
    identity: Identity


def arrange_endpoint(ask: EndpointAsk, host: Host) -> Served:
    """The plan. Raises CannotRun where nobody answers, UnknownName, and BadInput."""
    engine = _engine(ask.engine)
    identity = engine.identify(Endpoint(url=ask.url, options=ask.options), ask.model)
    place = find_place(ask.url, ask.device, host.gpus)
    endpoint = Endpoint(url=ask.url, options=ask.options, device=place.device)
    suite = read_suite(SUITE, folder=places().workloads / "served")
    timing = replace(suite.timing, **ask.timing)  # type: ignore[arg-type]
    speeds = speeds_of(host)
    specs = [_spec(ask, host, cell, timing, endpoint, identity) for cell in _cells(ask, identity, suite.cells)]
    planned = [_planned(spec, identity, speeds) for spec in specs]
    needed = frozenset() if place.device == ELSEWHERE else frozenset(s.meter for s in host.sensors.live)
    marked = tuple(planned) if ask.fresh else mark_done(planned, ask.out, needed)
    plan = Plan(name=SUITE, weights=ask.weights, hardware=host.profile.name, cells=marked)
    return Served(plan=plan, place=place, identity=identity)


def with_server(host: Host, served: Served, url: str) -> Host:
    """The same machine, its meters told which processes are the server's; or none, where it is not here."""
    if served.place.device == ELSEWHERE:
        meters: Mapping[str, Mapping[str, str]] = {ELSEWHERE: {"server": url}}
        return replace(host, sensors=replace(host.sensors, meters=meters))
    pids = ",".join(map(str, served.place.pids))
    told = {
        name: {**options, "own_pids": pids} if name == "nvml" and pids else dict(options)
        for name, options in host.sensors.meters.items()
    }
    return replace(host, sensors=replace(host.sensors, meters=told))


def _engine(name: str) -> ServingEngine:
    if name not in engine_names():
        raise UnknownName("engine of a server", name, _serving())
    engine = load_engine(name)
    if not isinstance(engine, ServingEngine):
        raise BadInput(f"--engine {name}: it runs a model itself; servers are asked by {', '.join(_serving())}")
    check = engine.check()
    if check.status == "missing":
        raise CannotRun(f"{check.reason}; {check.remedy}")
    return engine


def _serving() -> list[str]:
    """The engines that ask servers, of whoever's making; those whose library is absent can't be told."""
    found = []
    for name in engine_names():
        with suppress(NoEngine):
            found += [name] if isinstance(load_engine(name), ServingEngine) else []
    return found


def _cells(ask: EndpointAsk, identity: Identity, usual: Sequence[Cell]) -> list[Cell]:
    """The suite's cells of this model; or every workload that was named at every level that was."""
    base = Cell(engine=ask.engine, model=identity.model, precision=identity.precision, workload="")
    levels = [
        *({"concurrency": users} for users in ask.concurrency),
        *({"rate": rate} for rate in ask.rates),
        *({"load": name} for name in ask.loads),
    ]
    for name in ask.loads:
        if name not in load_names():
            raise UnknownName("load", name, load_names())
    known = find_workload_names(ask.manifest)
    for name in ask.workloads:
        if name not in known:
            raise UnknownName("workload", name, known)
    if not ask.workloads and not levels:
        cells = [replace(c, engine=base.engine, model=base.model, precision=base.precision) for c in usual]
        if identity.family != "causal-lm":
            raise BadInput(f"--engine {ask.engine}: name the work, with --workloads NAME or --workload FILE")
        return cells
    workloads = ask.workloads or tuple(dict.fromkeys(c.workload for c in usual))
    return [
        replace(base, workload=workload, **level)  # type: ignore[arg-type]
        for workload in workloads
        for level in levels or [{}]
    ]


def _spec(
    ask: EndpointAsk, host: Host, cell: Cell, timing: Timing, endpoint: Endpoint, identity: Identity
) -> RunSpec:
    return RunSpec(
        cell=cell,
        family=identity.family,
        weights=ask.weights,
        weights_path=None,
        hardware=host.profile.name,
        engine_version=identity.version,
        timing=timing,
        workload_sha256=find_sha256(cell.workload, ask.manifest),
        pace=pace_of(cell),
        endpoint=endpoint,
    )


def _planned(spec: RunSpec, identity: Identity, speeds: Speeds) -> PlannedCell:
    """How long a request takes is the server's secret: windows are as long as they are asked to be."""
    seconds = cell_seconds(spec.timing, batch_s=1e-3)
    longest = replace(spec.timing, windows=spec.timing.most_windows or spec.timing.windows)
    return PlannedCell(
        cell=spec.cell,
        spec=spec,
        model=served_model(spec.cell, identity.family, identity.parameters),
        seconds=seconds,
        further_s=cell_seconds(longest, batch_s=1e-3) - seconds,
        kwh=kwh(seconds, speeds),
    )


def known_weights(text: str) -> Weights:
    """What the weights of a server are said to be. Raises UnknownName."""
    for known in get_args(Weights):
        if text == known:
            return known  # type: ignore[no-any-return]
    raise UnknownName("kind of weights", text, get_args(Weights))
