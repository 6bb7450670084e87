"""How terms spread, by a wild bootstrap over runs: where enough runs stand behind each of them.

Windows of one run share what its day was, and cells scatter each in its own way: runs are the blocks. Every
replicate multiplies the residuals of a run by one weight, solves again and divides by its own standard error over
runs; half of an interval is the 95 % quantile of that ratio's size, times the standard error that was found (the
wild cluster bootstrap-t: Cameron, Gelbach, Miller, Review of Economics and Statistics 90(3), 2008, 414-427;
weights of six points, as few runs have few signs: Webb, Queen's Economics Department working paper 1315; residuals
without what a run's own leverage took of them: MacKinnon, Nielsen, Webb, arXiv:2301.04527; checked 2026-11-22).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.fit.solve import Array

REPLICATES = 999  # (replicates + 1) × 0.95 is whole: the quantile is a replicate
# By simulation: with fewer behind a term its intervals hold the truth in 92 to 94 of 100, with more in 94 to 96,
# whatever the errors are like (scripts/coefficients_bootstrap.py prints both).
FEWEST_BEHIND = 5
_ALL_OF_IT = 1.0 - 1e-6  # of what tells a term, in one run
_WEBB = np.sqrt([0.5, 1.0, 1.5])


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """A weighted fit by its runs: what its standard errors and replicates are made of."""

    inverse: Array  # (n_terms, n_terms): (X'X)⁻¹, columns of X scaled to length 1
    moments: Array  # (n_runs, n_terms, n_terms): X'X of each run
    scores: Array  # (n_runs, n_terms): X'residuals of each run
    lengths: Array  # (n_terms,): what the columns were divided by
    runs: tuple[str, ...]


def blocks(design: Array, residuals: Array, runs: Sequence[str]) -> Blocks:
    """The runs of a weighted design (n_rows, n_terms) and its residuals (n_rows,); `runs`: of each row."""
    names, of = np.unique(np.array(runs), return_inverse=True)
    member = (np.arange(len(names))[:, None] == of[None, :]).astype(float)
    lengths = np.linalg.norm(design, axis=0)
    scaled = design / lengths
    products = (scaled[:, :, None] * scaled[:, None, :]).reshape(len(scaled), -1)
    terms = design.shape[1]
    return Blocks(
        inverse=np.linalg.inv(scaled.T @ scaled),
        moments=(member @ products).reshape(len(names), terms, terms),
        scores=member @ (scaled * residuals[:, None]),
        lengths=lengths,
        runs=tuple(map(str, names)),
    )


def behind(of: Blocks) -> Array:
    """How many runs stand behind each term's standard error over runs (n_terms,): its degrees of freedom.

    Those of Satterthwaite, of the jackknife's sum of squares over runs where all rows scatter alike: with K the
    covariance of the runs' parts, (Σ Kᵢᵢ)² / Σ Kᵢⱼ² (Bell, McCaffrey, Survey Methodology 28(2), 2002, 169-181;
    of clusters: Imbens, Kolesár, Review of Economics and Statistics 98(4), 2016, 701-712; checked 2026-11-22).
    Zeros where a term can't be told without some run.
    """
    found = np.zeros(len(of.inverse))
    if np.linalg.eigvals(of.moments @ of.inverse).real.max() > _ALL_OF_IT:
        return found
    for k, column in enumerate(of.inverse):
        without = np.linalg.solve(np.eye(len(found)) - of.inverse @ of.moments, column[:, None])[:, :, 0]
        parts = np.einsum("gij,gj->gi", of.moments, without)
        covariance = np.diag(np.sum(parts * without, axis=1)) - parts @ of.inverse @ parts.T
        found[k] = np.trace(covariance) ** 2 / np.sum(covariance**2)
    return found


def spread(of: Blocks, replicates: int = REPLICATES) -> Array:
    """How the terms spread together (n_terms, n_terms): squared half-widths at 95 % in the diagonal.

    Beside it, as the terms move together when residuals of runs come again.
    """
    half = half_widths(of, replicates)
    moved = _moved(of)
    together = moved.T @ moved
    scale = half / np.maximum(np.sqrt(np.diag(together)), np.finfo(float).tiny)  # nothing spreads in exact data
    return np.asarray(together * np.outer(scale, scale))


def half_widths(of: Blocks, replicates: int = REPLICATES) -> Array:
    """Half-widths at 95 % of the terms (n_terms,); the same for the same runs, whichever order they stand in."""
    weights = _weights(of.runs, replicates)
    inverse, terms = of.inverse, len(of.inverse)
    each = _moved(of)  # what each run's residuals make of the terms
    taken = inverse @ of.moments  # (n_runs, n_terms, n_terms): what the solution takes back of them
    moved = weights @ each  # (replicates, n_terms)
    cross = weights @ (each[:, :, None] * taken).reshape(len(each), -1)
    squares = (
        weights**2 @ each**2
        - 2.0 * np.einsum("bij,bj->bi", cross.reshape(-1, terms, terms), moved)
        + np.einsum("bj,ijl,bl->bi", moved, np.einsum("gij,gil->ijl", taken, taken), moved)
    )
    ratios = np.sort(np.abs(moved) / np.sqrt(np.maximum(squares, np.finfo(float).tiny)), axis=0)
    error = np.sqrt(np.sum((of.scores @ inverse) ** 2, axis=0))
    rank = round(0.95 * (replicates + 1)) - 1
    return np.asarray(ratios[rank] * error / of.lengths)


def _moved(of: Blocks) -> Array:
    """What each run's residuals make of the terms (n_runs, n_terms), its own leverage taken out of them."""
    whole = np.eye(len(of.inverse)) - of.moments @ of.inverse
    return np.asarray(np.linalg.solve(whole, of.scores[:, :, None])[:, :, 0] @ of.inverse)


def _weights(runs: Sequence[str], replicates: int) -> Array:
    """Webb's weights (replicates, n_runs), drawn anew for other runs.

    Of numpy's random numbers only a bit generator's own stay the same from version to version (NEP 19).
    """
    seed = int.from_bytes(hashlib.sha256("\n".join(runs).encode()).digest()[:16], "big")
    drawn = np.random.PCG64(seed).random_raw((replicates, len(runs))) % np.uint64(6)
    return np.asarray(np.where(drawn < 3, -1.0, 1.0) * _WEBB[drawn % np.uint64(3)])
