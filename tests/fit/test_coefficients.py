"""The fit gives back the terms that made the data, with intervals, and refuses what it cannot tell apart."""

import random
from dataclasses import replace

import pytest
from fakes import GPU, HOST, LOADED, outcome, run_of, seconds, window

from bench.fit.coefficients import SYNTHETIC_DATA_RATIO_95, fit
from bench.fit.rows import Measured
from bench.nouns import Verdict, WindowEnergy

IDLE_W, REQUEST_J, PROMPT_J, OUTPUT_J = 70.0, 0.5, 0.02, 3.0
DESIGN = ((32, 8), (256, 8), (32, 64), (256, 64))


def energy(where, joules, source=GPU):
    modelled = {"model_low_j": joules * 0.4, "model_high_j": joules * 2.0} if source is HOST else {}
    return WindowEnergy(
        domain=source.domain, device=source.device, boundary=source.boundary, basis=source.basis,
        energy_j=joules, low_j=joules, high_j=joules, start_ns=where.start_ns, end_ns=where.end_ns,
        method="counter", components=modelled, phase=where.phase, label=where.label,
    )  # fmt: skip


def measured(prompt, output, noise=0.0, source=GPU, index=0, **changes):
    """A run of two idle and two work windows whose energies follow the convention exactly, plus noise."""
    draw = random.Random(index)
    windows = [window("idle", "resident-1", 0, 5), window("idle", "resident-2", 6, 11)]
    energies = [energy(w, IDLE_W * 5 * (1 + noise * draw.gauss(0, 1)), source) for w in windows]
    outcomes = []
    for k in range(2):
        start = 20 + 11 * k
        where = window("work", str(k + 1), start, start + 10)
        each = int(10 / (0.002 * prompt + 0.02 * output)) + k + 1
        joules = IDLE_W * 10 + each * (REQUEST_J + PROMPT_J * prompt + OUTPUT_J * output)
        windows.append(where)
        energies.append(energy(where, joules * (1 + noise * draw.gauss(0, 1)), source))
        outcomes += [
            outcome(
                start + i * 10 / each,
                start + (i + 0.9) * 10 / each,
                prompt_tokens=prompt,
                output_tokens=output,
            )
            for i in range(each)
        ]
    run = run_of(
        (), windows, outcomes, sources=(source,), workload=f"prompt-{prompt}-{output}", run_id=f"run-{index}"
    )
    return Measured(run=replace(run, **changes), energies=tuple(energies), verdicts=())


def fitted(members):
    return fit(members)


def test_terms_are_recovered_exactly_from_exact_data():
    """Noiseless data of the convention give its terms back to seven digits."""
    [found] = fitted([measured(p, o, index=i) for i, (p, o) in enumerate(DESIGN)])

    values = {name: q.value for name, q in found.terms.items()}
    assert values == pytest.approx(
        {"idle_resident": IDLE_W, "request": REQUEST_J, "prompt_token": PROMPT_J, "output_token": OUTPUT_J},
        rel=1e-6,
    )
    assert found.fit["held_out_error"] == pytest.approx(0, abs=1e-9)
    assert found.domain["prompt_tokens"] == (32.0, 256.0)


def test_statistical_intervals_hold_the_truth_nineteen_times_in_twenty():
    """Over 200 noisy campaigns the output token's interval, gain and data aside, covers 95 %."""
    inside = 0
    for seed in range(200):
        members = [measured(p, o, noise=0.01, index=seed * 10 + i) for i, (p, o) in enumerate(DESIGN)]
        [found] = fitted(members)
        half = found.components["output_token"]["statistical"]
        inside += abs(found.terms["output_token"].value - OUTPUT_J) <= half

    assert 0.90 <= inside / 200 <= 0.99


def test_synthetic_weights_widen_every_interval():
    """The power that can differ with the data is a component until a pretrained control has been run."""
    synthetic = fitted([measured(p, o, index=i) for i, (p, o) in enumerate(DESIGN)])[0]
    real = replace(LOADED, weights="pretrained")
    [pretrained] = fitted([measured(p, o, index=i, loaded=real) for i, (p, o) in enumerate(DESIGN)])

    assert synthetic.components["output_token"]["synthetic_data"] == pytest.approx(
        SYNTHETIC_DATA_RATIO_95 * OUTPUT_J, rel=1e-6
    )
    assert "synthetic_data" not in pretrained.components["output_token"]
    assert "power can differ with the data" in synthetic.notes[0]


def test_modelled_terms_span_the_models_low_and_high():
    """A modelled term's interval holds the fits of the low and the high series."""
    host = replace(LOADED, device="cpu")
    [found] = fitted([measured(p, o, source=HOST, index=i, loaded=host) for i, (p, o) in enumerate(DESIGN)])

    term = found.terms["output_token"]
    assert term.basis == "modelled"
    assert term.low <= 0.4 * OUTPUT_J
    assert term.high >= 2.0 * OUTPUT_J


def test_terms_that_move_together_are_given_up_with_the_reason():
    """One workload cannot tell prompt from output tokens: the later terms are named, not guessed."""
    [found] = fitted([measured(32, 8, index=i) for i in range(3)])

    assert set(found.terms) == {"idle_resident", "output_token"}
    assert "moves together with output_token" in found.not_identified["prompt_token"]
    assert "moves together" in found.not_identified["request"]
    assert found.notes[0] == "output_token: with prompt_token and request in it, so true of prompt-32-8 only"


def test_lengths_that_a_server_counted_otherwise_are_no_design():
    """About 32 tokens were asked each time; that 24 and 40 came tells nothing of a prompt token's cost."""
    members = [measured(p, 8, noise=0.01, index=i) for i, p in enumerate((24, 33, 40, 29))]
    one = [
        replace(m, run=replace(m.run, spec=replace(m.run.spec, cell=members[0].run.spec.cell))) for m in members
    ]
    [found] = fitted(one)

    assert set(found.terms) == {"idle_resident", "output_token"}
    assert set(found.not_identified) >= {"prompt_token", "request"}


def test_runs_voided_by_their_verdict_are_set_apart():
    """A void run never enters a fit; it is counted and named."""
    members = [measured(p, o, index=i) for i, (p, o) in enumerate(DESIGN)]
    void = Verdict(name="throttled", level="void", domain="gpu:0", evidence="hot", remedy="cool")
    members[2] = replace(members[2], verdicts=(void,))

    [found] = fitted(members)

    assert (found.fit["runs"], found.fit["excluded"]) == (3, 1)
    assert any("run-2: throttled" in note for note in found.notes)


def test_weights_precisions_versions_and_batches_are_never_averaged_together():
    """Each differing key gives its own entry."""
    members = [measured(p, o, index=i) for i, (p, o) in enumerate(DESIGN)]
    for other in ({"weights": "pretrained"}, {"precision": "bf16"}, {"engine_version": "2"}):
        members.append(measured(32, 8, index=9, loaded=replace(LOADED, **other)))

    assert len(fitted(members)) == 4


def test_one_load_is_a_gap_that_says_what_it_saw():
    """A single load has no interval, so it is no coefficient."""
    one = measured(32, 8)
    load = window("load", "1", 12, 15)
    one = replace(
        one,
        run=replace(one.run, trace=replace(one.run.trace, windows=(*one.run.trace.windows, load))),
        energies=(*one.energies, energy(load, 900.0)),
    )

    [found] = fitted([one])

    assert "900 J gross, once" in found.not_identified["load"]


def test_rates_are_gross_energy_per_unit():
    """Gross joules per output token hold the idle share, and an interval from repeated windows."""
    [found] = fitted([measured(p, o, noise=0.005, index=i) for i, (p, o) in enumerate(DESIGN)])

    rate = found.rates["output_token@prompt-32-64"]
    assert rate.value > OUTPUT_J
    assert rate.low < rate.value < rate.high
    assert seconds(1) == 1_000_000_000


def bounded(member, low_w, high_w):
    """The same run, its sensor having seen a part of the time: every window may be so much lower or higher."""

    def wide(e):
        span_s = (e.end_ns - e.start_ns) * 1e-9
        return replace(e, components={"unseen_low_j": low_w * span_s, "unseen_high_j": high_w * span_s})

    return replace(member, energies=tuple(wide(e) for e in member.energies))


def test_what_no_window_saw_no_coefficient_knows():
    """Windows that may hold 110 W more make an idle that may be 110 W more, and terms as unsure as they are."""
    members = [bounded(measured(p, o, index=i), 40.0, 110.0) for i, (p, o) in enumerate(DESIGN)]
    [found] = fitted(members)
    [sure] = fitted([measured(p, o, index=i) for i, (p, o) in enumerate(DESIGN)])

    idle, term = found.terms["idle_resident"], found.terms["output_token"]
    assert idle.high >= IDLE_W + 110.0
    assert idle.low <= IDLE_W - 40.0
    assert term.high - term.low > 2 * (sure.terms["output_token"].high - sure.terms["output_token"].low)
    assert found.components["idle_resident"]["unseen_high"] == pytest.approx(110.0)
    rate = found.rates["request@prompt-32-8"]
    assert rate.high >= rate.value + 110.0 * rate.value / 400.0  # at most 400 W at work


def test_a_windows_own_uncertainty_is_in_its_coefficient():
    """Windows that agree by chance are not known better than each of them is."""
    members = [measured(p, o, index=i) for i, (p, o) in enumerate(DESIGN)]
    unsure = [
        replace(m, energies=tuple(replace(e, components={"view_j": 0.05 * e.energy_j}) for e in m.energies))
        for m in members
    ]
    [found] = fitted(unsure)

    eight_idles = 1.96 * 0.05 * IDLE_W / 8**0.5
    assert found.components["idle_resident"]["windows"] == pytest.approx(eight_idles, rel=1e-3)
    assert found.terms["idle_resident"].low <= IDLE_W - eight_idles


def test_flags_stand_beside_the_coefficients():
    """Of verdicts and of windows, each once, with how many of the runs it stands in."""
    members = [measured(p, o, index=i) for i, (p, o) in enumerate(DESIGN)]
    flag = Verdict(name="power cap", level="flag", domain="gpu:0", evidence="12 % of the time", remedy="")
    members[0] = replace(members[0], verdicts=(flag,))
    members[1] = replace(
        members[1],
        energies=tuple(replace(e, flags=(f"seen {i} times",)) for i, e in enumerate(members[1].energies)),
    )
    [found] = fitted(members)

    assert "flag: 1 of 4 runs, power cap: 12 % of the time" in found.notes
    assert sum("seen" in note for note in found.notes) == 1


@pytest.mark.parametrize(
    ("cell", "told"),
    [({"concurrency": 8}, (8.0, 8.0)), ({"rate": 2.0}, None), ({"load": "two_hundred_users"}, None)],
)
def test_how_many_were_under_way_is_told_where_it_was_set(cell, told):
    """An open rate and a scenario set none: one at once was never true of them."""
    one = measured(32, 8)
    spec = replace(one.run.spec, cell=replace(one.run.spec.cell, **cell))

    [found] = fitted([replace(one, run=replace(one.run, spec=spec))])

    assert found.domain.get("concurrency") == told
    assert found.domain["batch"] == (1.0, 1.0)


def test_a_rate_that_a_server_did_not_keep_up_with_says_so():
    """Its entry is named by what was offered; an estimator reads the entry, and not the page."""
    members = [measured(p, o, index=i) for i, (p, o) in enumerate(DESIGN)]

    def offered(rate):
        return [
            replace(m, run=replace(m.run, spec=replace(m.run.spec, cell=replace(m.run.spec.cell, rate=rate))))
            for m in members
        ]

    [behind], [kept_up] = fitted(offered(500.0)), fitted(offered(1.0))
    assert any("did not keep up" in note for note in behind.notes)
    assert not any("did not keep up" in note for note in kept_up.notes)


def test_a_window_without_a_request_is_the_reason_for_no_rate():
    members = [measured(p, o, index=i) for i, (p, o) in enumerate(DESIGN)]
    first = members[0].run
    done = tuple(o for o in first.outcomes if o.start_ns < seconds(30))
    [found] = fitted([replace(members[0], run=replace(first, outcomes=done)), *members[1:]])

    assert "output_token@prompt-32-8" not in found.rates
    assert any("prompt-32-8 has no gross rate" in note for note in found.notes)
