"""What judged rows come to: errors, bias and coverage per source, card and band of batches, rivals beside them."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.estimators.roofline import Job
from bench.fit.validate import Judged
from bench.stats import mean, median


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Errors of estimates as ratios: |estimate/truth − 1|; bias is the median of estimate/truth − 1."""

    n: int
    median_ape: float
    mape: float
    bias: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One source, card, scope and band of batches."""

    source: str
    gpu: str
    batch_band: str
    scope: str
    in_sample: bool
    n: int
    refused: int
    scores: Scores | None
    coverage_90: float | None
    coverage_90_models: float | None
    methods: Mapping[str, int]
    rivals: Mapping[str, Scores]


_BANDS = ((1.0, "1"), (15.0, "2-15"), (63.0, "16-63"), (255.0, "64-255"), (math.inf, "256+"))


def band_of(batch: float | None) -> str:
    """The band of a batch, "unknown" where it was not said."""
    return "unknown" if batch is None else next(name for most, name in _BANDS if round(batch) <= most)


def scores_of(pairs: Sequence[tuple[float, float]]) -> Scores | None:
    """Of (estimate, truth); None of none."""
    if not pairs:
        return None
    off = [estimate / truth - 1 for estimate, truth in pairs]
    errors = [abs(o) for o in off]
    return Scores(n=len(off), median_ape=median(errors), mape=mean(errors), bias=median(off))


def groups_of(judged: Sequence[Judged], rivals: Mapping[str, Callable[[Job], float]]) -> Iterator[Group]:
    """Per source, card and scope: all rows, then each band of batches where there are several."""
    wholes: dict[tuple[str, str, str, bool], list[Judged]] = {}
    for one in judged:
        asked = one.row.asked
        wholes.setdefault((one.row.source, asked.gpu, asked.scope, one.in_sample), []).append(one)
    for (source, gpu, scope, in_sample), rows in sorted(wholes.items()):
        bands: dict[str, list[Judged]] = {"all": rows}
        for one in rows:
            bands.setdefault(band_of(one.row.asked.batch), []).append(one)
        for band, some in bands.items():
            if band == "all" or len(bands) > 2:
                yield _group(source, gpu, band, scope, in_sample, some, rivals)


def _group(
    source: str,
    gpu: str,
    band: str,
    scope: str,
    in_sample: bool,
    rows: Sequence[Judged],
    rivals: Mapping[str, Callable[[Job], float]],
) -> Group:
    done = [(one.row, one.row.job, one.priced) for one in rows if one.priced and one.row.job]
    models: dict[str, list[bool]] = {}
    methods: dict[str, int] = {}
    for row, _job, priced in done:
        inside = priced.energy_j.low <= row.energy_j <= priced.energy_j.high
        models.setdefault(row.asked.model, []).append(inside)
        methods[priced.method] = methods.get(priced.method, 0) + 1
    hits = [hit for some in models.values() for hit in some]
    others = {name: scores_of([(f(job), row.energy_j) for row, job, _ in done]) for name, f in rivals.items()}
    return Group(
        source=source,
        gpu=gpu,
        batch_band=band,
        scope=scope,
        in_sample=in_sample,
        n=len(done),
        refused=len(rows) - len(done),
        scores=scores_of([(p.energy_j.value, row.energy_j) for row, _, p in done]),
        coverage_90=sum(hits) / len(hits) if hits else None,
        coverage_90_models=sum(sum(m) / len(m) for m in models.values()) / len(models) if models else None,
        methods=dict(sorted(methods.items())),
        rivals={name: scores for name, scores in others.items() if scores is not None},
    )
