"""A run on a GPU that every check of `audit` is content with, made by hand, for tests to spoil in one place."""

import hashlib
from dataclasses import replace
from pathlib import Path

from fakes import GPU, HOST, LOADED, outcome, seconds, spec, window

from bench.files.layout import OUTCOMES, READINGS, WINDOWS
from bench.files.store import RUN_SCHEMA_VERSION, Published, Sealed
from bench.files.workloads import workload_sha256
from bench.nouns import (
    Cell,
    Condition,
    FieldPassport,
    Passport,
    Precision,
    Reading,
    Run,
    Trace,
    WindowEnergy,
)
from bench.run.checks.case import Case, Folder, Record, case_of

IDLE_W, WORK_W = 70.0, 400.0
POLL_S = 0.05
KNOWN = FieldPassport(update_s=0.1, window_s=0.1, lag_s=0.0, origin="steps")
# A board of 3.35 TB/s, whose limit stands still: an H100's, of which no number matters here.
BOARD = replace(
    GPU, passport=Passport(fields={"counter": KNOWN, "instant": KNOWN}, steps=0),
    details={"memory_bytes_per_s": 3.35e12},
)  # fmt: skip
MACHINE = {"os": "Debian GNU/Linux 12", "kernel": "6.1", "cpu": "AMD EPYC", "python": "3.11.7"}
SHIPPED = workload_sha256("prompt-32-8")
QUIET = {
    "temperature_c": 60.0, "event_reasons": 0.0, "foreign_processes": 0.0, "utilisation_ratio": 0.0,
    "sm_clock_mhz": 1980.0, "power_limit_w": 700.0,
}  # fmt: skip


def windows(work_s: float = 30.0, number: int = 2, pause_s: float = 0.5, at_s: float = 0.0):
    """Idle, load, idle, warm-up, then work windows half a second apart; from `at_s` on."""
    t = at_s
    made = [
        window("idle", "bare-1", t + 0.5, t + 3.0), window("idle", "bare-2", t + 3.5, t + 6.0),
        window("load", "1", t + 6.5, t + 8.0),
        window("idle", "resident-1", t + 8.5, t + 11.0), window("idle", "resident-2", t + 11.5, t + 14.0),
        window("warmup", "1", t + 14.5, t + 16.5),
    ]  # fmt: skip
    start_s = t + 16.5 + pause_s
    for index in range(number):
        made.append(window("work", str(index + 1), start_s, start_s + work_s))
        start_s += work_s + 0.5
    return tuple(made)


def observations(over, conditions=QUIET):
    """A look at board and host every 50 ms; the conditions each time, so that none is missed."""
    start_s, end_s = over[0].start_ns * 1e-9 - 0.5, over[-1].end_ns * 1e-9 + 1.0
    found, energy_j = [], 0.0
    for index in range(round((end_s - start_s) / POLL_S)):
        t_ns = seconds(start_s + index * POLL_S)
        power_w = power_at(over, t_ns)
        energy_j += power_w * POLL_S
        found += [
            Reading(t_ns, "gpu:0", "counter", "energy", energy_j),
            Reading(t_ns, "gpu:0", "instant", "power", power_w),
            *(Reading(t_ns, "host", name, "energy", energy_j / 2) for name in ("value", "low", "high")),
            *(Condition(t_ns, "gpu:0", name, value) for name, value in conditions.items()),
            *(Condition(t_ns, "host", name, 0.0) for name in ("busy_s", "own_s", "steal_s")),
            Condition(t_ns, "sampler", "lateness_s", 0.0002),
        ]  # fmt: skip
    return tuple(found)


def power_at(over, t_ns):
    """The board's power (W): its idle, unless something is asked of it."""
    busy = any(w.start_ns <= t_ns < w.end_ns for w in over if w.phase in ("load", "warmup", "work"))
    return WORK_W if busy else IDLE_W


def energies(over, sources=(BOARD, HOST)):
    """The energies of every window in both domains, with narrow intervals."""
    return tuple(_energy(w, s) for w in over for s in sources)


def _energy(over, source):
    energy_j = power_at((over,), over.start_ns) * over.duration_s
    board = source.boundary == "gpu"
    parts = {"tick_j": 1e-3 * energy_j}
    parts |= {"gain_j": 0.025 * energy_j} if board else {"model_low_j": 0.96 * energy_j}
    return WindowEnergy(
        domain=source.domain, device=source.device, boundary=source.boundary, basis=source.basis,
        energy_j=energy_j, low_j=0.95 * energy_j, high_j=1.05 * energy_j, start_ns=over.start_ns,
        end_ns=over.end_ns, method="counter" if board else "model", components=parts,
        witness_j=1.001 * energy_j if board else None, phase=over.phase, label=over.label,
    )  # fmt: skip


def sound(run_id: str = "r1", started_at: str = "2026-11-21T10:00:00Z", **timing: float):
    """The run and what it publishes; `timing` as `windows` takes it."""
    over = windows(**timing)
    cell = Cell(engine="transformers", model="mistral-160m", precision="fp32", workload="prompt-32-8")
    run = Run(
        id=run_id,
        spec=replace(spec(sample_period_s=POLL_S), cell=cell, hardware="nvidia-t4", workload_sha256=SHIPPED),
        started_at=started_at, environment=MACHINE, sources=(BOARD, HOST),
        loaded=replace(LOADED, engine="transformers", facts={"weight_bytes_per_step": 1e9}),
        trace=Trace(observations=observations(over), windows=over),
        outcomes=tuple(requests(over)),
    )  # fmt: skip
    repeats = Precision(domain="gpu:0", half_width_ratio=0.008, blocks=10, windows=2)
    return run, Published(
        energies=energies(over), verdicts=(), passports={"gpu:0": BOARD.passport}, precision=repeats
    )


def requests(over):
    """Batches of half a second, one after the other, in each work window."""
    for number, one in enumerate(w for w in over if w.phase == "work"):
        for index in range(int(one.duration_s / 0.5)):
            start_s = one.start_ns * 1e-9 + index * 0.5
            made = outcome(start_s, start_s + 0.5, prompt_tokens=32, output_tokens=8)
            yield replace(made, batch_id=1000 * number + index)


def case(run: Run, published: Published) -> Case:
    """The two as a sealed run that was read."""
    own = hashlib.sha256(run.id.encode()).hexdigest()
    sealed = Sealed(
        folder=Path("out/runs") / run.id, id=run.id, kind="run", run=run, trace=run.trace, sources=run.sources,
        published=published, seal_sha256=own, sha256=dict.fromkeys((READINGS, WINDOWS, OUTCOMES), own),
    )  # fmt: skip
    return case_of(sealed)


def folder(out: Path, *cases: Case, version: str = "0.1.0") -> Folder:
    """The cases as a result folder at `out`, whose runs/ is empty."""
    (out / "runs").mkdir(exist_ok=True)
    return Folder(out=out, records=tuple(record(one, version) for one in cases))


def record(one: Case, version: str = "0.1.0") -> Record:
    """A case as the record that it was read from."""
    stated = {"schema_version": RUN_SCHEMA_VERSION, "id": one.id, "joulemark_version": version}
    sha256 = one.sealed.sha256
    return Record(
        folder=one.sealed.folder, stated=stated, seal_sha256=one.sealed.seal_sha256,
        parts={name: (sha256[name], sha256[name]) for name in sha256}, case=one,
    )  # fmt: skip
