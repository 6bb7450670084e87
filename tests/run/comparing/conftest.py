"""A comparison of six runs that is sealed, and a copy of it to be touched."""

import shutil

import pytest
from compared_demo import record_of
from comparison_demo import rounds

from bench.nouns.compared import Price
from bench.run.compared import seal


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    rounds(out)
    seal(out, *record_of(out, price=Price(per_hour=3.6, currency="EUR", source="as typed")))
    return out


@pytest.fixture
def out(pristine, tmp_path):
    return shutil.copytree(pristine, tmp_path / "out")
