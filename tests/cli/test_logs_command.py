"""`joulemark logs`: what a person and a program read of it, and with which exit code."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from logs.logs_made import row, write_csv

ROOT = Path(__file__).resolve().parents[2]
OCTOBER = ROOT / "tests" / "golden" / "logs" / "october.csv"


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "bench", "logs", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "140"},
    )


def test_the_month_of_the_readme_has_a_table_and_a_total():
    done = run(OCTOBER, "--hardware", "h100", "--region", "francecentral", "--by", "endpoint,model")

    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:5]] == ["chat", "code", "translate", "total"]
    assert "hardware h100 taken where the log says none" in done.stdout
    assert "rests on" in done.stdout


def test_json_is_stdouts_only_content_and_csv_has_every_row(tmp_path):
    out = tmp_path / "days.csv"
    done = run(OCTOBER, "--hardware", "h100", "--region", "francecentral", "--json", "--csv", out)
    found = json.loads(done.stdout)
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert found["schema_version"] == 1
    assert found["by"] == ["day", "endpoint", "language", "model"]
    assert len(rows) == len(found["rows"]) == 31 * 4
    assert sum(float(one["kwh"]) for one in rows) == pytest.approx(found["total"]["energy_kwh"]["value"], rel=1e-6)
    assert found["total"]["carbon_kg"]["location"]["low"] < found["total"]["carbon_kg"]["location"]["value"]
    assert found["gaps"] == []


def test_gaps_have_their_share_and_the_exit_code_of_what_falls_short(tmp_path):
    file = write_csv(tmp_path / "a.csv", [row()] * 3 + [row("llama-3.1-8x")])
    done = run(file, "--json")
    (gap,) = json.loads(done.stdout)["gaps"]

    assert done.returncode == 1
    assert (gap["rows"], gap["share"]) == (1, 0.25)
    assert "did you mean 'llama-3.1-8b'" in gap["reason"]
    assert "in no sum: 1 row (25 %): unknown model" in run(file).stdout


def test_an_endpoint_has_a_model_and_lengths_of_its_own(tmp_path):
    file = tmp_path / "week.yaml"
    file.write_text("genai:\n  chatbots:\n  - {date: '2026-10-01', count: 2}\n", encoding="utf-8")
    of_chat = "chatbots:model=llama-3.1-8b,in_tokens=1155,out_tokens=211"
    found = json.loads(run(file, "--of", of_chat, "--json").stdout)

    assert found["total"]["requests"] == 2
    assert found["total"]["input_tokens"] == 2310
    assert found["rows"][0]["model"] == "llama-3.1-8b"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nowhere.csv",), "nowhere.csv: no such file"),
        ((OCTOBER, "--tz", "Paris"), "unknown time zone"),
        ((OCTOBER, "--of", "chat"), "needed is ENDPOINT:KEY=VALUE"),
        ((OCTOBER, "--of", "chat:modl=x"), "did you mean 'model'"),
        ((OCTOBER, "--as", "x"), "needed is NAME=VALUE"),
        ((OCTOBER, "--scope", "gup"), "did you mean 'gpu'"),
        ((OCTOBER, "--region", "frnace"), "did you mean"),
        ((OCTOBER, "--in-tokens", "5k"), "a number alone"),
        ((OCTOBER, "--in-tokens", "5", "--chars", "5"), "two counts of one input"),
        ((OCTOBER, "--by", "days"), "did you mean 'day'"),
        ((OCTOBER, "--columns", "model"), "needed is KEY=COLUMN"),
    ],
)
def test_bad_words_are_told_without_a_traceback(words, told):
    done = run(*words)

    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
