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
from typing import TypeAlias
from urllib.parse import urlsplit

import psutil

from bench.errors import BadInput, CannotRun
from bench.files.registry import open_meter_plugin
from bench.nouns import ELSEWHERE, Condition, Source

# Programs that listen for a server that is somewhere else, by the names of their processes (chosen: the tunnels,
# helpers of containers and proxies in common use, each as its own package names its binary). One that is
# missing here is taken for the server itself, unless another process holds the board; --device overrules either.
_PASSERS_ON = frozenset((
    # tunnels: of `ssh -L` the client listens, of `ssh -R` the daemon (from OpenSSH 9.8 on, sshd-session)
    "ssh", "autossh", "sshd", "sshd-session", "dropbear", "socat", "stunnel", "stunnel4", "gost", "chisel",
    "tailscaled", "cloudflared", "frpc", "frps", "ngrok", "rathole", "bore", "code", "code-tunnel", "xinetd",
    # what stands before containers and virtual machines
    "kubectl", "docker-proxy", "rootlessport", "slirp4netns", "pasta", "pasta.avx2", "passt", "gvproxy",
    "com.docker.backend", "wslrelay", "wslrelay.exe",
    # proxies
    "nginx", "haproxy", "envoy", "traefik", "caddy", "httpd", "apache2", "lighttpd", "squid", "varnishd",
    "cache-main", "tinyproxy", "pound", "h2o", "litellm",
))  # fmt: skip
_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_LOOK_FOR_S = 2.0  # chosen: a board's conditions are read in turn, each about once a second (meters/nvml)
_LOOK_EVERY_S = 0.05  # chosen: forty looks, of which each reads a few of the conditions that are due


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
    listeners = _listeners(host, port)
    pids = tuple(dict.fromkeys(pid for one in listeners for pid in _family(one)))
    if asked is not None:
        return Place(device=asked, pids=pids)
    choices = f"--device (one of {', '.join((*(g.device for g in gpus), 'cpu', ELSEWHERE))})"
    names = [one.name() for one in listeners]
    if unseen := _unseen(names, port, gpus):
        raise BadInput(f"{unseen}: say where the server's energy is read, with {choices}")
    held = _boards_of(pids) if gpus and pids else _Held()
    if len(held.own) > 1:
        raise BadInput(
            f"the server works on {len(held.own)} GPUs ({', '.join(held.own)}): a cell has one device; restart it "
            "with CUDA_VISIBLE_DEVICES naming one"
        )
    if held.others and not held.own:
        raise BadInput(
            f"{names[0]} listens on port {port} and holds no GPU, other processes hold {', '.join(held.others)}: "
            f"a gateway may hand its work to them; say where the server works, with {choices}"
        )
    notes = () if listeners else (f"who listens on port {port} can't be seen from here: taken to work on the CPU",)
    return Place(device=held.own[0] if held.own else "cpu", pids=pids, notes=notes)


def _unseen(names: Sequence[str], port: int, gpus: Sequence[Source]) -> str | None:
    """Why it can't be told from who listens where the work is done; None: it can."""
    if passing := next((name for name in names if _passes_on(name)), None):
        return f"{passing} listens on port {port} and passes on"
    return f"who listens on port {port} can't be seen" if gpus and not names else None


def _check_device(asked: str, gpus: Sequence[Source]) -> None:
    known = (*(gpu.device for gpu in gpus), "cpu", ELSEWHERE)
    if asked not in known:
        raise BadInput(f"--device {asked!r}: known are {', '.join(known)}")


def _host_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _is_here(host: str) -> bool:
    """Whether every address of the name is this machine's own. Raises CannotRun for a name that is none."""
    own = {_address(a.address) for group in psutil.net_if_addrs().values() for a in group}
    # 0.0.0.0 and [::], as servers print them that listen everywhere, reach this machine
    return all(one.is_loopback or one.is_unspecified or one in own for one in _addresses(host))


def _addresses(host: str) -> set[_Address]:
    """All addresses of a name. Raises CannotRun for a name that is none."""
    try:
        found = {_address(str(one[4][0])) for one in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError) as error:  # a label of more than 63 letters is no name
        why = error.strerror if isinstance(error, OSError) else error
        raise CannotRun(f"{host} has no address here ({why}): check the endpoint's name") from error
    return {one for one in found if one is not None}


def _address(text: str) -> _Address | None:
    """The address without its zone, of ::ffff:127.0.0.1 the IPv4 one; None where the text is none."""
    try:
        one = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:  # a network card's own, which psutil lists beside
        return None
    return (one.ipv4_mapped or one) if isinstance(one, ipaddress.IPv6Address) else one


def _passes_on(name: str) -> bool:
    """By a process's name. OpenSSH puts what it does behind a colon: `sshd: user@notty`."""
    return name.partition(":")[0].strip() in _PASSERS_ON


def _listeners(host: str, port: int) -> list[psutil.Process]:
    """The processes that answer at this address and port, the oldest first; [] where they may not be seen.

    Two servers may share a port on different addresses: who listens at just this one is it, then who listens
    everywhere. Workers may share both, and a name may have two addresses: any of them may be asked.
    """
    try:
        on_port = [
            (_address(c.laddr.ip), c.pid)
            for c in psutil.net_connections("tcp")
            if c.status == psutil.CONN_LISTEN and c.laddr.port == port
        ]
        pids = _answering(_addresses(host), on_port)
        found = [psutil.Process(pid) for pid in sorted(pids)]
        return sorted(found, key=lambda one: one.create_time())
    except psutil.Error:
        return []


def _answering(asked: set[_Address], on_port: Sequence[tuple[_Address | None, int | None]]) -> set[int]:
    """Of (address, process) that listen on a port, those that a connection to these addresses reaches.

    Where who listens closest can't be seen, nobody is: another process is not it.
    """
    loopback = {4: ipaddress.ip_address("127.0.0.1"), 6: ipaddress.ip_address("::1")}
    meant = {loopback[one.version] if one.is_unspecified else one for one in asked}
    exact = [(at, pid) for at, pid in on_port if at in meant]
    wild = [(at, pid) for at, pid in on_port if at is not None and at.is_unspecified]
    # [::] takes IPv4 too, where nobody listens at 0.0.0.0
    alike = [(at, pid) for at, pid in wild if at is not None and at.version in {one.version for one in asked}]
    return {pid for _, pid in exact or alike or wild if pid}


def _family(process: psutil.Process) -> tuple[int, ...]:
    """The process and all that it started."""
    try:
        return (process.pid, *(child.pid for child in process.children(recursive=True)))
    except psutil.Error:
        return (process.pid,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """The GPUs on which a server's processes hold a context, and those that other processes hold."""

    own: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def _boards_of(pids: Sequence[int]) -> _Held:
    """By NVML. Where its process ids are another namespace's, all of them are others'."""
    found = open_meter_plugin("nvml", {"own_pids": ",".join(map(str, pids))})
    held: dict[str, dict[str, str]] = {"own_processes": {}, "foreign_processes": {}}
    until = time.monotonic() + _LOOK_FOR_S
    try:
        while time.monotonic() < until:
            for meter in found.meters:
                for one in meter.read():
                    if isinstance(one, Condition) and one.name in held and one.value > 0:
                        held[one.name][meter.source.domain] = meter.source.device
            time.sleep(_LOOK_EVERY_S)
    finally:
        for meter in found.meters:
            meter.close()
    own, others = (tuple(held[n][d] for d in sorted(held[n])) for n in ("own_processes", "foreign_processes"))
    return _Held(own=own, others=others)
