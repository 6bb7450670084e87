"""Runs that had other candidates in memory are in no coefficient, and `audit` does not ask for them."""

from comparison_demo import sealed_round

from bench.run.audit import audit
from bench.run.learn import fit_folder


def test_a_run_in_turn_is_not_missing_from_the_coefficients(tmp_path):
    """It sent to `joulemark fit`, which leaves such a run out each time."""
    sealed_round(tmp_path, 1, precision="q8", batch_s=0.3, name="")
    sealed_round(tmp_path, 2, precision="q8", batch_s=0.3, asked_for={"beside": ("echo/mistral-160m:f16",)})
    fit_folder(tmp_path)

    assert [line.status for line in audit(tmp_path) if line.name == "coefficients current"] == ["pass"]

    sealed_round(tmp_path, 3, precision="q8", batch_s=0.3, name="")
    assert [line.status for line in audit(tmp_path) if line.name == "coefficients current"] == ["warn"]
