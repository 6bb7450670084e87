"""`joulemark list` fits a screen, and leaves no name out that cannot be had from one kind."""

import json
import subprocess
import sys

from bench.cli.list_text import brief


def listed(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "bench", "list", *arguments], capture_output=True, text=True, check=True
    ).stdout


def test_everything_fits_a_screen():
    """Twenty-four lines of eighty columns; a hundred here, for nobody's terminal is asked."""
    lines = listed().splitlines()

    assert len(lines) <= 24
    assert max(map(len, lines)) <= 100
    assert "joulemark list workloads" in lines[-1]
    assert any("whisper-large-v3" in line for line in lines), "a name is not cut at its hyphens"


def test_one_kind_is_told_in_full():
    """Every workload by its name, with what it is; the object holds the same."""
    full = listed("workloads")
    names = [one["name"] for one in json.loads(listed("workloads", "--json"))["workloads"]]

    assert len(names) > 50
    assert all(f"  {name} " in full for name in names)


def test_long_families_are_counted_and_short_ones_are_named():
    """What begins alike stands together only where the list is long; what cannot run here says so."""
    many = (*((f"prompt-{n}", "") for n in range(20)), ("video-fr-15", ""))
    few = (("llama_cpp", "not here: no module"), ("nllb-600m", ""), ("nllb-1.3b", ""))

    said = brief({"workloads": many, "engines": few})
    assert "prompt-… (20), video-fr-15" in said
    assert "llama_cpp (not here), nllb-600m, nllb-1.3b" in said
