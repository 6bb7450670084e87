import math
import random
import statistics

import pytest

from bench.errors import BadInput
from bench.estimators.history import seen


def test_months_that_grow_evenly_go_on_as_they_did():
    found = seen([100 * 1.05**month for month in range(8)])
    assert found.growth.factor.p50 == pytest.approx(1.05)
    assert found.growth.factor.p90 == pytest.approx(found.growth.factor.p10)
    ahead = found.growth.course(found.level.p50, 3)
    assert ahead == pytest.approx([100 * 1.05**month for month in (8, 9, 10)])
    assert found.growth.known_months == 8
    assert found.growth.scatter == pytest.approx(0.0, abs=1e-9)


def test_a_logistic_is_found_again():
    def at(month):
        return 5000 / (1 + (5000 / 300 - 1) * 1.2**-month)

    found = seen([at(month) for month in range(6)], ceiling=5000.0)
    assert found.growth.factor.p50 == pytest.approx(1.2)
    assert found.growth.course(found.level.p50, 40) == pytest.approx([at(month) for month in range(6, 46)])


def test_intervals_of_level_and_slope_are_those_of_a_straight_line():
    """Of ten histories that scatter, eight have the truth between P10 and P90."""
    rng = random.Random(5)
    inside = {"slope": 0, "level": 0}
    for _ in range(1000):
        found = seen([200 * math.exp(0.03 * t + rng.gauss(0, 0.1)) for t in range(6)])
        inside["slope"] += found.growth.factor.p10 <= math.exp(0.03) <= found.growth.factor.p90
        inside["level"] += found.level.p10 <= 200 * math.exp(0.03 * 2.5) <= found.level.p90
    assert inside["slope"] == pytest.approx(800, abs=40)
    assert inside["level"] == pytest.approx(800, abs=40)


def test_few_months_are_less_sure_than_many():
    def wide(n):
        counts = [100 * (1.1 if month % 2 else 1 / 1.1) for month in range(n)]
        found = seen(counts).growth.factor
        return math.log(found.p90 / found.p10)

    assert wide(4) > 3 * wide(12)


def test_a_prediction_holds_eight_of_ten_months_to_come():
    """Level, slope and a month's own scatter together: what a project draws."""
    rng, normal = random.Random(3), statistics.NormalDist()
    held = 0
    for _ in range(400):
        found = seen([200 * math.exp(0.03 * t + rng.gauss(0, 0.1)) for t in range(10)])
        draws = sorted(
            found.growth.course(found.level.at(rng.gauss(0, 1)), 3, rng.gauss(0, 1))[2]
            * math.exp(found.growth.scatter * normal.inv_cdf(rng.random()))
            for _ in range(200)
        )
        truth = 200 * math.exp(0.03 * 12 + rng.gauss(0, 0.1))
        held += draws[20] <= truth <= draws[180]
    assert held / 400 == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize(
    ("counts", "ceiling", "message"),
    [
        ([5.0, 6.0], None, "a history of 2 months; needed are 3"),
        ([5.0, 0.0, 6.0], None, "0 in a history"),
        ([5.0, math.nan, 6.0], None, "nan in a history"),
        ([5.0, 9.0, 6.0], 8.0, "9 in a history; needed are counts above 0 and below the ceiling, 8"),
        ([7.0, 6.0, 5.0], 8.0, "never nears a ceiling"),
        ([1e9, 1.0, 1e9], None, "by a factor of .* tells no growth"),
        ([1e-300, 1.0, 2.0], None, "needed are counts above 0"),
    ],
)
def test_a_history_that_tells_nothing_is_refused(counts, ceiling, message):
    with pytest.raises(BadInput, match=message):
        seen(counts, ceiling)
