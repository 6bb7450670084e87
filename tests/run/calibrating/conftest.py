"""A calibrated CPU, quickly: real processes, a pretended library, a constant meter."""

import os
import shutil
from dataclasses import replace

import pytest
from calibrated_demo import SMALL, TORCH, WATTS

import bench.run.calibrate as calibrate
import bench.run.calibrating as calibrating
import bench.run.tape as tape


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """Two windows of each kind, a pretended library, no rests, and a meter that always says 100 W."""
    library = tmp_path_factory.mktemp("library")
    (library / "torch.py").write_text(TORCH)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(library), *filter(None, [os.environ.get("PYTHONPATH")])]))
        patch.setattr(tape, "rest_s", lambda _: 0.02)
        patch.setattr(tape, "APPROACH_S", 0.02)
        patch.setattr(calibrate, "IDLES", 2)
        patch.setattr(calibrate, "REPEATS", 2)
        patch.setenv("JOULEMARK_METERS", f"constant:power_w={WATTS:g}")
        real = calibrating.cpu

        def small(*arguments):
            asked = real(*arguments)
            return replace(asked, calibration=replace(asked.calibration, kernels=SMALL))

        patch.setattr(calibrating, "cpu", small)
        yield patch


@pytest.fixture(scope="module")
def made(quick, tmp_path_factory):
    """A calibrated CPU and its folder."""
    out = tmp_path_factory.mktemp("out")
    said = []
    return calibrating.make_profile(out, 0.3, said.append), out, said


@pytest.fixture
def out(made, tmp_path):
    return shutil.copytree(made[1], tmp_path / "out")
