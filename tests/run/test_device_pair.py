"""GPU on and off as a pair: one cell on a simulated board and on a simulated package, in one folder."""

import json
import subprocess
import sys
import time

import pytest
from sim.powercap import SimulatedZone

CELL = "echo/mistral-160m:fp32/prompt-32-8"
ON, OFF = f"{CELL}@device=cuda", f"{CELL}@device=cpu"
SHORT = ["--window-s", "1.0", "--windows", "2", "--idle-s", "1.0", "--warmup-s", "0.1"]
BOARD, BOARD_W, PACKAGE_W = "GPU-00000000-0000-0000-0000-00000000000a", 100.0, 40.0


@pytest.fixture
def joulemark(nvml_sim, powercap_sim, tmp_path):
    """The command on a machine with a board that draws 100 W and a package that draws 40 W, whatever is done."""
    proc, out = tmp_path / "proc", tmp_path / "out"
    proc.mkdir()
    (proc / "cpuinfo").write_text("vendor_id\t: GenuineIntel\n")  # and no load: this machine's own is no matter
    package = SimulatedZone(folder="intel-rapl:0", name="package-0", statements=[f"point 0 {PACKAGE_W}"])
    environment = powercap_sim.environment(
        package, head=[f"epoch_ns {time.monotonic_ns()}"],
        base=nvml_sim.environment([f"uuid {BOARD}", f"point 0 {BOARD_W}"]),
    )  # fmt: skip
    given = {**environment, "JOULEMARK_METERS": f"nvml,rapl:powercap_root={powercap_sim.root};proc_root={proc}"}

    def call(*arguments):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "bench", *arguments, "--json"],
            capture_output=True, text=True, env=given, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
        return done.returncode, json.loads(done.stdout)

    def run(*cells):
        code, said = call("run", *cells, *SHORT, "--weights-path", f"device={BOARD}", "--out", str(out))
        assert code == 0, said
        return [(c["cell"], c["status"]) for c in said["cells"]]

    call.run, call.out = run, out
    return call


@pytest.mark.slow
def test_one_folder_holds_both_and_neither_stands_for_the_other(joulemark):
    """The board's joules are its own run's alone, the package's of either run stand apart, and all is proven."""
    first = joulemark.run(ON)
    both = joulemark.run(ON, OFF)
    again = joulemark.run(OFF, ON)
    _, fitted = joulemark("fit", str(joulemark.out))
    joulemark("report", str(joulemark.out))
    proven, _ = joulemark("verify", str(joulemark.out))
    _, audited = joulemark("audit", str(joulemark.out))

    assert first == [(ON, "done")]
    assert both == [(ON, "already done"), (OFF, "done")]
    assert again == [(OFF, "already done"), (ON, "already done")]
    sealed = [json.loads(path.read_text()) for path in joulemark.out.glob("runs/*/run.json")]
    runs = {one["loaded"]["device"]: one["id"] for one in sealed}
    entries = {(c["boundary"], c["key"]["device"]): c for c in fitted["coefficients"]}
    assert {at: c["runs"] for at, c in entries.items()} == {
        ("gpu", "gpu"): [runs[BOARD]], ("cpu", "gpu"): [runs[BOARD]], ("cpu", "cpu"): [runs["cpu"]],
    }  # fmt: skip
    for (boundary, _), one in entries.items():
        power_w = BOARD_W if boundary == "gpu" else PACKAGE_W
        assert one["terms"]["idle_resident"]["value"] == pytest.approx(power_w, rel=0.02)
    assert proven == 0
    assert not [line for line in audited["checks"] if line["name"] == "one setting" and line["status"] != "pass"]
