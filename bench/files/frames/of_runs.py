"""Sealed runs → the rows of their tables. What a verdict voids is no number here."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from bench.errors import BrokenResults
from bench.files.layout import SEAL
from bench.files.store import Sealed, read_seal
from bench.nouns import Loaded, Outcome, Quality, RunSpec, Score, Share, Usage, Verdict, Window, WindowEnergy
from bench.physics.attribution import window_outcomes, window_usage
from bench.physics.doubles import pretends
from bench.physics.latency import PHASES, SHARES, of_request, told_by_requests
from bench.physics.phases import is_work
from bench.physics.verdict import spoilt, voided
from bench.units import S_PER_NS

BETWEEN = " | "
Row = Mapping[str, object]


def run_rows(one: Sealed) -> Iterator[Row]:
    """The one row of table runs."""
    reason = _why_void(one)
    loaded = one.run.loaded if one.run else one.loaded
    precision = one.published.precision
    yield {
        "run_id": one.id,
        "kind": one.kind,
        "started_at": _moment(one),
        "verdict": "void" if reason else "flag" if _doubted(one) else "sound",
        "reason": reason,
        "test_double": any(map(pretends, one.sources)),
        **(_asked(one.run.spec) if one.run else _NOTHING_ASKED),
        **(_loaded(loaded, one.run.workload_notes if one.run else ()) if loaded else _NOTHING_LOADED),
        "precision_ratio": precision.half_width_ratio if precision else None,
        "precision_domain": precision.domain if precision else None,
    }


def _why_void(one: Sealed) -> str | None:
    """The verdicts that take the figures away that the run was made for; of a metered command its reasons."""
    if one.run is not None:
        if not spoilt(one.sources, one.run.loaded.device, one.published.verdicts):
            return None
        voids = [f"{v.name}: {v.evidence}" for v in one.published.verdicts if v.level == "void"]
        return BETWEEN.join(voids) or "no sensor or model reads anything here"
    told = [e for e in one.published.energies if e.basis != "excluded"]
    if one.kind == "passport" or any(e.energy_j is not None for e in told):
        return None
    return BETWEEN.join(dict.fromkeys(r for e in told for r in e.reasons)) or "nothing was read"


def _doubted(one: Sealed) -> bool:
    """Whether a verdict stands beside the run, or a flag beside the energy of its work."""
    return bool(one.published.verdicts) or any(e.flags for e in one.published.energies if is_work(e))


def _moment(one: Sealed) -> datetime:
    started_at = one.run.started_at if one.run else read_seal(one.folder).started_at
    try:
        return datetime.fromisoformat(started_at)
    except ValueError as error:
        raise BrokenResults(f"{one.folder / SEAL}: started_at {started_at!r} is no moment") from error


def _asked(spec: RunSpec) -> dict[str, object]:
    cell, endpoint = spec.cell, spec.endpoint
    return {
        "cell": str(cell), "family": spec.family, "model": cell.model, "engine": cell.engine,
        "workload": cell.workload, "batch": cell.batch, "concurrency": cell.concurrency, "rate_per_s": cell.rate,
        "load": cell.load, "hardware": spec.hardware, "seed": spec.seed,
        "server_url": endpoint.url if endpoint else None, "setup": (endpoint.setup or None) if endpoint else None,
        "weights_path": spec.weights_path,
    }  # fmt: skip


def _loaded(loaded: Loaded, notes: tuple[str, ...]) -> dict[str, object]:
    return {
        "precision": loaded.precision, "weights": loaded.weights, "engine_version": loaded.engine_version,
        "device": loaded.device, "device_name": loaded.device_name, "parameters": loaded.parameters,
        "threads": loaded.threads,
        "notes": BETWEEN.join((*notes, *loaded.notes)) or None,
    }  # fmt: skip


_NOTHING_ASKED = dict.fromkeys((
    "cell", "family", "model", "engine", "workload", "batch", "concurrency", "rate_per_s", "load", "hardware",
    "seed", "server_url", "setup", "weights_path",
))  # fmt: skip
_NOTHING_LOADED = dict.fromkeys((
    "precision", "weights", "engine_version", "device", "device_name", "parameters", "threads", "notes",
))  # fmt: skip


def window_rows(one: Sealed) -> Iterator[Row]:
    """A row for each energy, and for each that there should be."""
    verdicts, sources = one.published.verdicts, {s.domain: s for s in one.sources}
    for energy in one.published.energies:
        source = sources.get(energy.domain)
        why = () if energy.basis == "excluded" else voided(verdicts, energy.domain)
        told = energy.energy_j if not why else None
        flags = (*energy.flags, *_flags(verdicts, energy))
        span_s = (energy.end_ns - energy.start_ns) * S_PER_NS
        yield {
            **_window(one.id, energy), "domain": energy.domain, "device": energy.device,
            "device_name": (source.device_name or None) if source else None,
            "test_double": source is not None and pretends(source),
            "boundary": energy.boundary, "basis": energy.basis, "verdict": _verdict(energy, told, flags),
            "energy_j": told,
            "low_j": None if told is None else energy.low_j,
            "high_j": None if told is None else energy.high_j,
            "power_w": None if told is None or not span_s else told / span_s,
            "span_s": span_s, "start_ns": energy.start_ns, "end_ns": energy.end_ns, "method": energy.method,
            "witness_j": None if told is None else energy.witness_j,
            "flags": BETWEEN.join(flags) or None,
            "reason": (BETWEEN.join((*why, *energy.reasons)) or "void") if told is None else None,
        }  # fmt: skip


def _verdict(energy: WindowEnergy, told: float | None, flags: Sequence[str]) -> str:
    if energy.basis == "excluded":
        return "excluded"
    return "void" if told is None else "flag" if flags else "sound"


def _flags(verdicts: Sequence[Verdict], energy: WindowEnergy) -> list[str]:
    mine = (v for v in verdicts if v.level == "flag" and v.domain in (None, energy.domain))
    return [f"{v.name}: {v.evidence}" for v in mine]


def component_rows(one: Sealed) -> Iterator[Row]:
    """A row for each part of each uncertainty."""
    for energy in one.published.energies:
        if energy.energy_j is None or voided(one.published.verdicts, energy.domain):
            continue
        for name, size_j in energy.components.items():
            yield {
                **_window(one.id, energy), "domain": energy.domain, "component": name.removesuffix("_j"),
                "component_j": size_j, "freedom": energy.freedom.get(name),
            }  # fmt: skip


def work_rows(one: Sealed) -> Iterator[Row]:
    """A row for each window."""
    for window in one.trace.windows:
        inside = window_outcomes(window, _outcomes(one))
        yield {
            **_window(one.id, window), "start_ns": window.start_ns, "end_ns": window.end_ns,
            "duration_s": window.duration_s, "batches": len({o.batch_id for o in inside}),
            "failed": sum(o.error is not None for o in inside),
            **_usage(window_usage(window, inside)),
        }  # fmt: skip


def request_rows(one: Sealed) -> Iterator[Row]:
    """A row for each outcome."""
    for number, outcome in enumerate(_outcomes(one)):
        window, told = _holding(outcome, one.trace.windows), of_request(outcome)
        took = {name: told.get(name) for name in PHASES if name != "itl_s"}
        yield {
            "run_id": one.id, "number": number, "phase": window and window.phase,
            "label": window and window.label, "request_id": outcome.request_id, "batch_id": outcome.batch_id,
            "start_ns": outcome.start_ns, "end_ns": outcome.end_ns,
            "duration_s": (outcome.end_ns - outcome.start_ns) * S_PER_NS, **took,
            "error": outcome.error, "cause": outcome.cause, "said": outcome.said, "meant": outcome.meant,
            **_usage(outcome.achieved),
            "asked_output_tokens": outcome.requested.output_tokens,
            "asked_target_tokens": outcome.requested.target_tokens,
        }  # fmt: skip


def _outcomes(one: Sealed) -> Sequence[Outcome]:
    return one.run.outcomes if one.run else one.outcomes


def _holding(outcome: Outcome, windows: Sequence[Window]) -> Window | None:
    return next((w for w in windows if w.start_ns <= outcome.start_ns and outcome.end_ns <= w.end_ns), None)


def latency_rows(one: Sealed) -> Iterator[Row]:
    """A row for each phase of a server's requests."""
    for name, times in told_by_requests(one.published.times).items():
        quantiles = {q: times.quantiles_s.get(q) for q in SHARES}
        missing = [q.removesuffix("_s") for q, value in quantiles.items() if value is None]
        yield {
            "run_id": one.id, "quantity": name.removesuffix("_s"), "count": times.count, "mean_s": times.mean_s,
            "least_s": times.least_s, "most_s": times.most_s, **quantiles,
            "reason": f"too few requests tell {', '.join(missing)}" if missing else None,
        }  # fmt: skip


def verdict_rows(one: Sealed) -> Iterator[Row]:
    """A row for each verdict."""
    for number, verdict in enumerate(one.published.verdicts):
        yield {
            "run_id": one.id, "number": number, "name": verdict.name, "level": verdict.level,
            "domain": verdict.domain, "evidence": verdict.evidence, "remedy": verdict.remedy or None,
        }  # fmt: skip


def quality_rows(one: Sealed) -> Iterator[Row]:
    """A row for each score that the run publishes, or one that says why there is none."""
    found = one.published.quality
    if found is None:
        return
    about = {
        "run_id": one.id, "voice": found.voice or None, "library": found.library or None,
        "rules": found.rules or None,
    }  # fmt: skip
    scores = list(_scores(found))
    for metric, part, score, reason in scores:
        requests = score.n if isinstance(score, Score) else found.requests
        value = score.value if isinstance(score, (Score, Share)) else score
        low, high = (score.low, score.high) if isinstance(score, (Score, Share)) else (None, None)
        yield {
            **about, "metric": metric, "part": part, "value": value, "low": low, "high": high,
            "requests": requests, "reason": reason,
        }  # fmt: skip
    if all(score is None for _, _, score, _ in scores):
        asked = f"{found.requests} of {found.of} labelled requests were asked: what came first is no sample"
        yield {
            **about, **dict.fromkeys(("metric", "part", "value", "low", "high")), "requests": found.requests,
            "reason": found.unscored or asked,
        }  # fmt: skip


def _scores(found: Quality) -> Iterator[tuple[str, str | None, Share | Score | float | None, str | None]]:
    """(metric, class or language, its score, why it has none)."""
    for name, share in (("macro_f1", found.macro_f1), ("accuracy", found.accuracy)):
        if share is not None:
            yield name, None, share, None
    for label, f1 in found.f1.items():
        yield "f1", label, f1, None if f1 is not None else "neither meant nor said"
    for name, score in found.scores.items():
        metric, _, part = name.partition("@")
        yield metric, part or None, score, None


def ceiling_rows(one: Sealed) -> Iterator[Row]:
    """A row for each figure that a calibration found, and for each that it did not."""
    found = one.published.ceilings
    if found is None:
        return
    for figure in found.figures:
        quantity = figure.quantity
        yield {
            "run_id": one.id, "device": figure.device, "domain": figure.domain, "name": figure.name,
            **{f.name: getattr(quantity, f.name) for f in dataclasses.fields(quantity)}, "reason": None,
            "limited_by": figure.limited_by or None, "stand_in": figure.stand_in or None,
        }  # fmt: skip
    for name, reason in found.refused.items():
        domain, _, label = name.rpartition("/")
        yield {
            "run_id": one.id, "device": one.calibration.device if one.calibration else None,
            "domain": domain or None, "name": label, "reason": reason,
            **dict.fromkeys(("value", "low", "high", "unit", "basis", "limited_by", "stand_in")),
        }  # fmt: skip


def _window(run_id: str, one: Window | WindowEnergy) -> dict[str, object]:
    return {"run_id": run_id, "phase": one.phase, "label": one.label or None}


def _usage(usage: Usage) -> dict[str, object]:
    return {f.name: getattr(usage, f.name) for f in dataclasses.fields(usage)}
