"""What a run sees of this machine: meters are opened anew where its profile tells them something."""

from dataclasses import replace

import pytest
from fakes import GPU

import bench.run.host as host
import bench.run.sensors as sensors
from bench.files.cloud import CloudMachine
from bench.files.profiles import read_profile
from bench.run.profile import host_model_options
from bench.run.sensors import Sensors


@pytest.fixture
def opened(monkeypatch):
    """Every opening of meters, on an Azure machine without RAPL that shows no board."""
    made = []

    def find(meters):
        made.append(meters)
        return Sensors(meters=meters, sources=(), checks=())

    monkeypatch.delenv("JOULEMARK_METERS", raising=False)
    monkeypatch.setattr(sensors, "_rapl_works", lambda: False)
    monkeypatch.setattr(host, "find_sensors", find)
    monkeypatch.setattr(
        host, "read_cloud", lambda: CloudMachine(provider="azure", size="Standard_ND96isr_H100_v5")
    )
    return made


def test_the_host_model_is_told_what_the_profile_knows_of_its_cpu(opened):
    """A vCPU is a core there: the meters that were opened to find the boards were not told so."""
    told = host_model_options(read_profile("azure-nd96isr-h100-v5"))

    found = host.look()

    assert told["vcpu_is"] == "core"
    assert opened[0]["host_model"] == {}
    assert found.sensors.meters["host_model"] == opened[-1]["host_model"] == told
    assert len(opened) == 2


def test_meters_that_the_profile_tells_nothing_are_not_opened_twice(opened, monkeypatch):
    """Opening a GPU's driver takes seconds."""
    monkeypatch.setattr(host, "read_cloud", lambda: None)

    assert host.look().sensors.meters["host_model"] == {}
    assert len(opened) == 1


def test_the_boards_that_were_found_choose_the_profile(opened, monkeypatch):
    """A size whose boards are others is not that machine."""
    board = replace(GPU, device_name="Tesla T4")
    monkeypatch.setattr(host, "find_sensors", lambda meters: Sensors(meters=meters, sources=(board,), checks=()))

    found = host.look()

    assert found.profile.generated
    assert found.gpus == (board,)
