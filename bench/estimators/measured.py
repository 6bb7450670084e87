"""A measured cell: one model on one machine at one batch, whose own figures carry over to other lengths.

    energy of a request  =  prompt_j × prompt tokens + gigabyte_j × gigabytes that its n − 1 decoding steps read

Bytes of a step are the weights, shared by the batch, and the request's own cache (bench.estimators.roofline).
"""

from dataclasses import dataclass

from bench.estimators.roofline import Job

# A cached byte beside a weight's: chosen; between 0.5 and 1, held-out tasks of llama.cpp's rows tell little
# difference (median errors of 2.97, 2.91 and 3.03 %; docs/method.md), and caches of short texts stay on the chip.
_CACHED_RATIO = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one cell's runs say: joules a prompt token, and joules a gigabyte read while decoding."""

    prompt_j: float
    gigabyte_j: float


def work(job: Job) -> tuple[float, float]:
    """Prompt tokens, and gigabytes that the request's decoding steps read."""
    steps = max(0.0, job.output_tokens - 1)
    a_step = job.touched_bytes(job.running) / job.running
    cached = job.cache_bytes(job.prompt_tokens + job.output_tokens / 2)
    return job.prompt_tokens, steps * (a_step + _CACHED_RATIO * cached) / 1e9


def cell_energy_j(cell: Cell, job: Job) -> float:
    """The joules of a request, in the scope that the cell was measured in."""
    tokens, gigabytes = work(job)
    return cell.prompt_j * tokens + cell.gigabyte_j * gigabytes
