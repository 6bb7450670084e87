"""`run endpoint`: what was typed of a running server, and measuring it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cli.output import note
from bench.cli.plan_text import plan_text

if TYPE_CHECKING:
    from bench.run.arrange import Ask
    from bench.run.endpoint import EndpointAsk
    from bench.run.supervise import CellResult

_NAME = "endpoint"


def server_options(
    names: Sequence[str],
    engine: str | None,
    url: str | None,
    model: str | None,
    *,
    settings: Sequence[str],
    out: Path,
    timing: Mapping[str, float],
    fresh: bool,
    **levels: Any,
) -> "EndpointAsk | None":
    """What was asked of a server; None: nothing was. Raises BadInput where half of it is missing."""
    from bench.errors import BadInput
    from bench.run.endpoint import EndpointAsk, known_weights
    from bench.wire.address import plain_url

    if list(names) != [_NAME]:
        only = [value for name, value in levels.items() if value and name != "manifest"]
        if engine or url or model or settings or only:
            raise BadInput(f"--engine, --endpoint, --model and their like belong to `joulemark run {_NAME}`")
        return None
    if levels.get("sweep"):
        _check_alone(levels)
    given = {"--engine": engine, "--endpoint": url, "--model": model}
    lacking = " and ".join(name for name, value in given.items() if not value)
    if not (engine and url and model):
        raise BadInput(
            f"`joulemark run {_NAME}` needs --engine, --endpoint and --model, {lacking} not given; for "
            f"example: joulemark run {_NAME} --engine openai_http --endpoint http://127.0.0.1:8080/v1 --model NAME"
        )
    options = dict(_pair(text) for text in settings)
    weights = known_weights(options.pop("weights", "served"))
    single = ("device", "manifest", "sweep")
    levels = {key: value if key in single else tuple(value) for key, value in levels.items()}
    return EndpointAsk(
        engine=engine, url=plain_url(url), model=model, out=out, options=options, weights=weights, timing=timing,
        fresh=fresh, **levels,
    )  # fmt: skip


def measure_endpoint(asked: "EndpointAsk", ask: "Ask") -> "list[CellResult]":
    """The results of a server's cells, after its plan was shown."""
    from bench.cli.progress import Progress
    from bench.run.endpoint import arrange_endpoint, with_server
    from bench.run.host import look
    from bench.run.line import measure_plan

    host = look()
    served = arrange_endpoint(asked, host, note)
    for line in (*served.identity.notes, *served.place.notes, *served.notes):
        note(line)
    note(f"{asked.url}: {served.version}, its energy is read on: {served.place.device}")
    note(plan_text(served.plan, None))
    progress = Progress(len(served.plan.due), served.plan.minutes)
    results = []
    try:
        for result in measure_plan(ask, served.plan, with_server(host, served, asked.url), progress.listen):
            results.append(result)
            progress.result(result.cell, result.status, result.reason)
    finally:
        progress.close()
    return results


def _check_alone(levels: Mapping[str, Any]) -> None:
    """Raises BadInput where a sweep was asked for and its loads were named as well."""
    from bench.errors import BadInput

    options = {"concurrency": "--concurrency", "rates": "--rate", "loads": "--load"}
    named = [option for name, option in options.items() if levels.get(name)]
    if named:
        raise BadInput(
            f"--sweep finds the loads itself, {' and '.join(named)} name them: leave out the one or the other"
        )


def _pair(text: str) -> tuple[str, str]:
    from bench.errors import BadInput

    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise BadInput(f"--set {text!r}: expected NAME=VALUE")
    return name, value
