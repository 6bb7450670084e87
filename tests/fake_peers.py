"""Peers that never were: plug-ins of the group `bench.witnesses`, for the processes that tests start.

A folder that `install` has made, put before the module path, makes every one of them known by its name.
"""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.errors import SensorLost
from bench.nouns import Check, PeerEnergy

STEADY_W = {"wall": 100.0, "gpu:0": 200.0}
MODELLED_W = 50.0  # of a host


class Peer:
    """Watts × its own span. Each fake spoils one thing."""

    name = "steady"

    @classmethod
    def open_witness(cls):
        return cls()

    def check(self):
        return Check(name=self.name, status="ok", reason="pretends")

    def version(self):
        return "1.0"

    @contextmanager
    def open(self):
        yield self

    def begin(self):
        self.begun_s = time.monotonic()

    def end(self) -> Sequence[PeerEnergy]:
        span_s = time.monotonic() - self.begun_s
        said = [PeerEnergy(domain=d, energy_j=w * span_s, basis="measured") for d, w in STEADY_W.items()]
        return (*said, PeerEnergy(domain="host", energy_j=MODELLED_W * span_s, basis="modelled"))


class Absent(Peer):
    name = "absent"

    def check(self):
        return Check(
            name="absent", status="missing", reason="no library", remedy="pip install 'joulemark[peers]'"
        )  # fmt: skip


class Closed(Peer):
    name = "closed"

    @contextmanager
    def open(self):
        raise SensorLost("its daemon is not there")
        yield


class Naught(Peer):
    name = "naught"

    def end(self):
        return (PeerEnergy(domain="wall", energy_j=0.0, basis="measured"),)


class Silent(Peer):
    name = "silent"

    def end(self):
        return ()


class Endless(Peer):
    name = "endless"

    def end(self):
        return (PeerEnergy(domain="wall", energy_j=float("inf"), basis="measured"),)


class Broken(Peer):
    name = "broken"

    def end(self):
        raise ZeroDivisionError("its own bug")


class Dying(Peer):
    """Its process is gone a moment after the second window has begun."""

    name = "dying"
    windows = 0

    def begin(self):
        super().begin()
        self.windows += 1
        if self.windows == 2:
            threading.Timer(0.05, os._exit, (7,)).start()


class Hanging(Peer):
    name = "hanging"

    def begin(self):
        time.sleep(3600)


class Sighted(Peer):
    """It sees every GPU, or does not open."""

    name = "sighted"

    @contextmanager
    def open(self):
        hidden = {"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"} & set(os.environ)
        if hidden:
            raise SensorLost(f"{', '.join(sorted(hidden))} hide GPUs from it")
        yield self


KINDS = (Peer, Absent, Closed, Naught, Silent, Endless, Broken, Dying, Hanging, Sighted)


def install(folder: Path) -> str:
    """Declares them in a folder; what PYTHONPATH has to begin with for a process to know them."""
    about = folder / "fake_peers-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-peers\nVersion: 1.0\n")
    entries = "\n".join(f"{kind.name} = fake_peers:{kind.__name__}" for kind in KINDS)
    (about / "entry_points.txt").write_text(f"[bench.witnesses]\n{entries}\n")
    return os.pathsep.join((str(folder), str(Path(__file__).parent)))
