"""Hardware profiles: every number has its source, and a mistake has its line."""

import re

import pytest

from bench.errors import BadDeclaration, UnknownName
from bench.files.profiles import profile_names, read_profile, read_profiles
from bench.nouns import Figure

PROFILES = {profile.name: profile for profile in read_profiles()}
URL = re.compile(r"https?://[^\s)]+")

GOOD = """
title = "A board"
kind = "gpu"
[figures]
tdp_w = { value = 70, source = "https://example.org (checked 2026-11-21)" }
[match]
gpu_name = ["Some Board"]
"""


def test_the_machines_of_the_azure_sizes_and_the_known_boards_are_there():
    """Twenty sizes that are still offered, twenty boards; the retired sizes are gone."""
    assert sum(profile.kind == "vm" for profile in PROFILES.values()) == 20
    assert {"azure-nc4as-t4-v3", "azure-nd96isr-h100-v5", "nvidia-t4", "nvidia-h100-sxm5-80gb"} <= set(PROFILES)
    assert {"nvidia-b200-sxm-180gb", "nvidia-gh200-96gb", "nvidia-gb10", "nvidia-a2"} <= set(PROFILES)
    assert not [name for name in PROFILES if name.endswith(("nc6s-v3", "nc12s-v3", "nc24s-v3"))]


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_every_number_has_a_source_that_can_be_opened(name):
    """A page and the day it was read; nothing from memory, nothing by a bare id, no idle from hearsay."""
    for key, figure in PROFILES[name].figures.items():
        assert URL.search(figure.source), key
        assert re.search(r"\((checked|read) 2026-\d\d-\d\d\)", figure.source), key
        assert not re.search(r"from memory|NOT fetched|\bids? \d{6}", figure.source), key
    assert "idle_w" not in PROFILES[name].figures


@pytest.mark.parametrize("name", sorted(n for n, p in PROFILES.items() if p.kind == "vm"))
def test_every_machine_names_a_board_that_is_declared(name):
    """An accelerator is a profile of its own; its CPU belief says whether a page confirms it."""
    profile = PROFILES[name]

    assert profile.accelerator in PROFILES
    assert PROFILES[profile.accelerator].kind == "gpu"
    assert profile.accelerator_count > 0
    assert {"vcpu", "memory_gib"} <= set(profile.figures)
    assert profile.texts["vcpu_is"] in ("thread", "core", "unverified")
    verified = profile.texts["vcpu_is_verified"] == "true"
    assert verified == bool(URL.search(str(profile.texts["vcpu_is_source"])))


def test_no_two_profiles_claim_one_machine():
    """A GPU name or a cloud size leads to one profile."""
    for key in ("gpu_name", "azure_vm_size"):
        claimed = [name.lower() for profile in PROFILES.values() for name in profile.match.get(key, ())]
        assert len(claimed) == len(set(claimed))


def test_a_slice_of_a_board_says_that_it_is_never_measured():
    """NVads sizes lend a vGPU whose counters do not move."""
    for name in (n for n in PROFILES if n.startswith("azure-nv")):
        assert "never measured" in str(PROFILES[name].texts["gpu_power"])
    assert PROFILES["azure-nv6ads-a10-v5"].accelerator_count == pytest.approx(1 / 6)


def test_capacity_that_is_no_longer_added_is_said():
    """Still offered, but nobody should plan on it."""
    assert "without net new capacity" in str(PROFILES["azure-nc24ads-a100-v4"].texts["availability"])


def test_the_folder_beside_the_results_is_read_first(tmp_path):
    """A calibrated profile of the same name wins over the declared one."""
    (tmp_path / "nvidia-t4.toml").write_text(GOOD)

    assert read_profile("nvidia-t4", tmp_path).title == "A board"
    assert read_profile("nvidia-t4").title == "NVIDIA T4 (PCIe, 16 GB)"
    assert set(profile_names(tmp_path)) == set(profile_names())
    assert read_profile("nvidia-t4", tmp_path).figures["tdp_w"] == Figure(
        value=70.0, source="https://example.org (checked 2026-11-21)"
    )


def test_an_unknown_profile_is_offered_the_nearest(tmp_path):
    """And a path is not a name."""
    with pytest.raises(UnknownName, match="nvidia-t4"):
        read_profile("nvidia-t5", tmp_path / "not-there")
    with pytest.raises(UnknownName):
        read_profile("../hardware_profiles/nvidia-t4")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("tdp_w", "tdp_kw", 5, "did you mean 'tdp_w'"),
        ("value = 70", 'value = "70"', 5, "expected a number"),
        ('source = "https://example.org (checked 2026-11-21)"', 'source = " "', 5, "needs a source"),
        (', source = "https://example.org (checked 2026-11-21)"', "", 5, "missing"),
        ('kind = "gpu"', 'kind = "gpus"', 3, "did you mean 'gpu'"),
        ('gpu_name = ["Some Board"]', 'gpu_names = ["Some Board"]', 7, "did you mean 'gpu_name'"),
        ('kind = "gpu"', 'kind = "gpu"\naccelerator = "nvidia-t4"', 4, "belong together"),
    ],
)
def test_a_mistake_names_its_file_and_line(tmp_path, old, new, line, message):
    """A wrong key, unit, type or missing source is refused where it stands."""
    assert old in GOOD
    path = tmp_path / "board.toml"
    path.write_text(GOOD.replace(old, new))

    with pytest.raises(BadDeclaration, match=re.escape(message)) as caught:
        read_profile("board", tmp_path)

    assert caught.value.file == str(path)
    assert caught.value.line == line
