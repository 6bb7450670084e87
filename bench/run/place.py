"""Where a server runs and which device does its work, so that no idle meter is taken for its own.

address of another machine               → "elsewhere": its energy is excluded
this machine, its processes on a GPU     → that GPU
this machine, processes on no GPU        → "cpu"
this machine, but who listens only passes on (a tunnel, a container's proxy): the user has to say
"""

import ipaddress
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

from bench.errors import BadInput, CannotRun
from bench.files.registry import open_meter_plugin
from bench.nouns import Condition, Source

ELSEWHERE = "elsewhere"
# Programs that listen for a server that is somewhere else, by the names of their processes.
_PASSERS_ON = (
    "ssh", "autossh", "socat", "kubectl", "docker-proxy", "rootlessport", "slirp4netns", "gvproxy",
    "com.docker.backend", "cloudflared", "frpc", "ngrok", "nginx", "haproxy", "envoy", "traefik", "caddy",
)  # fmt: skip
_LOOK_FOR_S = 2.0  # conditions of a board are read in turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a server's work is done, and by which processes of this machine."""

    device: str  # "GPU-…", "cpu", "elsewhere"
    pids: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def find_place(url: str, asked: str | None, gpus: Sequence[Source]) -> Place:
    """Where the server of this address works. Raises BadInput where only the user can know it."""
    if asked is not None:
        _check_device(asked, gpus)
    host, port = _host_port(url)
    if not _is_here(host):
        if asked not in (None, ELSEWHERE):
            raise BadInput(f"--device {asked}: {host} is another machine, and its devices are not read here")
        return Place(device=ELSEWHERE)
    listener = _listener(port)
    pids = _family(listener) if listener else ()
    if asked is not None:
        return Place(device=asked, pids=pids)
    name = listener.name() if listener else None
    if name in _PASSERS_ON or (listener is None and gpus):
        who = (
            f"{name} listens on port {port} and passes on" if name else f"who listens on port {port} can't be seen"
        )
        choices = ", ".join((*(g.device for g in gpus), "cpu", ELSEWHERE))
        raise BadInput(f"{who}: say where the server's energy is read, with --device (one of {choices})")
    boards = _boards_of(pids) if gpus and pids else ()
    if len(boards) > 1:
        raise BadInput(
            f"the server works on {len(boards)} GPUs ({', '.join(boards)}): a cell has one device; restart it "
            "with CUDA_VISIBLE_DEVICES naming one"
        )
    notes = () if listener else (f"who listens on port {port} can't be seen from here: taken to work on the CPU",)
    return Place(device=boards[0] if boards else "cpu", pids=pids, notes=notes)


def _check_device(asked: str, gpus: Sequence[Source]) -> None:
    known = (*(gpu.device for gpu in gpus), "cpu", ELSEWHERE)
    if asked not in known:
        raise BadInput(f"--device {asked!r}: known are {', '.join(known)}")


def _host_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _is_here(host: str) -> bool:
    """Whether every address of the name is this machine's own. Raises CannotRun for a name that is none."""
    try:
        found = {str(one[4][0]) for one in socket.getaddrinfo(host, None)}
    except OSError as error:
        raise CannotRun(f"{host} has no address here ({error.strerror}): check the endpoint's name") from error
    own = {a.address.partition("%")[0] for group in psutil.net_if_addrs().values() for a in group}
    addresses = {a: ipaddress.ip_address(a.partition("%")[0]) for a in found}
    # 0.0.0.0 and [::], as servers print them that listen everywhere, reach this machine
    return all(one.is_loopback or one.is_unspecified or a in own for a, one in addresses.items())


def _listener(port: int) -> psutil.Process | None:
    """The process that listens on the port; None where it may not be seen."""
    try:
        found = {
            c.pid for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.laddr.port == port
        }
        pids = sorted(pid for pid in found if pid)
        return _oldest([psutil.Process(pid) for pid in pids])
    except psutil.Error:
        return None


def _oldest(processes: Sequence[psutil.Process]) -> psutil.Process | None:
    """Of workers that share a port, the one that started the others."""
    return min(processes, key=lambda one: one.create_time(), default=None)


def _family(process: psutil.Process) -> tuple[int, ...]:
    """The process and all that it started."""
    try:
        return (process.pid, *(child.pid for child in process.children(recursive=True)))
    except psutil.Error:
        return (process.pid,)


def _boards_of(pids: Sequence[int]) -> tuple[str, ...]:
    """The GPUs on which these processes hold a context, by NVML."""
    found = open_meter_plugin("nvml", {"own_pids": ",".join(map(str, pids))})
    held: dict[str, str] = {}
    until = time.monotonic() + _LOOK_FOR_S
    try:
        while time.monotonic() < until:
            for meter in found.meters:
                for one in meter.read():
                    if isinstance(one, Condition) and one.name == "own_processes" and one.value > 0:
                        held[meter.source.domain] = meter.source.device
            time.sleep(0.05)
    finally:
        for meter in found.meters:
            meter.close()
    return tuple(held[domain] for domain in sorted(held))
