"""A passport says what the readings show of a sensor, and nothing that they do not."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sim.board import Board, Steps
from sim.campaign import Bench, in_step, requests_of, tell
from sim.classes import CLASSES, SensorClass

from bench.files.codec import build, lean, plain
from bench.nouns import FieldPassport, Passport, Reading
from bench.physics.passport import examine
from bench.physics.series import series

BY_NAME = {one.name: one for one in CLASSES}
FLAWS = {
    "sound": {},
    "1 % slow": {"slow_ratio": 0.01},
    "3 W of noise": {"noise_w": 3.0},
    "3 W of noise that it does not count": {"noise_w": 3.0, "noise_counted": False},
    "1 % of gain": {"counter_gain": 1.01},
    "4 % of gain": {"counter_gain": 1.04},
    "37 ms beside": {"counter_phase_s": 0.037},
    "95 ms beside": {"counter_phase_s": 0.095},
    "50 ms late": {"lag_s": 0.05},
    "5 ms of jitter": {"jitter_s": 0.005},
    "5 ms of wander": {"wander_s": 0.005},
}


def passport_of(of, counter, load, flaws=None, seed=0, long_s=10.0, fields=None):
    """What ten seconds of a load show of a simulated board."""
    flaws = {**(flaws or {}), "seed": seed} if flaws else {}
    told = tell(Bench(of=of, counter=counter, rng=np.random.default_rng((5, seed)), flaws=flaws), load, long_s)
    source, looks = told.board.source, np.arange(1000.0, 1014.0, 0.019)
    looks = np.unique(looks + np.random.default_rng(seed).exponential(0.0001, len(looks)))
    return examine(source, series(told.board.readings(looks)))


@pytest.mark.parametrize("slow_ratio", [0.0, 0.01])
@pytest.mark.parametrize("name", ["turing", "ga100", "hopper"])
def test_periods_are_read_off(name, slow_ratio):
    """To a thousandth, where the published class is a per cent off."""
    flaws = {"slow_ratio": slow_ratio, "noise_w": 1.0}
    found = passport_of(BY_NAME[name], "whole", requests_of(0.15, 0.5), flaws)

    for field in ("counter", "instant"):
        assert found.fields[field].update_s == pytest.approx(0.1 * (1 + slow_ratio), rel=2e-3)


@pytest.mark.parametrize("flaw", FLAWS, ids=FLAWS.keys())
@pytest.mark.parametrize("name", ["ga100", "hopper", "volta"])
def test_a_counter_that_adds_up_gated_looks_is_never_taken_for_one_of_its_own(name, flaw):
    """Whatever noise, gain, lag, phase or jitter lies between counter and field; else a quarter passes for all."""
    of = BY_NAME[name]
    for seed, load in enumerate((requests_of(0.15, 0.5), requests_of(0.5, 0.3), in_step(0.1, 0.5))):
        counter = passport_of(of, "gated", load, FLAWS[flaw], seed + 1).fields["counter"]

        assert counter.origin != "readings"
        assert counter.seen_ratio is None or counter.seen_ratio < 0.6


@pytest.mark.parametrize("tick_s", [0.02, 0.05, 0.2])
def test_a_counter_that_ticks_in_another_step_is_not_taken_for_its_own_either(tick_s):
    """Held values added up five times a period, twice, or every second one."""
    of = SensorClass(name="other", title="Simulated A100", update_s=0.1, instant_s=0.025, counter_tick_s=tick_s)
    for seed, load in enumerate((requests_of(0.15, 0.5), in_step(0.1, 0.5))):
        assert passport_of(of, "gated", load, seed=seed).fields["counter"].origin != "readings"


@pytest.mark.parametrize("name", ["ga100", "hopper"])
def test_a_counter_that_looks_for_itself_is_found_out(name):
    """Irregular short requests, and a load in step: it saw what the field did not show."""
    for seed, load in enumerate((requests_of(0.15, 0.5), in_step(0.1, 0.5))):
        counter = passport_of(BY_NAME[name], "whole", load, seed=seed).fields["counter"]

        assert (counter.origin, counter.seen_ratio, counter.follows) == ("readings", 1.0, None)


@pytest.mark.parametrize("name", ["ga100", "hopper"])
def test_a_counter_that_follows_says_which_field_and_sees_no_more(name):
    """25 ms of 100 ms."""
    counter = passport_of(BY_NAME[name], "gated", requests_of(0.15, 0.5)).fields["counter"]

    assert counter.follows == "instant"
    assert counter.seen_ratio == pytest.approx(0.25, rel=0.01)


def test_steady_power_tells_nothing_of_a_counter():
    """At one power all counters agree."""
    board = Board(of=BY_NAME["ga100"], power=Steps(np.array([900.0]), np.array([200.0])), counter="whole")

    counter = examine(board.source, series(board.readings(np.arange(1000.0, 1010.0, 0.019)))).fields["counter"]

    assert (counter.window_s, counter.follows) == (None, None)


def test_a_published_window_goes_where_the_period_is_another():
    """A board called A100 whose values are renewed every 20 ms is no A100 of the published class."""
    odd = SensorClass(name="odd", title="Simulated A100", update_s=0.02, instant_s=0.005, counter_tick_s=0.02)
    board = Board(of=odd, power=Steps(np.array([900.0]), np.array([200.0])), counter="none", noise_w=2.0)

    instant = examine(board.source, series(board.readings(np.arange(1000.0, 1010.0, 0.0041)))).fields["instant"]

    assert instant.update_s == pytest.approx(0.02, rel=0.01)
    assert (instant.window_s, instant.origin) == (None, "unknown")
    assert "0.02 s" in instant.health


@pytest.mark.parametrize("jitter_s", [0.005, 0.01])
def test_jitter_never_makes_a_gauge_look_faster_than_it_is(jitter_s):
    """A period of 20 ms for 100 ms would make 25 ms of looks pass for all of the time."""
    for seed in range(6):
        flaws = {"jitter_s": jitter_s, "noise_w": 1.0}
        instant = passport_of(BY_NAME["ga100"], "none", requests_of(0.15, 0.5), flaws, seed + 1).fields["instant"]

        assert instant.seen_ratio is None or instant.seen_ratio < 0.35


@pytest.mark.parametrize("noise_w", [0.0, 1.0, 3.0])
def test_noise_is_read_off_rest_not_off_work(noise_w):
    """The load swings by 100 W; the values of a trace that begins and ends with rest tell the noise."""
    found = []
    for seed in range(8):
        bench = Bench(
            of=BY_NAME["turing"], counter="none", rng=np.random.default_rng(seed),
            flaws={"noise_w": noise_w, "seed": seed + 1},
        )  # fmt: skip
        board = tell(bench, requests_of(0.15, 0.5), 10.0).board
        first_s = float(board.power.t_s[1])
        looks = np.arange(first_s - 0.7, float(board.power.t_s[-1]) + 0.7, 0.019)
        found.append(examine(board.source, series(board.readings(looks))).fields["instant"].noise_w)

    assert np.median(found) == pytest.approx(noise_w, rel=0.4, abs=0.01)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_field_without_readings_keeps_what_was_known_and_says_so(count):
    """No reading, or one value: nothing was found out."""
    board = Board(of=BY_NAME["ga100"], power=Steps(np.array([900.0]), np.array([200.0])), counter="none")
    looks = [Reading(i, "gpu:0", "instant", "power", 200.0) for i in range(count)]

    instant = examine(board.source, series(looks)).fields["instant"]

    assert instant.update_s == 0.1
    assert instant.health == ("no reading" if count < 2 else "never changed")


@pytest.mark.parametrize("apart_ns", [0, 1, 1000])
def test_a_burst_of_looks_is_no_sensor_of_microseconds(apart_ns):
    """Looks at one moment, or almost: no period is read off them."""
    looks = [Reading(i * apart_ns, "gpu:0", "instant", "power", 200.0 + i // 3) for i in range(60)]
    source = replace(
        Board(of=BY_NAME["ga100"], power=Steps(np.array([0.0]), np.array([1.0]))).source, passport=None
    )  # fmt: skip

    assert examine(source, series(looks)).fields["instant"].update_s is None


def test_what_known_steps_told_stays_as_it_is():
    """A passport from steps goes before whatever readings suggest."""
    board = Board(of=BY_NAME["ga100"], power=Steps(np.array([900.0]), np.array([200.0])), counter="gated")
    known = {
        "counter": FieldPassport(update_s=0.1, window_s=0.1, lag_s=0.02, origin="steps"),
        "instant": FieldPassport(update_s=0.1, window_s=0.03, lag_s=0.05, origin="steps"),
    }
    source = replace(board.source, passport=Passport(fields=known, steps=40, id="p1"))

    found = examine(source, series(board.readings(np.arange(1000.0, 1010.0, 0.019))))

    assert (found.steps, found.id) == (40, "p1")
    for name, field in known.items():
        kept = found.fields[name]
        assert (kept.window_s, kept.lag_s, kept.origin, kept.follows) == (
            field.window_s, field.lag_s, "steps", None,
        )  # fmt: skip


SPANS = st.none() | st.floats(0, 10)
FIELDS = st.builds(
    FieldPassport,
    update_s=SPANS, window_s=SPANS, lag_s=SPANS, noise_w=SPANS,
    origin=st.sampled_from(["steps", "readings", "published", "unknown"]),
    follows=st.none() | st.just("instant"), health=st.text(max_size=9),
)  # fmt: skip


@given(
    st.builds(
        Passport, fields=st.dictionaries(st.sampled_from(["counter", "instant"]), FIELDS), steps=st.integers(0, 99)
    )
)
def test_a_passport_is_the_same_after_it_was_stored(passport):
    """Through JSON and back, in full and without its defaults."""
    assert build(Passport, json.loads(json.dumps(plain(passport))), "passport") == passport
    assert build(Passport, json.loads(json.dumps(lean(passport))), "passport") == passport
