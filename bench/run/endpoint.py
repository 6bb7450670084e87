"""A running server as a plan: who it is, where it works, and the cells that are asked of it."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

from bench.errors import BadInput, CannotRun, NoEngine, UnknownName
from bench.files.config import places
from bench.files.loads import load_names, pace_of
from bench.files.manifest import fits, manifest_families
from bench.files.models import served_model
from bench.files.registry import engine_names, load_engine
from bench.files.suites import read_suite
from bench.files.work import find_sha256, find_workload_names
from bench.files.workloads import workload_family
from bench.nouns import ELSEWHERE, Cell, Endpoint, Family, Identity, RunSpec, ServingEngine, Timing, Weights
from bench.run.arrange import asked_timing
from bench.run.host import Host
from bench.run.place import Place, find_place
from bench.run.plan import Plan, PlannedCell, Speeds, cell_seconds, kwh, mark_done
from bench.run.runner import AFTER_S
from bench.run.speeds import speeds_of
from bench.run.sweep import sweep_cells
from bench.sensing.recorder import APPROACH_S

SUITE = "endpoint"
_TEXT = "{text}"
_SETUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+-]{0,39}")


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
    sweep: bool = False  # from nothing to saturation, which is looked for first
    timing: Mapping[str, float] = field(default_factory=dict)
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPlan:
    """A plan for a server, and what its workers have to know of it."""

    plan: Plan
    place: Place
    identity: Identity
    version: str  # the server's, and how it was set up
    notes: tuple[str, ...] = ()  # what was found of it before the plan was made


def arrange_endpoint(ask: EndpointAsk, host: Host, say: Callable[[str], None] = lambda _: None) -> EndpointPlan:
    """The plan; a sweep asks the server first how much it bears, and says its steps.

    Raises CannotRun where nobody answers, UnknownName, and BadInput.
    """
    engine = _engine(ask.engine)
    suite = read_suite(SUITE, folder=places().workloads / "served")
    timing = asked_timing(suite.timing, ask.timing)
    endpoint = _endpoint(ask)
    identity = engine.identify(endpoint, ask.model)
    if identity.family == "api" and "family" not in endpoint.options and _families(ask) == {"classifier"}:
        # it does what it is asked to: of sentences to be classified, that
        endpoint = replace(endpoint, options={**endpoint.options, "family": "classifier"})
        identity = engine.identify(endpoint, ask.model)
    _check_counts(endpoint, identity.family)
    place = find_place(ask.url, ask.device, host.gpus)
    endpoint = replace(endpoint, device=place.device)
    speeds = speeds_of(host, ask.out)
    notes: list[str] = []
    cells = _cells(ask, identity, suite.cells)
    _check_text(ask, identity.templates)
    if ask.sweep:
        bases = [_spec(ask, host, cell, timing, endpoint, identity) for cell in cells]
        out = None if ask.fresh else ask.out
        cells, notes = sweep_cells(
            engine, bases, parameters=identity.parameters, manifest=ask.manifest, out=out, say=say
        )
    specs = [_spec(ask, host, cell, timing, endpoint, identity) for cell in cells]
    planned = [_planned(spec, identity, speeds) for spec in specs]
    needed = frozenset() if place.device == ELSEWHERE else frozenset(s.meter for s in host.sensors.live)
    marked = tuple(planned) if ask.fresh else mark_done(planned, ask.out, needed)
    plan = Plan(name=SUITE, weights=ask.weights, hardware=host.profile.name, cells=marked)
    return EndpointPlan(
        plan=plan, place=place, identity=identity, version=endpoint.told(identity.version), notes=tuple(notes)
    )


def with_server(host: Host, served: EndpointPlan, url: str) -> Host:
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


def _endpoint(ask: EndpointAsk) -> Endpoint:
    """The server with the engine's own options; how it was started is every server's. Raises BadInput."""
    options = dict(ask.options)
    setup = options.pop("setup", "")
    if setup and not _SETUP.fullmatch(setup):
        raise BadInput(
            f"--set setup={setup}: expected a label of how the server was started, such as max-batch-8: up to 40 "
            "letters, digits and . _ = + -, a letter or digit first"
        )
    return Endpoint(url=ask.url, options=options, setup=setup)


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
    """The suite's cells of this model; or every workload that was named at every level that was.

    Of a sweep one cell of each workload, whose levels are still to be found.
    """
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
    named = ask.workloads or _own(ask, identity.family)
    for name in named:
        _check_fits(ask, name, identity.family)
    if not named and identity.family != "causal-lm":
        raise BadInput(f"--engine {ask.engine}: name the work, with --workloads NAME or --workload FILE")
    if not named and not levels and not ask.sweep:
        return [replace(c, engine=base.engine, model=base.model, precision=base.precision) for c in usual]
    workloads = named or tuple(dict.fromkeys(c.workload for c in usual))
    cells = [
        replace(base, workload=workload, **level)  # type: ignore[arg-type]
        for workload in workloads
        for level in levels or [{}]
    ]
    return list(dict.fromkeys(cells))  # what was named twice is measured once


def _check_counts(endpoint: Endpoint, family: Family) -> None:
    """Raises BadInput for a template that wants a number of tokens where none is counted: it would be 0."""
    wanting = [name for name, value in endpoint.options.items() if "{output_tokens}" in value]
    if wanting and family in ("api", "classifier"):
        raise BadInput(
            f"--set {wanting[0]}=: {{output_tokens}} is not known of such requests, no tokens are counted; write "
            "the number itself"
        )


def _check_text(ask: EndpointAsk, templates: Sequence[str]) -> None:
    """Raises BadInput where the work's texts have no place in what is sent: another work would be measured.

    `templates`: the options that say what is sent, of an engine that has to be told.
    """
    if not templates or any(_TEXT in ask.options.get(name, "") for name in templates):
        return
    typed = [f"--set {name}={ask.options[name]}" for name in templates if name in ask.options]
    raise BadInput(
        f"{', '.join(typed) or f'no --set {templates[0]}='}: the work's texts are sent nowhere; put {_TEXT} where "
        "the text belongs, as in --set 'path=/api?q={text}' or --set 'body={\"q\": \"{text}\"}'"
    )


def _families(ask: EndpointAsk) -> set[Family]:
    """What the named work asks of a model. A name that is none is refused when the cells are made."""
    own = manifest_families(ask.manifest) if ask.manifest else {}
    known = find_workload_names(ask.manifest)
    return {own[n] if n in own else workload_family(n) for n in ask.workloads or own if n in known}


def _own(ask: EndpointAsk, family: Family) -> tuple[str, ...]:
    """The manifest's workloads that such a model can do; all where it can do none, so that it is said."""
    own = manifest_families(ask.manifest) if ask.manifest else {}
    return tuple(name for name, one in own.items() if fits(one, family)) or tuple(own)


def _check_fits(ask: EndpointAsk, name: str, family: Family) -> None:
    """Raises BadInput for work that such a server does not do."""
    own = manifest_families(ask.manifest) if ask.manifest else {}
    does = own[name] if name in own else workload_family(name)
    if not (fits(does, family) if name in own else does == family):
        api = "; an endpoint takes --workload FILE with [[prompts]] or [[texts]] where no --set family= is given"
        raise BadInput(
            f"workload {name!r} is {does}, {ask.engine} of {ask.model!r} does {family}: choose another"
            + (api if family in ("api", "classifier") else "")
        )


def _spec(
    ask: EndpointAsk, host: Host, cell: Cell, timing: Timing, endpoint: Endpoint, identity: Identity
) -> RunSpec:
    return RunSpec(
        cell=cell,
        family=identity.family,
        weights=ask.weights,
        weights_path=None,
        hardware=host.profile.name,
        engine_version=endpoint.told(identity.version),
        timing=timing,
        workload_sha256=find_sha256(cell.workload, ask.manifest),
        pace=pace_of(cell),
        endpoint=endpoint,
    )


def _planned(spec: RunSpec, identity: Identity, speeds: Speeds) -> PlannedCell:
    """How long a request takes is the server's secret: windows are as long as they are asked to be."""
    after_s = min(AFTER_S, spec.timing.idle_s) + speeds.rest_s + APPROACH_S
    seconds = cell_seconds(spec.timing, 1e-3, speeds.rest_s) + after_s
    longest = replace(spec.timing, windows=spec.timing.most_windows or spec.timing.windows)
    return PlannedCell(
        cell=spec.cell,
        spec=spec,
        model=served_model(spec.cell, identity.family, identity.parameters),
        seconds=seconds,
        further_s=cell_seconds(longest, 1e-3, speeds.rest_s) + after_s - seconds,
        kwh=kwh(seconds, speeds),
    )


def known_weights(text: str) -> Weights:
    """What the weights of a server are said to be. Raises UnknownName."""
    for known in get_args(Weights):
        if text == known:
            return known  # type: ignore[no-any-return]
    raise UnknownName("kind of weights", text, get_args(Weights))
