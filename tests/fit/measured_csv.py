"""Synthetic tables of measured energy: two machines that follow the roofline with coefficients of their own."""

import csv
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.estimators.asked import Asked, job_of
from bench.estimators.prior import energy_j
from bench.files.estimating import read_catalogue
from bench.files.prior_file import read_prior

MODELS = (
    "meta-llama/Llama-3.1-8B-Instruct",
    "Qwen/Qwen3-14B",
    "google/gemma-2-9b-it",
    "mistralai/Mixtral-8x7B-Instruct-v0.1",
    "Qwen/Qwen2.5-3B-Instruct",
    "microsoft/phi-4",
    "mistralai/Mistral-7B-Instruct-v0.3",
    "Qwen/Qwen3-30B-A3B",
    "meta-llama/Llama-3.2-3B",
    "Qwen/Qwen3-4B",
    "allenai/OLMo-2-1124-7B",
)
OUTCOMES = ("latency_s", "throughput_tok_s", "avg_power_w", "derived", "notes", "ttft_s")
_TASKS = {"chat": (80, 300), "rewrite": (700, 500), "label": (400, 2)}


def rows(
    batches: Sequence[float] = (1, 8, 64), source: str = "lab-x", factor: float = 1.4
) -> list[dict[str, str]]:
    """A row per model, batch and task on one H100: the prior's energy times `factor` and 5 % of noise (seeded)."""
    noise = random.Random(7)
    catalogue, prior = read_catalogue(), read_prior().without(())
    made = []
    for model in MODELS:
        own = math.exp(noise.gauss(0, 0.05))
        for batch in batches:
            for task, (prompt, output) in _TASKS.items():
                asked = Asked(
                    model=model,
                    precision="bf16",
                    gpu="NVIDIA H100 80GB HBM3",
                    batch=batch,
                    input_tokens=prompt,
                    output_tokens=output,
                    engine="an engine",
                    task=task,
                    n_gpus=2.0,
                )
                joules = energy_j(prior, job_of(asked, catalogue)) * factor * own * math.exp(noise.gauss(0, 0.03))
                made.append(
                    {
                        "source": source,
                        "model": model,
                        "precision": "bf16",
                        "gpu": asked.gpu,
                        "n_gpus": "2",
                        "batch_or_concurrency": str(batch),
                        "input_tokens": str(prompt),
                        "output_tokens": str(output),
                        "energy_j_per_request": f"{joules:.6g}",
                        "energy_scope": "GPU",
                        "engine": "an engine",
                        "task": task,
                        **{name: f"{noise.random():.3f}" for name in OUTCOMES},
                    }
                )
    return made


def write(path: Path, table: Sequence[Mapping[str, str]]) -> Path:
    """The table as a CSV file at `path`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return path
