import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import BadInput
from bench.estimators import lengths
from bench.estimators.growth import Growth, growing
from bench.estimators.likely import Z80, Likely, surely

few = settings(max_examples=60, deadline=None)


def test_a_log_normal_keeps_its_mean_and_its_percentiles():
    found = lengths.by_percentiles(Likely(p10=60 / math.exp(Z80 * 0.9), p50=60.0, p90=60 * math.exp(Z80 * 0.9)))
    assert found.mean == pytest.approx(60 * math.exp(0.9**2 / 2), rel=1e-9)
    for share, z in ((0.1, -Z80), (0.5, 0.0), (0.9, Z80)):
        assert found.quantile(share) == pytest.approx(60 * math.exp(0.9 * z), rel=0.03)
    square = math.fsum(w * x * x for w, x in found.points)
    assert square == pytest.approx(60**2 * math.exp(2 * 0.9**2), rel=0.02)  # the tail is there


def test_a_lopsided_one_goes_through_its_three_percentiles():
    found = lengths.by_percentiles(Likely(p10=20.0, p50=60.0, p90=900.0))
    assert [found.quantile(share) for share in (0.1, 0.5, 0.9)] == pytest.approx([20.0, 60.0, 900.0], rel=0.06)


def test_any_alike_and_one_alone():
    found = lengths.uniform(3000.0, 5000.0)
    assert found.mean == pytest.approx(4000.0)
    assert found.quantile(0.25) == pytest.approx(3500.0, rel=0.01)
    assert lengths.fixed(30.0).points == ((1.0, 30.0),)
    assert lengths.by_percentiles(surely(30.0)).points == ((1.0, 30.0),)


@few
@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=900))
def test_condensing_keeps_the_mean_and_the_order(values):
    kept = lengths.condensed(values)
    assert len(kept) == min(len(values), 200)
    assert list(kept) == sorted(kept) or max(values) - min(values) < 1e-6
    assert math.fsum(kept) / len(kept) == pytest.approx(statistics.fmean(values), rel=1e-6, abs=1e-6)


def test_coarser_parts_keep_the_mean():
    found = lengths.by_percentiles(Likely(p10=20.0, p50=60.0, p90=900.0))
    few_parts = lengths.coarser(found, 16)
    assert 8 <= len(few_parts.points) <= 17
    assert few_parts.mean == pytest.approx(found.mean)


def test_the_longest_there_is_cuts_the_tail():
    found = lengths.at_most(lengths.by_percentiles(Likely(p10=20.0, p50=60.0, p90=900.0)), 1000.0)
    assert max(length for _, length in found.points) == 1000.0
    assert "at most 1000" in found.words


def test_what_is_no_distribution_is_refused():
    for make in (
        lambda: lengths.uniform(5.0, 3.0),
        lambda: lengths.fixed(-1.0),
        lambda: lengths.fixed(math.nan),
        lambda: lengths.listed([]),
        lambda: lengths.by_percentiles(Likely(p10=0.0, p50=60.0, p90=900.0)),
        lambda: lengths.by_percentiles(Likely(p10=1e-300, p50=1.0, p90=2.0)),
        lambda: lengths.Lengths(points=((0.5, 1.0),), words="half of one"),
    ):
        with pytest.raises(BadInput):
            make()


def test_a_logistic_begins_as_it_is_grows_as_said_and_nears_its_ceiling():
    grows = Growth(kind="saturating", factor=growing(0.1, 0.1, 0.1), ceiling=surely(5000.0))
    found = grows.course(50.0, 200)
    assert found[0] == pytest.approx(50.0)
    assert found[1] / found[0] == pytest.approx(1.1, rel=0.01)  # far below the ceiling
    assert found == sorted(found)
    assert found[-1] == pytest.approx(5000.0, rel=1e-3)
    assert max(found) < 5000.0
    # half of the ceiling at t = ln(K/N0 − 1) / ln(1 + r)
    half = math.log(5000 / 50 - 1) / math.log(1.1)
    assert found[int(half)] < 2500 < found[int(half) + 1]


def test_a_ceiling_that_is_not_sure_is_drawn():
    grows = Growth(
        kind="saturating", factor=growing(0.5, 0.5, 0.5), ceiling=Likely(p10=100.0, p50=200.0, p90=400.0)
    )
    assert [grows.course(50.0, 100, 0.0, z)[-1] for z in (-Z80, 0.0, Z80)] == pytest.approx([100.0, 200.0, 400.0])


def test_exponential_and_constant():
    shrinks = Growth(kind="exponential", factor=growing(-0.1, -0.1, -0.1))
    assert shrinks.course(1000.0, 3)[2] == pytest.approx(810.0)
    assert Growth().course(1000.0, 3) == [1000.0] * 3
    assert shrinks.course(0.0, 2) == [0.0] * 2


def test_growth_that_cannot_be_is_refused():
    for rate in (-1.0, -1.5, 1.01, math.nan, math.inf):
        with pytest.raises(BadInput, match=r"growth of .* 0\.04 is 4 %"):
            growing(rate, rate, rate)
    with pytest.raises(BadInput, match="without a ceiling"):
        Growth(kind="saturating", factor=growing(0.1, 0.1, 0.1))
    with pytest.raises(BadInput, match="with a ceiling"):
        Growth(kind="exponential", factor=growing(0.1, 0.1, 0.1), ceiling=surely(9.0))
    with pytest.raises(BadInput, match="a ceiling of 0; needed is more"):
        Growth(kind="saturating", factor=growing(0.1, 0.1, 0.1), ceiling=Likely(p10=0.0, p50=1.0, p90=9.0))
    with pytest.raises(BadInput, match="never nears a ceiling"):
        Growth(kind="saturating", factor=growing(-0.1, -0.1, 0.1), ceiling=surely(9.0))
