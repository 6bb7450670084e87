"""What a record says of the machine it came from, and what it never says."""

import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bench.files.cloud import read_cloud
from bench.files.cpu import read_cpu
from bench.files.machine import environment, read_machine
from bench.nouns import Fact

CPUINFO = (
    "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC 9654\n"
    "stepping\t: 1\nflags\t\t: fpu hypervisor lm\n\nprocessor\t: 1\n"
)
ARM_CPUINFO = (
    "processor\t: 0\nBogoMIPS\t: 2000.00\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n"
    "CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd4f\nCPU revision\t: 0\n\n"
)
SECRETS = {
    "subscriptionId": "11111111-2222-3333-4444-555555555555",
    "resourceId": "/subscriptions/11111111/resourceGroups/secret-group/virtualMachines/secret-vm",
    "resourceGroupName": "secret-group",
    "name": "secret-vm",
    "tags": "owner:secret-person",
    "tagsList": [{"name": "owner", "value": "secret-person"}],
    "publicKeys": [{"keyData": "ssh-rsa secret-key", "path": "/home/secret-user/.ssh"}],
    "userData": "c2VjcmV0",
    "osProfile": {"adminUsername": "secret-user", "computerName": "secret-host"},
    "vmScaleSetName": "secret-set",
}
VM_ID = "02aab8a4-74ef-476e-8182-f6d2ba4166a6"
AZURE = {"vmSize": "Standard_NC4as_T4_v3", "location": "francecentral", "zone": "2", "priority": "Spot"}


def put(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def a_machine(root: Path, **files: str) -> Path:
    return put(
        root,
        {
            "proc/cpuinfo": CPUINFO,
            "proc/stat": "cpu  1 0 0\ncpu0 1 0 0\ncpu1 0 0 0\n",
            "proc/meminfo": "MemTotal: 8388608 kB\nMemFree: 1 kB\nMemAvailable: 6291456 kB\n",
            "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
            **files,
        },
    )


def test_a_cpu_is_read_from_the_kernel_s_words(tmp_path):
    """CPUID, threads, hypervisor and microarchitecture, from /proc alone."""
    cpu = read_cpu(a_machine(tmp_path) / "proc", tmp_path / "sys")

    assert (cpu.vendor, cpu.family, cpu.model, cpu.stepping) == ("AuthenticAMD", 25, 17, 1)
    assert (cpu.threads, cpu.hypervisor, cpu.microarchitecture) == (2, True, "EPYC 4th Gen")


def test_a_stepping_between_two_microarchitectures_is_unknown(tmp_path):
    """Family 6 model 85 stepping 9 was never sold: no neighbour lends its name."""
    words = CPUINFO.replace("AuthenticAMD", "GenuineIntel").replace("model\t\t: 17", "model\t\t: 85")
    words = words.replace("family\t: 25", "family\t: 6").replace("stepping\t: 1", "stepping\t: 9")
    put(tmp_path, {"proc/cpuinfo": words})

    cpu = read_cpu(tmp_path / "proc", tmp_path / "sys")

    assert (cpu.family, cpu.model, cpu.stepping, cpu.microarchitecture) == (6, 85, 9, None)


def test_an_arm_cpu_has_an_implementer_and_a_part(tmp_path):
    """ARM prints no family and no hypervisor flag: the core is named, the hypervisor unknown."""
    put(tmp_path, {"proc/cpuinfo": ARM_CPUINFO})
    cpu = read_cpu(tmp_path / "proc", tmp_path / "sys")

    assert (cpu.vendor, cpu.microarchitecture, cpu.hypervisor) == ("ARM", "Neoverse V2", None)


def test_an_empty_machine_is_unknown_and_not_an_error(tmp_path):
    """Nothing shown is None, never a zero or a crash."""
    machine = read_machine(tmp_path)

    assert machine.memory_bytes is None
    assert machine.usable_memory_bytes is None
    assert machine.cpu.vendor is None
    assert machine.cpu.microarchitecture is None


@pytest.mark.parametrize(
    ("files", "memory_gib", "threads"),
    [
        ({}, 6.0, 2.0),
        (
            {
                "proc/self/cgroup": "0::/box\n",
                "sys/fs/cgroup/box/memory.max": f"{2 * 2**30}\n",
                "sys/fs/cgroup/memory.max": "max\n",
                "sys/fs/cgroup/box/cpu.max": "150000 100000\n",
            },
            2.0,
            1.5,
        ),
        (  # a cgroup further up is tighter
            {
                "proc/self/cgroup": "0::/box/inner\n",
                "sys/fs/cgroup/box/inner/memory.max": "max\n",
                "sys/fs/cgroup/box/memory.max": f"{3 * 2**30}\n",
                "sys/fs/cgroup/box/cpu.max": "max 100000\n",
            },
            3.0,
            2.0,
        ),
        (  # version 1, the path of the host not mounted inside the container
            {
                "proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2**30}\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            1.0,
            0.5,
        ),
        (  # version 1 says "no limit" with a huge number and with -1
            {
                "proc/self/cgroup": "4:memory:/\n1:cpu:/\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            6.0,
            2.0,
        ),
    ],
)
def test_what_may_be_used_is_what_the_tightest_limit_leaves(tmp_path, files, memory_gib, threads):
    """A container's limits count, wherever the kernel writes them."""
    machine = read_machine(a_machine(tmp_path, **files))

    assert machine.usable_memory_bytes == memory_gib * 2**30
    assert machine.usable_threads == threads
    assert (machine.memory_limit_bytes is None) == (memory_gib == 6.0)
    assert (machine.cpu_limit is None) == (threads == 2.0)


@pytest.mark.parametrize(
    "mark", [{".dockerenv": ""}, {"run/.containerenv": ""}, {"proc/1/cgroup": "0::/kubepods/pod1\n"}]
)
def test_a_container_says_so(tmp_path, mark):
    """A record knows whether it was made inside a container."""
    assert read_machine(a_machine(tmp_path / "in", **mark)).in_container
    assert not read_machine(a_machine(tmp_path / "out")).in_container


def test_a_record_names_no_host_user_path_or_id(tmp_path):
    """Kinds and versions only: whoever reads the record learns nothing of who made it or where."""
    facts = environment(root=a_machine(tmp_path, **{"etc/hostname": "secret-host\n", "etc/machine-id": "ab" * 16}))
    said = json.dumps(dict(facts)).lower()

    assert facts["os"] == "Debian GNU/Linux 12 (bookworm)"
    assert facts["microarchitecture"] == "EPYC 4th Gen"
    for secret in (socket.gethostname(), "secret-host", "ab" * 16, str(tmp_path), str(Path.home())):
        assert secret.lower() not in said
    assert not any(word in key for key in facts for word in ("host_name", "user", "path", "uuid", "serial"))


def test_the_real_environment_names_no_host():
    """The same of the machine that runs this test."""
    said = [str(value) for value in environment().values()]
    names = {socket.gethostname(), os.uname().nodename, os.environ.get("USER", ""), str(Path.cwd())} - {""}

    assert not [text for text in said for name in names if len(name) > 3 and name in text]


class Metadata:
    """A metadata service on loopback that keeps what it was asked."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.asked: list[tuple[str, str | None]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append((self.path, self.headers.get("Metadata")))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def azure() -> Iterator[Metadata]:
    service = Metadata(json.dumps({**SECRETS, **AZURE, "vmId": VM_ID}).encode())
    yield service
    service.close()


def an_azure_machine(root: Path, tag: str = "7783-7084-3265-9085-8269-3286-77") -> Path:
    return put(
        root,
        {
            "sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n",
            "sys/class/dmi/id/chassis_asset_tag": tag + "\n",
        },
    )


def test_an_azure_machine_says_its_size_and_place(tmp_path, azure, monkeypatch):
    """Asked once, with the header that the service wants, past any proxy."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nothing listens there
    cloud = read_cloud(base_url=azure.url, root=an_azure_machine(tmp_path))

    assert cloud is not None
    assert (cloud.provider, cloud.size, cloud.location) == ("azure", AZURE["vmSize"], AZURE["location"])
    assert (cloud.zone, cloud.priority) == ("2", "Spot")
    assert [header for _, header in azure.asked] == ["true"]


def test_nothing_that_names_anyone_leaks(tmp_path, azure):
    """Subscription, resource, tags, keys and names stay out; the VM's id is only a hash."""
    cloud = read_cloud(base_url=azure.url, root=an_azure_machine(tmp_path))
    assert cloud is not None
    facts: dict[str, Fact] = dict(cloud.facts())
    said = (json.dumps(facts) + repr(cloud)).lower()

    assert cloud.id_sha256 == hashlib.sha256(VM_ID.encode()).hexdigest()[:16]
    for secret in (VM_ID, "11111111", "secret", "ssh-rsa", "c2vjcmv0"):
        assert secret not in said


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"sys/class/dmi/id/sys_vendor": "QEMU\n"},
        {  # a Hyper-V machine that is not Azure's
            "sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n",
            "sys/class/dmi/id/chassis_asset_tag": "1234-5678\n",
        },
    ],
)
def test_a_machine_elsewhere_asks_nobody(tmp_path, azure, files):
    """The firmware is asked before the network: a laptop waits for nothing and tells nobody."""
    assert read_cloud(base_url=azure.url, root=put(tmp_path, files)) is None
    assert azure.asked == []


@pytest.mark.parametrize(("body", "status"), [(b"not json", 200), (b"[]", 200), (b"{}", 200), (b"", 500)])
def test_an_answer_that_says_nothing_is_no_cloud(tmp_path, body, status):
    """A broken service is not an error of the run."""
    service = Metadata(body, status)
    try:
        assert read_cloud(base_url=service.url, root=an_azure_machine(tmp_path)) is None
    finally:
        service.close()


def test_a_silent_service_is_given_up_after_its_timeout(tmp_path):
    """Somebody takes the connection and never answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        start_ns = time.monotonic_ns()

        assert read_cloud(timeout_s=0.1, base_url=url, root=an_azure_machine(tmp_path)) is None
        assert time.monotonic_ns() - start_ns < 3e9  # thirty timeouts: a busy machine may be slow, not that slow
