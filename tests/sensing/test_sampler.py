"""The sampler process: what it promises when all goes well, and when something dies."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest

from bench.errors import BadInput, SensorLost, UnknownName
from bench.nouns import Condition, Reading
from bench.sensing.sampler import Sampler
from bench.sensing.spool import SpoolColumn, SpoolReader, SpoolWriter, open_spool

GPU_IS_LOST = 15
CONSTANT = {"constant": {"power_w": "100"}}


def gone(pid, within_s=5.0):
    """Whether the process ends in time (a zombie that its own parent has yet to reap counts as ended)."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def counter(observations, domain="wall", field="value"):
    return [o for o in observations if isinstance(o, Reading) and (o.domain, o.field) == (domain, field)]


def test_readings_come_in_order_and_reach_past_the_call():
    """Two collections join without a gap or a repeat, and each holds a poll made after it was asked for."""
    with Sampler(CONSTANT, 0.02) as sampler:
        time.sleep(0.2)
        asked_ns = time.monotonic_ns()
        first = counter(sampler.collect())
        time.sleep(0.1)
        both = [*first, *counter(sampler.collect())]

    assert first[-1].t_ns >= asked_ns
    assert all(a.t_ns < b.t_ns for a, b in pairwise(both))
    assert max(b.t_ns - a.t_ns for a, b in pairwise(both)) < 0.1e9
    for a, b in pairwise(both):
        assert b.value - a.value == pytest.approx(100 * (b.t_ns - a.t_ns) * 1e-9)


def test_all_that_a_meter_says_arrives_unchanged():
    """Domains, fields, kinds and sources cross the processes whole."""
    with Sampler(CONSTANT, 0.02) as sampler:
        found = sampler.collect()
        sources, checks = sampler.sources, sampler.checks

    seen = {(o.domain, o.field, o.kind) for o in found if isinstance(o, Reading)}
    assert seen == {("wall", f, "energy") for f in ("value", "low", "high")} | {("wall", "instant", "power")}
    assert [(s.domain, s.basis, s.details["power_w"]) for s in sources] == [("wall", "modelled", 100.0)]
    assert [(c.name, c.status) for c in checks] == [("constant", "degraded"), ("sampler", "ok")]


def test_an_edge_is_looked_at_closely():
    """After a mark polls come every 5 ms for longer than one 100 ms tick, though the period is a second."""
    with Sampler(CONSTANT, 1.0) as sampler:
        time.sleep(0.1)
        marked_ns = time.monotonic_ns()
        sampler.mark()
        time.sleep(0.4)
        close = [o for o in counter(sampler.collect()) if marked_ns <= o.t_ns < marked_ns + 130_000_000]

    assert len(close) > 15  # 26 when nothing else wants the cores


def test_the_sampler_tells_how_late_it_polls():
    """Lateness is recorded at least once a second, so that none on record means none was measured."""
    with Sampler(CONSTANT, 0.05) as sampler:
        time.sleep(1.2)
        late = [o for o in sampler.collect() if isinstance(o, Condition) and o.name == "lateness_s"]

    assert len(late) >= 2
    assert {o.domain for o in late} == {"sampler"}
    assert all(o.value >= 0 for o in late)


def test_one_lost_sensor_leaves_the_others(nvml_sim, monkeypatch):
    """A GPU that is lost in mid-run is named with its reason; the other GPU and the rest go on."""
    environment = nvml_sim.environment(["point 0 70", f"error all {GPU_IS_LOST} 0.4 1e9"], ["point 0 70"])
    for name in ("LD_LIBRARY_PATH", "NVML_SIM_CONFIG"):
        monkeypatch.setenv(name, environment[name])
    with Sampler({"nvml": {}, **CONSTANT}, 0.02) as sampler:
        lost_early = dict(sampler.lost)
        time.sleep(0.8)
        asked_ns = time.monotonic_ns()
        found = sampler.collect()
        lost = dict(sampler.lost)

    assert lost_early == {}
    assert list(lost) == ["gpu:0"]
    assert "GPU is lost" in lost["gpu:0"]
    assert len(counter(found, "gpu:0", "counter")) > 5
    assert counter(found, "gpu:0", "counter")[-1].t_ns < asked_ns
    assert counter(found, "gpu:1", "counter")[-1].t_ns >= asked_ns
    assert counter(found)[-1].t_ns >= asked_ns


def test_a_killed_sampler_is_a_lost_sensor_with_what_it_had_read():
    """No silent end: collect raises with the signal, and what had been read by then is kept."""
    with Sampler(CONSTANT, 0.02) as sampler:
        time.sleep(1.3)  # longer than readings wait in memory
        os.kill(sampler.pid, signal.SIGKILL)

        with pytest.raises(SensorLost, match="ended with exit code -9"):
            sampler.collect()
        assert len(counter(sampler.observations)) > 25
        sampler.mark()  # an edge after the death raises nothing by itself


@pytest.mark.parametrize("a_fork_keeps_the_pipe", [False, True])
def test_a_killed_parent_leaves_no_orphan(a_fork_keeps_the_pipe):
    """When the parent dies by SIGKILL the sampler ends by itself, even if a fork holds its pipe open."""
    code = (
        "import os, sys, time\nfrom bench.sensing.sampler import Sampler\n"
        f"s = Sampler({CONSTANT!r}, 0.1).__enter__()\n"
        f"fork = os.fork() if {a_fork_keeps_the_pipe} else -1\n"
        "if fork: print(s.pid, fork, flush=True)\n"
        "time.sleep(30)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    sampler, fork = (int(pid) for pid in parent.stdout.readline().split())
    parent.kill()
    parent.wait()

    try:
        assert gone(sampler)
    finally:
        parent.stdout.close()
        if fork > 0:
            os.kill(fork, signal.SIGKILL)


def test_control_c_is_the_parents():
    """SIGINT goes to every process of a terminal; the sampler stays, so that the parent can still collect."""
    with Sampler(CONSTANT, 0.02) as sampler:
        os.kill(sampler.pid, signal.SIGINT)
        time.sleep(0.1)

        assert counter(sampler.collect())


def test_close_ends_the_process():
    """Nothing is left after the block, and closing twice is harmless."""
    with Sampler(CONSTANT, 0.1) as sampler:
        pid, closing = sampler.pid, time.monotonic()
    sampler.close()

    assert gone(pid, 0.5)
    assert time.monotonic() - closing < 1.5  # it ended by itself: only after two seconds would it be killed


def test_unknown_meters_and_wrong_options_are_bad_input():
    """Names are checked before anything starts; what a plug-in refuses comes back in its own words."""
    with pytest.raises(UnknownName, match="'nvml'"):
        Sampler({"nvlm": {}}, 0.1)
    with pytest.raises(BadInput, match=r"0\.001 to 60"):
        Sampler(CONSTANT, 0.0)
    with pytest.raises(BadInput, match="many"), Sampler({"constant": {"power_w": "many"}}, 0.1):
        pass


@pytest.fixture
def odd_meters(tmp_path, monkeypatch):
    """Plug-ins of somebody else: one prints to stdout, one has a bug that shows at the tenth read."""
    source = (
        "import time\nfrom bench.nouns import *\n"
        "class M:\n"
        "    n = 0\n"
        "    source = Source(domain='wall', meter='odd', boundary='wall', basis='modelled', device='d',"
        " fields=('value',), reason='odd')\n"
        "    def read(self):\n"
        "        self.n += 1\n"
        "        print('a driver that talks', flush=True)\n"
        "        now = time.monotonic_ns()\n"
        "        return [Reading(now, 'wall', 'value', 'energy', [self.n][{bug}]),"
        " Reading(now - 9, 'wall', 'older', 'energy', self.n)]\n"
        "    def close(self): pass\n"
        "def open_meters(options): return Found(meters=(M(),))\n"
    )
    (tmp_path / "talks.py").write_text(source.replace("{bug}", "0"))
    (tmp_path / "breaks.py").write_text(source.replace("{bug}", "self.n // 10"))
    info = tmp_path / "odd-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[bench.meters]\ntalks = talks\nbreaks = breaks\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))


@pytest.mark.usefixtures("odd_meters")
def test_a_library_that_prints_disturbs_nothing():
    """Whatever is printed in the sampler does not reach the channel between the processes."""
    with Sampler({"talks": {}}, 0.01) as sampler:
        time.sleep(0.1)

        found = sampler.collect()

    assert len(counter(found)) > 3


@pytest.mark.usefixtures("odd_meters")
def test_what_a_meter_says_late_is_put_in_order():
    """Observations are handed out in time order, in whatever order a meter gave them."""
    with Sampler({"talks": {}}, 0.01) as sampler:
        time.sleep(0.05)
        found = sampler.collect()

    assert all(a.t_ns <= b.t_ns for a, b in pairwise(found))


@pytest.mark.usefixtures("odd_meters")
def test_a_broken_plug_in_is_told_in_its_own_words():
    """A bug in a meter ends the sampler with the error's last line, not with silence."""
    with Sampler({"breaks": {}}, 0.005) as sampler:
        time.sleep(0.4)

        with pytest.raises(SensorLost, match="IndexError"):
            sampler.collect()


def test_a_folder_called_bench_is_not_imported(tmp_path, monkeypatch):
    """The working directory may hold a `bench` of somebody else."""
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "__init__.py").write_text("raise SystemExit('the wrong package')")
    monkeypatch.chdir(tmp_path)

    with Sampler(CONSTANT, 0.1) as sampler:
        assert sampler.collect()


def test_the_process_stays_light():
    """No model library, nor anything of numpy's weight, with every real meter imported."""
    code = (
        "import sys, bench.sensing.sampler_process\n"
        "from bench.meters import constant, host_model, nvml, rapl\n"
        "heavy = {'numpy', 'scipy', 'pandas', 'torch', 'transformers', 'whisper', 'rich', 'typer', 'psutil'}\n"
        "found = heavy & set(sys.modules)\n"
        "sys.exit(str(found) if found else 0)\n"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_a_half_written_row_is_not_read():
    """A sampler killed while it wrote leaves whole rows only, and reading goes on where it stopped."""
    handle = open_spool()
    try:
        writer, reader = SpoolWriter(handle), SpoolReader(handle)
        columns = {0: SpoolColumn("wall", "value", "energy")}
        rows = [Reading(i, "wall", "value", "energy", i / 3) for i in range(3)]
        for row in rows[:2]:
            writer.append(row)
        writer.flush()
        whole = os.fstat(handle).st_size
        os.truncate(handle, whole - 5)
        first = reader.read_on(columns)
        os.truncate(handle, whole - 18)
        os.lseek(handle, whole - 18, os.SEEK_SET)
        for row in rows[1:]:
            writer.append(row)
        writer.flush()

        assert first == rows[:1]
        assert reader.read_on(columns) == rows[1:]
    finally:
        os.close(handle)
