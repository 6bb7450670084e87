"""Which profile a machine gets, and that a generated one reads back as it was."""

from dataclasses import replace

import pytest

from bench.files.cloud import CloudMachine
from bench.files.cpu import Cpu
from bench.files.machine import Machine
from bench.files.profiles import read_profile, read_profiles
from bench.nouns import Figure, HardwareProfile
from bench.run.profile import host_model_options, match_profile, render_profile

CPU = Cpu(
    vendor="AuthenticAMD",
    family=25,
    model=17,
    stepping=1,
    name="AMD EPYC",
    threads=2,
    hypervisor=True,
    siblings=1,
    smt="unsupported",
    microarchitecture="EPYC 4th Gen",
)
MACHINE = Machine(
    cpu=CPU,
    memory_bytes=int(23.54 * 2**30),
    available_memory_bytes=None,
    memory_limit_bytes=None,
    cpu_limit=None,
    in_container=False,
)


def on_azure(size: str) -> CloudMachine:
    return CloudMachine(provider="azure", size=size)


@pytest.mark.parametrize(
    ("size", "gpus", "expected"),
    [
        ("Standard_NC4as_T4_v3", ["Tesla T4"], "azure-nc4as-t4-v3"),
        ("standard_nc4as_t4_v3", ["Tesla T4"], "azure-nc4as-t4-v3"),
        ("Standard_NC4as_T4_v3", [], "azure-nc4as-t4-v3"),  # the driver is not there yet
        ("Standard_NV36ads_A10_v5", ["NVIDIA A10-24Q"], "azure-nv36ads-a10-v5"),
        ("Standard_ND96isr_H100_v5", ["NVIDIA H100 80GB HBM3"] * 8, "azure-nd96isr-h100-v5"),
    ],
)
def test_a_cloud_size_is_its_declared_profile(size, gpus, expected):
    """The cloud's own word decides, as long as the GPUs do not speak against it."""
    assert match_profile(MACHINE, on_azure(size), gpus).name == expected


def test_a_size_whose_gpus_are_others_is_not_that_machine():
    """A declaration that the machine contradicts is not believed."""
    found = match_profile(MACHINE, on_azure("Standard_NC4as_T4_v3"), ["NVIDIA L4"])

    assert found.generated
    assert found.accelerator == "nvidia-l4"


@pytest.mark.parametrize(
    ("machine", "gpus", "name", "accelerator"),
    [
        (MACHINE, [], "amd-epyc-4th-gen-2-threads-24-gib", None),
        (MACHINE, ["Tesla T4"] * 2, "2x-nvidia-t4-amd-epyc-4th-gen-2-threads-24-gib", "nvidia-t4"),
        (MACHINE, ["Odd Board"], "1x-odd-board-amd-epyc-4th-gen-2-threads-24-gib", None),
        (
            MACHINE,
            ["Tesla T4", "NVIDIA L4", "Tesla T4"],
            "1x-nvidia-l4-2x-nvidia-t4-amd-epyc-4th-gen-2-threads-24-gib",
            None,
        ),
        (
            replace(MACHINE, cpu=replace(CPU, vendor="GenuineIntel", family=6, model=250, microarchitecture=None)),
            [],
            "intel-family-6-model-250-2-threads-24-gib",
            None,
        ),
        (
            replace(
                MACHINE, memory_bytes=None, cpu=replace(CPU, vendor=None, family=None, microarchitecture=None)
            ),
            [],
            "unknown-cpu-2-threads",
            None,
        ),
    ],
)
def test_an_undeclared_machine_is_named_by_what_it_is(machine, gpus, name, accelerator):
    """The same machine has the same name every time, and no host's name is in it."""
    found = match_profile(machine, None, gpus)

    assert found == match_profile(machine, None, list(reversed(gpus)))
    assert (found.name, found.accelerator, found.generated) == (name, accelerator, True)
    assert found.accelerator_count == (len(gpus) if accelerator else 0)


def test_an_undeclared_size_keeps_its_size():
    """A cloud machine that no file declares still says which size it was."""
    found = match_profile(MACHINE, on_azure("Standard_D2as_v6"), [])

    assert found.generated
    assert found.texts["azure_vm_size"] == "Standard_D2as_v6"


@pytest.mark.parametrize("gpus", [[], ["Tesla T4"] * 3])
def test_a_generated_profile_reads_back_as_it_was(tmp_path, gpus):
    """What is written beside the results is the whole profile."""
    found = match_profile(MACHINE, on_azure("Standard_X"), gpus)
    (tmp_path / f"{found.name}.toml").write_text(render_profile(found), encoding="utf-8")

    assert read_profile(found.name, tmp_path) == found


@pytest.mark.parametrize("profile", read_profiles(), ids=lambda profile: profile.name)
def test_every_declared_profile_renders_to_itself(tmp_path, profile):
    """Rendering and reading are each other's inverse."""
    (tmp_path / f"{profile.name}.toml").write_text(render_profile(profile), encoding="utf-8")

    assert read_profile(profile.name, tmp_path) == profile


def test_odd_texts_survive_rendering(tmp_path):
    """Quotes, backslashes, line breaks, DEL and Arabic are text, not syntax."""
    odd = 'a "quoted" \\ text\nwith\ttabs, \x7f and كلمة'
    profile = HardwareProfile(
        name="odd",
        title=odd,
        kind="machine",
        figures={"tdp_w": Figure(value=1 / 6, source=odd)},
        texts={"note": odd},
    )
    (tmp_path / "odd.toml").write_text(render_profile(profile), encoding="utf-8")

    assert read_profile("odd", tmp_path) == profile


def test_a_profile_tells_the_host_model_what_a_vcpu_is():
    """The declared belief, whether a page confirms it, and the chip's threads become the meter's options."""
    assert host_model_options(read_profile("azure-nd96isr-h100-v5")) == {
        "vcpu_is": "core",
        "vcpu_is_verified": "true",
        "chip_threads": "112",
    }
    assert host_model_options(read_profile("azure-nd96isr-h200-v5"))["vcpu_is_verified"] == "false"
    assert host_model_options(match_profile(MACHINE, None, [])) == {}
