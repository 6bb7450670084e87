"""GPU on against off: two rounds on a simulated board and a simulated package, compared and proven."""

import json
import subprocess
import sys
import time

import pytest
from sim.powercap import SimulatedZone

BOARD, BOARD_W, PACKAGE_W = "GPU-00000000-0000-0000-0000-00000000000a", 100.0, 40.0
CANDIDATE = "echo/mistral-160m:fp32"
SHORT = ["--window-s", "1.0", "--windows", "1", "--idle-s", "0.6", "--warmup-s", "0"]


@pytest.mark.slow
def test_the_package_is_compared_and_the_board_stands_apart(nvml_sim, powercap_sim, tmp_path):
    """40 W whatever is done: the package's ratio is one of times; the board has a figure of one alone."""
    proc, out = tmp_path / "proc", tmp_path / "out"
    proc.mkdir()
    (proc / "cpuinfo").write_text("vendor_id\t: GenuineIntel\n")
    package = SimulatedZone(folder="intel-rapl:0", name="package-0", statements=[f"point 0 {PACKAGE_W}"])
    environment = powercap_sim.environment(
        package, head=[f"epoch_ns {time.monotonic_ns()}"],
        base=nvml_sim.environment([f"uuid {BOARD}", f"point 0 {BOARD_W}"]),
    )  # fmt: skip
    given = {**environment, "JOULEMARK_METERS": f"nvml,rapl:powercap_root={powercap_sim.root};proc_root={proc}"}

    def call(*arguments):
        return subprocess.run(
            [sys.executable, "-P", "-m", "bench", *arguments],
            capture_output=True, text=True, env=given, timeout=240, check=False,
        )  # fmt: skip

    spent = "per_request_s=0.02"
    done = call(
        "compare", f"{CANDIDATE}@device=cuda", f"{CANDIDATE}@device=cpu", "--on", "prompt-32-8", "--rounds", "2",
        *SHORT, "--weights-path", f"device={BOARD},{spent}", "--out", str(out), "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)

    pair = said["comparison"]["works"][0]["pairs"][0]
    ratios = {(r["measure"], r["boundary"]): r for r in pair["ratios"]}
    assert said["names"] == ["device=cuda", "device=cpu"]
    assert ("energy", "gpu") not in ratios
    assert ratios["energy", "cpu"]["value"] == pytest.approx(1.0, abs=0.05)
    assert ratios["energy", "cpu"]["gain_cancels"] is True
    assert any(note.startswith("gpu: a figure of device=cuda alone") for note in pair["notes"])
    assert call("verify", str(out)).returncode == 0
