"""Runs → the keys of what is learnt from them: two keys are never averaged."""

from collections.abc import Sequence
from dataclasses import replace

from bench.nouns import CoefficientKey, Run


def keys_of(runs: Sequence[Run]) -> list[CoefficientKey]:
    """The key of each run. Where runs of one key asked different servers or different work, it says which.

    Servers often say no more than "uvicorn": two of them are told apart by their addresses.
    """
    plain = [_key(run) for run in runs]
    asked: dict[CoefficientKey, set[str]] = {}
    for key, run in zip(plain, runs, strict=True):
        asked.setdefault(key, set()).add(_asked_of(run))
    return [
        replace(key, engine_version=f"{key.engine_version}, at {_asked_of(run)}") if len(asked[key]) > 1 else key
        for key, run in zip(plain, runs, strict=True)
    ]


def _asked_of(run: Run) -> str:
    """The address, and what of the typed options the version does not tell; "" where there is no server."""
    endpoint = run.spec.endpoint
    if endpoint is None:
        return ""
    options = replace(endpoint, setup="").told("")
    return endpoint.url + ("" if options in run.loaded.engine_version else options)


def _key(run: Run) -> CoefficientKey:
    device = next((s for s in run.sources if s.device == run.loaded.device), None)
    return CoefficientKey(
        model=run.spec.cell.model,
        precision=run.loaded.precision,
        weights=run.loaded.weights,
        engine=run.spec.cell.engine,
        engine_version=run.loaded.engine_version,
        hardware=run.spec.hardware,
        power_limit_w=device.power_limit_w if device else None,
        driver=device.driver if device else None,
        # a slice of a board is none that a sensor knows, and no CPU either
        device="cpu" if run.loaded.device == "cpu" else "gpu",
    )
