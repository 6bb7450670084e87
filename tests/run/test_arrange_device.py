"""GPU on and off in a plan: what can't be had is left out with its reason, and the rest is of its own device."""

from dataclasses import replace
from pathlib import Path

import pytest
from fakes import GPU, HOST, spec

import bench.run.arrange as arrange
import bench.run.line as line
from bench.errors import BadInput
from bench.files.cells import parse_cell
from bench.files.known import spec_sha256
from bench.files.models import read_model
from bench.loading.boards import Board
from bench.nouns import Cell, Check, HardwareProfile
from bench.run.arrange import Ask, _charge_loading, _known, _on_gpu, _together, _why_not
from bench.run.host import Host
from bench.run.plan import Plan, PlannedCell, Speeds
from bench.run.sensors import Sensors
from bench.run.speeds import speeds_of

MODEL = read_model("mistral-160m")
CELL = Cell(engine="transformers", model="mistral-160m", precision="fp32", workload="prompt-32-8")
BOARD = Board(kind="cuda", identity=GPU.device, name="Fake")
MODELLED = replace(HOST, details={"idle_w_value": 20.0, "slope_w_per_busy_vcpu_value": 5.0, "threads": 4})


class Engine:
    """One that can be used, whatever is installed."""

    def check(self):
        return Check(name="engine", status="ok", reason="a fake")


def machine(*sources, memory_bytes=1e12):
    return Host(
        profile=HardwareProfile(name="m", title="m", kind="machine"), memory_bytes=memory_bytes,
        sensors=Sensors(meters={}, sources=sources, checks=()),
    )  # fmt: skip


def why_not(host, **asked):
    return _why_not(Ask(names=(), out=Path()), host, replace(CELL, **asked), MODEL, None, Engine())


@pytest.fixture
def cuda(monkeypatch):
    """What CUDA's driver gives first: a board, or none."""
    return lambda board: monkeypatch.setattr(arrange, "first_cuda_device", lambda: board)


def test_cuda_is_left_out_where_there_is_none_and_the_cpu_is_offered(cuda):
    """A board that NVML shows and CUDA does not give, as where it is hidden, is none for this."""
    cuda(None)
    refused = "device=cuda needs a GPU: CUDA shows none here; ask for device=cpu"

    assert why_not(machine(HOST), device="cuda") == why_not(machine(GPU, HOST), device="cuda") == refused
    assert why_not(machine(GPU, HOST), device="cpu") is why_not(machine(GPU, HOST)) is None
    cuda(BOARD)
    assert why_not(machine(GPU, HOST), device="cuda") is None


def test_an_engine_of_the_cpu_alone_is_left_out_and_a_pretend_one_goes_by_what_nvml_shows(cuda):
    """ffmpeg decodes on the CPU whatever is there; echo runs on simulated boards, which have no driver."""
    cuda(BOARD)
    assert why_not(machine(GPU), engine="ffmpeg", device="cuda") == (
        "ffmpeg works on the CPU alone; ask for device=cpu"
    )
    assert why_not(machine(HOST), engine="echo", device="cuda").startswith("device=cuda needs a GPU")
    cuda(None)
    assert why_not(machine(GPU), engine="echo", device="cuda") is None


def test_work_that_no_sensor_tells_is_left_out():
    """A board alone says nothing of work on the CPU; where nothing is read at all, the run says so itself."""
    assert "nothing here tells the CPU's energy" in why_not(machine(GPU), device="cpu")
    assert why_not(machine(), device="cpu") is why_not(machine(GPU)) is None


def test_memory_and_precision_are_those_of_the_device():
    """A full board holds up no work beside it, and half precision stays a board's."""
    full = machine(replace(GPU, details={"memory_free_bytes": 1.0}), HOST)

    assert "GiB are free" in why_not(full)
    assert why_not(full, device="cpu") is None
    assert "GiB are free" in why_not(replace(full, memory_bytes=1.0), device="cpu")
    assert "fp16 needs a GPU" in why_not(full, precision="fp16", device="cpu")


def test_the_cpu_is_predicted_by_its_own_speed_and_power():
    """The board's 700 W are not drawn, and its teraflops do nothing."""
    host = machine(GPU, MODELLED)
    on, off = (speeds_of(host, on_gpu=_on_gpu(host, replace(CELL, device=d))) for d in (None, "cpu"))

    assert (on.busy_w, off.busy_w) == (740.0, 40.0)
    assert on.flop_per_s > off.flop_per_s
    assert _on_gpu(machine(HOST), replace(CELL, device="cuda"))
    assert not _on_gpu(machine(HOST), CELL)


def test_each_of_a_pair_is_loaded_for_itself_and_charged_for_it():
    """Side by side with its like, and never in one process with the other."""
    on, off = replace(CELL, device="cuda"), replace(CELL, device="cpu")
    longer = replace(on, workload="prompt-256-8")
    ordered = _together((on, off, longer, CELL))
    fast = Speeds(
        flop_per_s=1e12, bytes_per_s=1e10, layer_pass_s=0.0, fill_bytes_per_s=1e9, start_s=1.0, busy_w=None
    )
    planned = [
        PlannedCell(cell=c, spec=replace(spec(), cell=c), model=MODEL, seconds=0.0, kwh=None) for c in ordered
    ]
    charged = _charge_loading(planned, spec().timing, lambda c: replace(fast, start_s=9.0) if c == off else fast)

    assert ordered == [on, longer, off, CELL]
    assert charged[1].seconds == 0.0
    assert charged[2].seconds - charged[0].seconds == pytest.approx(8.0)
    assert charged[3].seconds == charged[0].seconds > 0
    plan = Plan(name="p", weights="synthetic", hardware="m", cells=tuple(planned))
    jobs = line._jobs(Ask(names=(), out=Path()), plan, machine(GPU))
    assert [[s.cell for s in job.specs] for job in jobs] == [[on, longer], [off], [CELL]]


@pytest.mark.parametrize(("device", "looked"), [("cpu", 0), ("cuda", 1), (None, 1)])
def test_no_board_is_made_busy_for_work_that_is_kept_off_it(device, looked, monkeypatch, tmp_path):
    """Known steps of load take a minute of a board's full power."""
    asked = []
    monkeypatch.setattr(line, "unknown_devices", lambda *_: asked.append(1) or ())
    monkeypatch.setattr(line, "run_jobs", lambda jobs, listen: iter(()))
    cell = replace(CELL, device=device)
    planned = PlannedCell(cell=cell, spec=replace(spec(), cell=cell), model=MODEL, seconds=0.0, kwh=None)
    plan = Plan(name="p", weights="synthetic", hardware="m", cells=(planned,))

    assert not list(line.measure_plan(Ask(names=(), out=tmp_path), plan, machine(GPU, HOST), print))
    assert len(asked) == looked


@pytest.mark.parametrize("engine", ["openai_http", "ollama", "http"])
def test_a_servers_device_is_where_it_runs(engine):
    """It was started elsewhere: a level of the cell would move nothing."""
    with pytest.raises(BadInput, match="done where the server runs; leave out device=cpu"):
        _known(parse_cell(f"{engine}/mistral-160m:fp32/prompt-32-8@device=cpu"), None)


def test_a_cell_is_what_it_was_before_there_were_devices():
    """Finished runs stay found: without a device the identity has not moved, with one it is another."""
    asked = {d: spec_sha256(replace(spec(), cell=replace(spec().cell, device=d))) for d in (None, "cpu", "cuda")}

    assert asked[None] == "8cfaadb96f43e698d330cd8410f5103796261d814fa893f342bc6d5f413c330a"
    assert len(set(asked.values())) == 3
