"""A run → the key of what is learnt from it, by that run alone: two keys are never averaged.

No other run is looked at: what is fitted on a part of a folder has the keys that the whole folder gives.
"""

from dataclasses import replace

from bench.nouns import CoefficientKey, Run, RunSpec


def key_of(run: Run) -> CoefficientKey:
    """What a coefficient of this run is a coefficient of."""
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
        weights_path=run.spec.weights_path if run.loaded.weights != "synthetic" else None,
        endpoint=endpoint_of(run.spec, run.loaded.engine_version),
        threads=run.loaded.threads,
        parameters=run.loaded.parameters or None,
    )


def endpoint_of(spec: RunSpec, engine_version: str) -> str | None:
    """The address, and what of the typed options the version does not tell; None where there is no server.

    Servers often say no more than "uvicorn": two of them are told apart by their addresses.
    """
    if spec.endpoint is None:
        return None
    options = replace(spec.endpoint, setup="").told("")
    return spec.endpoint.url + ("" if options in engine_version else options)
