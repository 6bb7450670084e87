"""Weighted least squares with its covariance, and which columns of a design can be told apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Beyond this, a relative error of 1e-3 in the data can move a term by its own size (Golub & Van Loan,
# Matrix Computations, 4th ed., section 5.3.7: the error of least squares grows with the condition number).
CONDITION_LIMIT = 1e3


@dataclass(frozen=True, slots=True)
class Solution:
    """Terms (n_terms,), their covariance (n_terms, n_terms), and how the answer leans on each row."""

    terms: Array
    covariance: Array
    leverage: Array  # (n_terms, n_rows): d term / d row
    residual_ratio: float  # standard deviation of the residuals as a share of the rows' energy
    degrees: int


def condition_number(design: Array, weights: Array) -> float:
    """The condition number of the weighted design (n_rows, n_terms), each column scaled to length 1."""
    scaled = design * weights[:, None]
    lengths = np.linalg.norm(scaled, axis=0)
    if not lengths.all():
        return float("inf")
    return float(np.linalg.cond(scaled / lengths))


def separable(design: Array, weights: Array) -> list[int]:
    """The columns that can be told apart, the earlier preferred over the later."""
    kept: list[int] = []
    for column in range(design.shape[1]):
        trial = design[:, [*kept, column]]
        if len(trial) >= trial.shape[1] and condition_number(trial, weights) <= CONDITION_LIMIT:
            kept.append(column)
    return kept


def solve(design: Array, energy_j: Array, weights: Array) -> Solution:
    """The least-squares terms of `energy_j` (n_rows,) on `design`, rows weighted by 1/σ (relative)."""
    lengths = np.linalg.norm(design * weights[:, None], axis=0)
    scaled = design * weights[:, None] / lengths
    inverse = np.linalg.pinv(scaled)
    terms = (inverse @ (energy_j * weights)) / lengths
    degrees = len(energy_j) - design.shape[1]
    residuals = (energy_j - design @ terms) * weights
    variance = float(residuals @ residuals) / degrees if degrees > 0 else float("nan")
    leverage = inverse * weights[None, :] / lengths[:, None]
    covariance = variance * (inverse @ inverse.T) / np.outer(lengths, lengths)
    return Solution(terms, covariance, leverage, float(np.sqrt(variance)), degrees)
