"""What cannot be measured is never called so: not in `meter`'s JSON, its table, its ledger, nor on the page."""

import json
import re
import subprocess
import sys

import pytest

UUID = "GPU-00000000-0000-0000-0000-00000000000a"
BLIND = ("error counter 3", "error fields 3", "error usage 3")  # NVML_ERROR_NOT_SUPPORTED, from the start
BOARDS = {
    "MIG slice": ("point 0 100", "mig 1"),
    "vGPU": ("point 0 100", "virtualization 2"),
    "host of vGPUs": ("point 0 100", "virtualization 3"),
    "host of vSGAs": ("point 0 100", "virtualization 4"),
    "neither counter nor power": ("point 0 100", *BLIND),
    "a counter that stands still": ("point 0 100", "counter_frozen", *BLIND[1:]),
}
STANDS_STILL = "gpu:5"


def joulemark(environment, *arguments):
    given = {**environment, "JOULEMARK_METERS": "nvml,host_model"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bench", *arguments],
        capture_output=True, text=True, env=given, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_meter_calls_no_such_board_measured(nvml_sim):
    """Every slice and every blind board is excluded with its reason; a dead counter is a gap, not a number."""
    environment = nvml_sim.environment(*BOARDS.values())

    found = json.loads(joulemark(environment, "meter", "--json", "--pue", "1.2", "--", "sleep", "0.5").stdout)
    gpus = {d["domain"]: d for d in found["domains"] if d["boundary"] == "gpu"}
    ledger = found["ledger"]

    assert len(gpus) == len(BOARDS)
    for domain, one in gpus.items():
        assert (one["energy_j"], one["low_j"], one["high_j"], one["witness_j"]) == (None, None, None, None)
        assert one["reasons"]
        assert one["basis"] == "excluded" or domain == STANDS_STILL
    excluded = {x["what"] for x in ledger["excluded"]}
    assert set(gpus) - {STANDS_STILL} <= excluded
    for entry in (*ledger["entries"], *ledger["facility"]):
        if entry["boundary"] == "gpu":
            assert (entry["domains"], entry["energy_j"]) == ([STANDS_STILL], None)


def test_the_table_and_the_ledger_for_people_say_the_same(nvml_sim):
    """No row of a GPU holds a number of joules or the word measured."""
    said = joulemark(nvml_sim.environment(*BOARDS.values()), "meter", "--components", "--", "sleep", "0.5").stderr

    rows = re.findall(r"^gpu:\d .*$", said, flags=re.MULTILINE)
    assert len(rows) == len(BOARDS)
    assert all(re.search(r"(excluded +excluded|void +none)$", row) for row in rows), rows
    assert f"measured  gpu void: {STANDS_STILL}: " in said


def test_without_any_usable_board_nothing_is_measured(nvml_sim):
    """The ledger's line says so in words."""
    boards = [board for name, board in BOARDS.items() if name != "a counter that stands still"]

    said = joulemark(nvml_sim.environment(*boards), "meter", "--", "sleep", "0.5").stderr

    assert "measured  nothing: no power sensor was read" in said


@pytest.mark.slow
def test_the_page_calls_no_such_board_measured(nvml_sim, tmp_path):
    """A run on a slice, among such boards: no measured badge, bar, line or heading, and the page proves itself."""
    slice_, *others = BOARDS.values()
    environment = nvml_sim.environment([f"uuid {UUID}", *slice_], *others)
    short = ["--window-s", "1", "--windows", "1", "--idle-s", "1", "--warmup-s", "0.1"]
    cell = "echo/mistral-160m:fp32/prompt-32-8"

    joulemark(environment, "run", cell, *short, "--out", str(tmp_path), "--weights-path", f"device={UUID}")
    reported = joulemark(environment, "report", str(tmp_path))
    page = (tmp_path / "reports" / "report.html").read_text(encoding="utf-8")
    checked = joulemark(environment, "verify", str(tmp_path))

    assert reported.returncode == 0, reported.stderr
    assert "No power sensor was read on this machine" in page
    assert not re.search(r"<h2>Measured", page)
    assert page.count('badge measured"') == 1  # what the word means, in how to read the page
    assert 'class="bar measured"' not in page
    assert not re.search(r">GPU \d, \w+: measured<", page)
    block = re.search(r'id="joulemark-figures">\s*(.*?)</script>', page, flags=re.DOTALL)
    figures = {key: value for key, value in json.loads(block[1])["figures"].items() if value is not None}
    assert not [key for key in figures if "/measured/" in key]
    assert not [key for key in figures if "/gpu:" in key and key.endswith("_j")]
    assert checked.returncode == 0, checked.stdout
