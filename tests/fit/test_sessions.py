"""What a day makes of all its cells: sessions are the blocks where there are enough, and else a flag says so."""

import random
from dataclasses import replace

import pytest
from sim.fast_line import Ask, measured, without_gain
from sim.scheduler import Physics

from bench.fit.coefficients import fit
from bench.fit.sessions import sessions

OF = Physics(decode_context_token_s=0.0)
FEW = ((32, 8), (256, 8), (32, 64), (256, 64))


@pytest.fixture(scope="module")
def base():
    return [
        without_gain(measured(Ask(prompt=p, output=o, requests=5), OF, index=n)) for n, (p, o) in enumerate(FEW)
    ]


def rounds(base, days, day, seed=0, hours=24):
    """Every cell once on each of so many days; a day is off by one draw of `day`, windows by 0.3 %."""
    draw = random.Random(seed)
    made = []
    for n in range(days):
        common = 1 + day * draw.gauss(0, 1)
        for one in base:
            energies = tuple(
                replace(e, energy_j=e.energy_j * common * (1 + 0.003 * draw.gauss(0, 1))) for e in one.energies
            )
            at = f"2026-11-{1 + n * hours // 24:02d}T{n * hours % 24:02d}:{len(made) % 60:02d}:00Z"
            run = replace(one.run, id=f"run-{len(made):03d}", started_at=at)
            made.append(replace(one, run=run, energies=energies))
    return made


def test_a_session_ends_where_no_run_began_for_six_hours(base):
    one = base[0].run
    at = ("2026-11-01T00:00:00Z", "2026-11-01T05:59:00Z", "2026-11-01T11:58:00Z", "2026-11-01T17:59:00Z", "?")
    found = sessions([replace(one, id=str(n), started_at=t) for n, t in enumerate(at)])

    assert found == {"0": "0", "1": "0", "2": "0", "3": "3", "4": "4"}


def test_enough_sessions_are_the_blocks(base):
    """Eight days that differ by 3 %: over runs 32 blocks that are not independent."""
    [apart], [together] = fit(rounds(base, 8, 0.03)), fit(rounds(base, 8, 0.03, hours=1))

    assert apart.fit["interval"] == "block bootstrap over 8 sessions"
    assert together.fit["interval"] == "block bootstrap over 32 runs"
    assert not any("sessions" in note for note in apart.notes)


@pytest.mark.parametrize(("day", "told"), [(0.03, True), (0.0, False)])
def test_few_sessions_that_differ_are_said(base, day, told):
    [found] = fit(rounds(base, 3, day, seed=1))
    said = "flag: 12 runs of 3 sessions: what a day makes of all its cells is in no term's interval"

    assert (said in found.notes) is told


def test_terms_and_idle_hold_what_days_do(base):
    """Over runs 72 and 31 of 100 held the truth (nine cells)."""
    [true] = fit(base)
    terms, idles = [], []
    for seed in range(25):
        [found] = fit(rounds(base, 8, 0.03, seed))
        for name, held in (("output_token", terms), ("idle_resident", idles)):
            held.append(found.terms[name].low <= true.terms[name].value <= found.terms[name].high)

    assert sum(terms) >= 21
    assert sum(idles) >= 21
