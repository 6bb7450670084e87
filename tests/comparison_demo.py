"""Rounds of two pretend candidates, measured against a fake clock and sealed in no time."""

from dataclasses import replace

from fakes import FakeClock, FakeRecorder, FakeSession, spec

from bench.files.store import write_run
from bench.nouns import Request, Usage, Workload
from bench.run.publish import published
from bench.run.runner import Task, measure_group
from bench.run.tape import Clockwork

PROFILE = 'title = "A machine that is not there"\nkind = "machine"\ngenerated = true\n'
ASKED = Usage(requests=1, prompt_tokens=32, output_tokens=8)
WORKLOAD = Workload(
    name="prompt-32-8", family="causal-lm", requests=(Request(id="q", token_ids=(1,), asked=ASKED),)
)


def sealed_round(
    out,
    number,
    *,
    precision,
    batch_s,
    busy_w=400.0,
    name="c0ffee00",
    version="1",
    minute=None,
    hardware="fake-machine",
    asked_for=None,
    made=None,
    rule="",
):
    """One run of a candidate: a batch takes `batch_s` at `busy_w`; more of its spec and of what was loaded."""
    clock = FakeClock()
    loaded = replace(FakeSession(clock).loaded, precision=precision, engine_version=version, **(made or {}))
    session = FakeSession(clock, batch_s=batch_s, loaded=loaded)
    recorder = FakeRecorder(clock, session, busy_w=busy_w)
    asked = spec(window_s=1.0)
    label = "/".join(filter(None, (name, str(number), rule))) if name else None
    asked = replace(
        asked, cell=replace(asked.cell, precision=precision), round=label, hardware=hardware, **(asked_for or {})
    )
    at = number * 10 + {"q8": 0, "f16": 1, "f32": 2}[precision] if minute is None else minute
    run_id = f"20261121T{at // 60:02d}{at % 60:02d}00Z-{precision:0>8}"
    task = Task(spec=asked, workload=WORKLOAD, run_id=run_id)
    time_ = Clockwork(clock_ns=clock.clock_ns, sleep=clock.sleep)
    run = next(iter(measure_group([task], session.loading, recorder, {}, time_=time_)))
    write_run(out, run, published(run), "0")
    (out / "profiles").mkdir(exist_ok=True)
    (out / "profiles" / f"{hardware}.toml").write_text(PROFILE)
    return run_id


def rounds(out, count=3, **more):
    """So many rounds of q8, which takes 0.3 s at 400 W, and of f16, which takes 0.5 s; the machine slows down."""
    for number in range(1, count + 1):
        slower = 1 + 0.1 * number
        sealed_round(out, number, precision="q8", batch_s=0.3 * slower, **more)
        sealed_round(out, number, precision="f16", batch_s=0.5 * slower, **more)
