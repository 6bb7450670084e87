"""How much faster prompts are read than answers written: python scripts/prefill_ratio.py TABLE.csv|RESULTS

A table needs the columns input_tokens, ttft_s and tpot_s, one row a cell; of a result folder each request counts
whose first output was seen. What it prints stands in bench/estimators/prefill.py.
"""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.estimators.prefill import ratio_of, spread_of
from bench.units import S_PER_NS


def of_table(path: Path) -> list[float]:
    """A ratio for each row that has all three times and counts."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = ("input_tokens", "ttft_s", "tpot_s")
    told = [[float(row[name]) for name in names] for row in rows if all(row[name] for name in names)]
    return [ratio_of(prompt_tokens=p, first_s=f, token_s=t) for p, f, t in told if min(p, f, t) > 0]


def of_runs(folder: Path) -> list[float]:
    """A ratio for each request of the folder's runs whose first output was seen, and which has two or more."""
    return [ratio for path in sorted(folder.glob("runs/*/outcomes.jsonl")) for ratio in _of_run(path)]


def _of_run(path: Path) -> Iterator[float]:
    for line in path.read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        work, first_ns = one.get("achieved") or {}, one.get("first_output_ns")
        if first_ns is None or not work.get("prompt_tokens") or work.get("output_tokens", 0) < 2:
            continue
        yield ratio_of(
            prompt_tokens=work["prompt_tokens"],
            first_s=(first_ns - one["start_ns"]) * S_PER_NS,
            token_s=(one["end_ns"] - first_ns) * S_PER_NS / (work["output_tokens"] - 1),
        )


def main(arguments: list[str]) -> int:
    """Prints the number of ratios and their spread."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    path = Path(arguments[0])
    found = of_runs(path) if path.is_dir() else of_table(path)
    low, value, high = spread_of(found)
    print(f"{len(found)} ratios: 5 % {low:.3g}, median {value:.3g}, 95 % {high:.3g}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
