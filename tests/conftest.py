"""Fixtures that several rooms share: the simulated sensors."""

import pytest
from sim.build import NvmlSim, build_nvml, build_powercap, compiler
from sim.powercap import PowercapSim


@pytest.fixture(scope="session")
def nvml_library(tmp_path_factory):
    """The folder of the simulated NVML, compiled once."""
    if compiler() is None:
        pytest.skip("no C compiler: the simulated NVML library cannot be built")
    return build_nvml(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def nvml_sim(nvml_library, tmp_path):
    """Boards that this test declares."""
    folder = tmp_path / "boards"
    folder.mkdir()
    return NvmlSim(nvml_library, folder)


@pytest.fixture(scope="session")
def powercap_library(tmp_path_factory):
    """The library that answers for RAPL's counters when it is preloaded, compiled once."""
    if compiler() is None:
        pytest.skip("no C compiler: the simulated RAPL counters cannot be built")
    return build_powercap(tmp_path_factory.mktemp("powercap"))


@pytest.fixture
def powercap_sim(powercap_library, tmp_path):
    """Zones that this test declares."""
    folder = tmp_path / "zones"
    folder.mkdir()
    return PowercapSim(powercap_library, folder)
