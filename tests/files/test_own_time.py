"""The CPU time of processes that are ours: of themselves, of awaited children, and nothing after an end."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.errors import BadInput
from bench.files.own_time import own_time, process_ids

LINE = "{pid} (a name) with (brackets)) S 1 2 3 4 5 6 7 8 9 10 {utime} {stime} {cutime} {cstime} 20 0 1 0 5 6 7\n"
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def proc(tmp_path, **ticks):
    for pid in (7, os.getpid()):
        folder = tmp_path / str(pid)
        folder.mkdir(exist_ok=True)
        known = {"utime": 0, "stime": 0, "cutime": 0, "cstime": 0} | (ticks if pid == 7 else {})
        (folder / "stat").write_text(LINE.format(pid=pid, **known))
    return tmp_path


def test_own_and_awaited_time_add_up(tmp_path):
    """Fields 14 to 17, counted from behind the name, which may hold anything."""
    own = own_time(proc(tmp_path, utime=100, stime=20, cutime=3, cstime=4), "7")

    assert own.read() == pytest.approx(127 * TICK_S)


def test_what_grows_is_told(tmp_path):
    """The file is read afresh each time; the process that looks is ours as well."""
    own = own_time(proc(tmp_path, utime=1), "7")
    before_s = own.read()
    proc(tmp_path, utime=5)
    (tmp_path / str(os.getpid()) / "stat").write_text(LINE.format(pid=1, utime=2, stime=0, cutime=0, cstime=0))

    assert own.read() - before_s == pytest.approx(6 * TICK_S)


@pytest.mark.parametrize("pids", ["", "7,8"])
def test_without_processes_nothing_is_told(tmp_path, pids):
    """None was named, or one of them is gone: a part of the sum would make the rest foreign."""
    assert own_time(proc(tmp_path), pids) is None


def test_a_line_that_is_none_ends_it(tmp_path):
    """For good: what was missed meanwhile is not known."""
    own = own_time(proc(tmp_path), "7")
    (tmp_path / "7" / "stat").write_text("7 (cut")

    assert own.read() is None
    assert own.read() is None
    own.close()


def test_a_process_that_ended_is_told_no_more():
    """The real thing: its seconds grow while it works, and nothing is known behind its end."""
    works = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        own = own_time(Path("/proc"), str(works.pid))
        first_s = own.read()
        deadline = time.monotonic() + 10
        while own.read() < first_s + 0.05 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert own.read() >= first_s + 0.05
    finally:
        works.kill()
        works.wait()
    assert own.read() is None


BURN = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
THEN_WAITS = BURN + "print('done', flush=True); input()\n"
OF_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {THEN_WAITS!r}])"


@pytest.mark.parametrize("code", [THEN_WAITS, OF_A_CHILD])
def test_a_child_is_ours_before_it_is_awaited(code):
    """An engine that starts a process for each request, or has several: ours while they work, and counted once."""
    own = own_time(Path("/proc"), str(os.getpid()))
    before_s = own.read()
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "done\n"
        working_s = own.read() - before_s
    finally:
        child.communicate("\n")
    assert working_s > 0.29
    assert own.read() - before_s < working_s + 0.25  # it ended, and is not counted again


def test_named_children_count_once(tmp_path):
    """A worker is the child of who starts it, and may be named beside it."""
    proc(tmp_path, utime=50)
    (tmp_path / str(os.getpid()) / "task" / str(os.getpid())).mkdir(parents=True)
    (tmp_path / str(os.getpid()) / "task" / str(os.getpid()) / "children").write_text("7 ")

    assert own_time(tmp_path, "7").read() == pytest.approx(50 * TICK_S)


def test_a_child_that_is_gone_when_it_is_looked_at_leaves_the_look_out(tmp_path):
    """Its time is at its parent's by then: this sum would lack it. The next look tells again."""
    proc(tmp_path, utime=50)
    told = tmp_path / "7" / "task" / "7" / "children"
    told.parent.mkdir(parents=True)
    told.write_text("8 ")
    own = own_time(tmp_path, "7")

    assert own.read() is None
    told.write_text("")
    assert own.read() == pytest.approx(50 * TICK_S)


def test_ids_are_numbers():
    """Each once."""
    assert process_ids("7, 8,7") == (7, 8)
    with pytest.raises(BadInput, match="own_pids: expected process ids between commas, found '7;8'"):
        process_ids("7;8")
