"""The ratios that the older API takes are those that the script computes."""

from pathlib import Path

import prefill_ratio
import pytest

from bench.estimators.prefill import ON_TWO_THREADS, spread_of

ROOT = Path(__file__).resolve().parents[2]


def test_our_own_ratio_is_that_of_the_sealed_runs():
    """Recomputed from the outcomes; three digits are kept."""
    found = spread_of(prefill_ratio.of_runs(ROOT / "results" / "examples" / "cpu-2-threads"))

    assert tuple(found) == pytest.approx(tuple(ON_TWO_THREADS.ratio), rel=5e-3)


def test_a_table_gives_a_ratio_a_row(tmp_path, capsys):
    """(tokens ÷ TTFT) × TPOT; rows without their times are left out."""
    table = tmp_path / "table.csv"
    rows = [f"100,{1 / one},0.01" for one in range(1, 22)]
    table.write_text("\n".join(["input_tokens,ttft_s,tpot_s", *rows, "100,,0.01", "100,0,0.01"]))

    assert prefill_ratio.of_table(table) == pytest.approx(range(1, 22))
    assert prefill_ratio.main([str(table)]) == 0
    assert capsys.readouterr().out == "21 ratios: 5 % 2, median 11, 95 % 20\n"


def test_without_a_path_it_says_what_it_takes(capsys):
    assert prefill_ratio.main([]) == 2
    assert "TABLE.csv" in capsys.readouterr().out
