"""What a row of a fit may hold: whole boundaries only."""

from dataclasses import replace

import pytest
from fakes import GPU, HOST, LOADED, outcome, run_of, ticking, window

from bench.fit.keys import key_of
from bench.fit.rows import Measured, groups
from bench.nouns import Endpoint, Source
from bench.physics.energy import window_energies

PACKAGE = Source(
    domain="cpu-package:0",
    meter="rapl",
    boundary="cpu",
    basis="measured",
    device="intel-rapl:0",
    fields=("counter",),
)
HIDDEN = replace(
    PACKAGE, domain="cpu-package:1", basis="excluded", fields=(), reason="its counter does not answer"
)


def test_one_package_of_two_is_not_the_cpu():
    """A package that cannot be read excludes the run from its boundary: half a sum is a wrong number."""
    readings = ticking(lambda t: 50.0, 0, 7, domain="cpu-package:0")
    windows = (window("idle", "resident-1", 0.5, 1.0), window("work", "1", 2.0, 6.0))
    whole, half = (
        replace(
            run_of(readings, windows, [outcome(2, 6, output_tokens=5)], sources=sources, run_id=name),
            loaded=replace(LOADED, device="cpu"),
        )
        for name, sources in (("whole", (PACKAGE,)), ("half", (HIDDEN, PACKAGE)))
    )

    found = groups(
        Measured(run=run, energies=window_energies(run.trace, run.sources), verdicts=()) for run in (whole, half)
    )

    assert [(g.boundary, g.runs) for g in found] == [("cpu", ("whole",))]
    assert found[0].excluded == (("half", "cpu-package:1 is not read: its counter does not answer"),)


@pytest.mark.parametrize("worked_on", ["GPU-1", "GPU-gone", "MIG-1"])
def test_a_host_beside_a_gpu_is_never_in_one_group_with_a_host_that_works_itself(worked_on):
    """One machine, one model, one cell, one modelled host: the board is in neither's, read, lost or shared."""
    readings = ticking(lambda t: 50.0, 0, 7)
    windows = (window("idle", "resident-1", 0.5, 1.0), window("work", "1", 2.0, 6.0))
    runs = [
        replace(
            run_of(readings, windows, [outcome(2, 6, output_tokens=5)], sources=(GPU, HOST), run_id=name),
            loaded=replace(LOADED, device=device),
        )
        for name, device in (("on-gpu", worked_on), ("fell-to-cpu", "cpu"), ("asked-for-cpu", "cpu"))
    ]

    found = groups(Measured(run=run, energies=(), verdicts=()) for run in runs)

    together = {(g.boundary, g.key.device): g.runs for g in found}
    board = {("gpu", "gpu"): ("on-gpu",)} if worked_on == GPU.device else {}
    assert together == {
        **board, ("host", "gpu"): ("on-gpu",), ("host", "cpu"): ("asked-for-cpu", "fell-to-cpu"),
    }  # fmt: skip
    assert len({g.key for g in found}) == 2


def served_groups(*endpoints):
    """The versions of the keys that runs of these servers make, and the runs under them."""
    return {g.key.engine_version: g.runs for g in served(*endpoints)}


def served(*endpoints):
    """What is fitted together of runs of these servers, one window each."""
    readings = ticking(lambda t: 50.0, 0, 7)
    windows = (window("idle", "resident-1", 0.5, 1.0), window("work", "1", 2.0, 6.0))
    runs = []
    for n, endpoint in enumerate(endpoints):
        run = run_of(readings, windows, [outcome(2, 6)], run_id=f"r{n}")
        loaded = replace(LOADED, engine_version=endpoint.told("uvicorn"))
        runs.append(replace(run, spec=replace(run.spec, endpoint=endpoint), loaded=loaded))
    return groups(Measured(run=run, energies=(), verdicts=()) for run in runs)


HERE = "http://127.0.0.1:5000"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"path": "/slow"}, "uvicorn, path=/slow"),
        ({"method": "POST"}, "uvicorn, method=POST"),
        ({"body": '{"n": 1}'}, 'uvicorn, body={"n": 1}'),
        ({"api": "chat"}, "uvicorn, api=chat"),
        ({"num_ctx": "4096"}, "uvicorn, num_ctx=4096"),
    ],
)
def test_other_work_is_another_key(options, told):
    """One server, model and name: what each request asks of it is not the same, so neither are its joules."""
    plain, other = Endpoint(url=HERE), Endpoint(url=HERE, options=options)
    assert served_groups(plain, other, plain) == {"uvicorn": ("r0", "r2"), told: ("r1",)}


def test_an_address_below_another_is_another_key():
    fast, slow = Endpoint(url=f"{HERE}/fast"), Endpoint(url=HERE, options={"path": "/slow"})
    assert set(served_groups(fast, slow)) == {"uvicorn, path=/fast", "uvicorn, path=/slow"}


def test_what_is_only_said_of_a_server_is_in_no_key():
    said = {"about": "/health", "timeout_s": "3", "precision": "fp32", "family": "classifier", "answer": "status"}
    assert served_groups(Endpoint(url=f"{HERE}/v1"), Endpoint(url=f"{HERE}/v1", options=said)) == {
        "uvicorn": ("r0", "r1")
    }


def test_long_templates_that_end_otherwise_are_told_apart():
    bodies = ["x" * 500 + end for end in "ab"]
    versions = list(served_groups(*(Endpoint(url=HERE, options={"body": body}) for body in bodies)))
    assert len(versions) == 2
    assert max(map(len, versions)) < 120


def test_two_servers_of_one_name_are_told_apart_by_their_addresses():
    """Whether or not the other is looked at: a key is of one run alone."""
    first, second = Endpoint(url=HERE, setup="a"), Endpoint(url="http://127.0.0.1:5001", setup="a")
    both = served(first, second, first)
    assert [(g.key.endpoint, g.key.engine_version, g.runs) for g in both] == [
        (HERE, "uvicorn, setup a", ("r0", "r2")), ("http://127.0.0.1:5001", "uvicorn, setup a", ("r1",)),
    ]  # fmt: skip
    assert served(first)[0].key == both[0].key


@pytest.mark.parametrize(
    ("asked", "made", "field"),
    [
        ({"weights_path": "pruned"}, {"weights": "pretrained"}, "weights_path"),
        ({}, {"weights": "pretrained", "facts": {"threads": 2}}, "threads"),
        ({}, {"weights": "pretrained", "parameters": 7}, "parameters"),
    ],
)
def test_what_changes_the_energy_is_in_the_key(asked, made, field):
    """Two checkpoints, thread counts or sizes of one name are never averaged."""
    first = a_run_of("0", "2026-11-21T00:00:00Z").run
    plain = replace(first, loaded=replace(first.loaded, weights="pretrained", facts={"threads": 1}))
    other = replace(plain, spec=replace(plain.spec, **asked), loaded=replace(plain.loaded, **made), id="other")
    found = groups(Measured(run=run, energies=(), verdicts=()) for run in (plain, other))

    assert sorted(g.runs for g in found) == sorted([(plain.id,), ("other",)])
    assert {getattr(g.key, field) for g in found} == {getattr(key_of(run), field) for run in (plain, other)}
    assert len({getattr(g.key, field) for g in found}) == 2


def test_synthetic_weights_come_from_no_path():
    run = a_run_of("0", "2026-11-21T00:00:00Z").run
    named = replace(run, spec=replace(run.spec, weights_path="full"))
    assert key_of(replace(named, loaded=replace(run.loaded, weights="synthetic"))).weights_path is None
    assert key_of(replace(named, loaded=replace(run.loaded, weights="pretrained"))).weights_path == "full"


def a_run_of(sha256, started_at):
    readings = ticking(lambda t: 50.0, 0, 7)
    windows = (window("idle", "resident-1", 0.5, 1.0), window("work", "1", 2.0, 6.0))
    done = [outcome(2, 6, output_tokens=5)]
    run = run_of(readings, windows, done, sources=(GPU,), run_id=f"{sha256}-{started_at}")
    run = replace(run, started_at=started_at, spec=replace(run.spec, workload_sha256=sha256))
    return Measured(run=run, energies=window_energies(run.trace, run.sources), verdicts=())


def test_two_works_of_one_name_are_never_averaged():
    """A manifest that was edited, a scenario with more users: the newest run says what the name means."""
    older, newer = (
        a_run_of(sha, at) for sha, at in (("a", "2026-11-20T10:00:00Z"), ("b", "2026-11-21T10:00:00Z"))
    )
    [group] = groups([older, newer])

    assert group.runs == (newer.run.id,)
    assert "other requests then than in the newest run" in group.excluded[0].why


def test_runs_of_one_work_stay_together():
    one, two = (a_run_of("a", at) for at in ("2026-11-20T10:00:00Z", "2026-11-21T10:00:00Z"))

    assert len(groups([one, two])[0].runs) == 2
