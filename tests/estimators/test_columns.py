"""Columns give, row by row, what the scalar estimator and the carbon of a place give for that row alone."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.carbon import carbon_of
from bench.errors import BadInput, JoulemarkError
from bench.estimators.answering import answer
from bench.estimators.columns import Coded, Columns, Many, coded, estimate_many
from bench.estimators.wanted import Wanted
from bench.files.knowing import read_known
from bench.files.regions import read_regions
from bench.nouns.estimates import GRADES

KNOWN, PLACE = read_known(), read_regions().place
MANY = Many(KNOWN, PLACE)
NUMBERS = ("in_tokens", "out_tokens", "audio_seconds", "batch", "cards", "count")
NAMES = ("model", "hardware", "precision", "engine", "region")
_FIELDS = {"in_tokens": "input_tokens", "out_tokens": "output_tokens"}
few = settings(max_examples=150, deadline=None)


def mostly(good, bad):
    """Of good ones, and now and then a bad one."""
    return st.integers(0, 23).flatmap(lambda at: bad if at == 11 else good)


# dense, mixtures of experts, windows of attention, sizes by name alone, a cache of another shape, measured cells
MODELS = (
    "llama-3.1-8b mixtral-8x7b qwen3-30b-a3b llama-3.1-70b gemma-3-27b gemma-2-9b my-13b deepseek-r1 gpt-oss-120b"
)
CARDS = ("", "h100", "a100", "l4", "b200", "rtx4090")
PRECISIONS = ("", "bf16", "fp8", "q4_k_m", "fp4")
lengths = mostly(
    st.one_of(
        st.sampled_from((0.0, 1.0, 2.0, 30.0, 31.0, 2000.0, 2001.0, 1e5, 1e7)),
        st.integers(0, 5000).map(float),
        st.floats(1e-3, 1e5),
    ),
    st.sampled_from((1.1e7, 1e12, -1.0, math.nan, math.inf)),
)
batches = mostly(
    st.sampled_from((1.0, 1.5, 8.0, 32.0, 999.0, 1024.0, 1e5)), st.sampled_from((0.0, -2.0, 2e5, math.nan))
)
shared = {
    "region": mostly(st.sampled_from(("francecentral", "usa", "global", "")), st.just("nowhere")),
    "count": mostly(st.sampled_from((1.0, 1000.0, 0.0, 2.5)), st.sampled_from((-1.0, math.inf, math.nan))),
    "engine": st.sampled_from(("", "", "vllm", "llama.cpp")),
}
of_language = st.fixed_dictionaries(
    {
        "model": mostly(st.sampled_from(MODELS.split(" ")), st.sampled_from(("nope", "whisper-large", "#"))),
        "hardware": mostly(st.sampled_from(CARDS), st.just("zzz")),
        "precision": st.sampled_from(PRECISIONS),
        "in_tokens": mostly(lengths, st.none()),
        "out_tokens": mostly(lengths, st.none()),
        "audio_seconds": mostly(st.none(), lengths),
        "batch": mostly(batches, st.none()) | st.none(),
        "cards": mostly(st.none(), st.sampled_from((1.0, 2.0, 8.0, 0.0))),
        **shared,
    }
)
of_own_cells = st.fixed_dictionaries(
    {
        "model": st.sampled_from(("whisper-tiny", "mistral-160m", "nllb-600m")),
        "hardware": mostly(st.sampled_from(("", "amd-epyc-4th-gen-2-threads-24-gib")), st.just("h100")),
        "precision": mostly(st.just(""), st.just("fp32")),
        "in_tokens": mostly(st.none() | st.floats(1, 1e4), lengths),
        "out_tokens": mostly(st.none() | st.floats(1, 1e4), lengths),
        "audio_seconds": mostly(st.none() | st.floats(1, 3e3), lengths),
        "batch": mostly(st.none() | st.just(1.0), batches),
        "cards": st.none(),
        **shared,
    }
)
row = of_language | of_own_cells


def columns_of(rows, scope=None):
    numbers = {
        name: np.ma.masked_array(
            [0.0 if one[name] is None else one[name] for one in rows], mask=[one[name] is None for one in rows]
        )
        for name in NUMBERS
    }
    names = {name: coded([one[name] for one in rows]) for name in NAMES}
    return Columns(**numbers, **names, scope=scope)


def alone(one, scope=None):
    """The row by the scalar estimator: answer and grams, or None where it is refused."""
    said = {_FIELDS.get(name, name): value for name, value in one.items() if name != "region"}
    try:
        found = answer(Wanted(**said, scope=scope), KNOWN)
        return found, carbon_of(found.energy_kwh, PLACE(one["region"])) if one["region"] else None
    except JoulemarkError:
        return None


def held(found, at, one, scope=None):
    """One row of the columns against the same row alone, to nine digits."""
    expected = alone(one, scope)
    if expected is None:
        assert found.refusal[at] > 0
        assert found.reason(at)
        assert found.grade[at] == -1
        assert found.energy_kwh.row(at) is None
        assert found.carbon_g is None or found.carbon_g.row(at) is None
        return
    energy, carbon = expected
    assert found.reason(at) == ""
    assert GRADES[found.grade[at]] == energy.basis
    assert tuple(found.energy_kwh.row(at)) == pytest.approx(tuple(energy.energy_kwh), rel=1e-9, abs=0)
    if carbon is None:
        assert found.carbon_g is None or found.carbon_g.row(at) is None
    else:
        assert tuple(found.carbon_g.row(at)) == pytest.approx(tuple(carbon.location.g), rel=1e-9, abs=0)


@given(rows=st.lists(row, min_size=1, max_size=12), scope=st.sampled_from((None, None, "gpu", "machine", "wall")))
@few
def test_every_row_is_what_the_scalar_estimator_gives(rows, scope):
    found = MANY.estimate(columns_of(rows, scope))
    assert len(found) == len(rows)
    for at, one in enumerate(rows):
        held(found, at, one, scope)


@given(one=row, said=st.lists(st.tuples(lengths, lengths, lengths), min_size=2, max_size=8), names=st.booleans())
@few
def test_rows_of_one_cell_too(one, said, names):
    """All that is not a length is one value for all rows, or a column of one."""
    rows = [
        {**one, "in_tokens": p, "out_tokens": n, "audio_seconds": s, "count": 1.0 + at}
        for at, (p, n, s) in enumerate(said)
    ]
    lengths_ = {name: np.array([each[name] for each in rows]) for name in ("in_tokens", "out_tokens", "count")}
    sound = np.array([each["audio_seconds"] for each in rows])
    told = {name: coded([one[name]] * len(rows)) if names else one[name] for name in NAMES}
    found = MANY.estimate(Columns(**lengths_, audio_seconds=sound, **told, batch=one["batch"], cards=one["cards"]))
    for at, each in enumerate(rows):
        held(found, at, each)


def test_importing_estimators_loads_no_numpy():
    code = "import sys, bench.estimators.answering, bench.nouns.estimates; print('numpy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"


def test_columns_of_unlike_length_and_of_no_numbers_are_bad_input():
    with pytest.raises(BadInput, match="in_tokens 3, out_tokens 2"):
        Columns(model="llama-3.1-8b", in_tokens=np.ones(3), out_tokens=np.ones(2))
    with pytest.raises(BadInput, match="in_tokens: an array of 2 dimensions"):
        Columns(model="llama-3.1-8b", in_tokens=np.ones((3, 2)))
    with pytest.raises(BadInput, match="whole numbers"):
        Coded(codes=np.ones(3), names=("a",))


def test_a_code_that_is_no_name_is_refused_alone():
    asked = Columns(
        model=Coded(codes=np.array([0, 1, -1, 0]), names=("llama-3.1-8b",)),
        region=Coded(codes=np.array([0, 0, 0, 7]), names=("usa",)),
        out_tokens=np.full(4, 100.0),
    )
    found = estimate_many(asked, KNOWN, PLACE)
    assert list(found.refusal > 0) == [False, True, True, True]
    assert "model" in found.reason(1)
    assert "region" in found.reason(3)
