"""What every peer promises, whether its library is here or not."""

import sys

import pytest

from bench.errors import UnknownName
from bench.files.registry import load_witness, witness_names

LIBRARIES = ("codecarbon", "zeus")


@pytest.fixture(params=witness_names())
def witness(request):
    """A peer, not started."""
    return load_witness(request.param)


def test_the_check_never_raises_and_mends(witness):
    """One line: the version where the library is here, else the command that brings it."""
    check = witness.check()

    assert check.name in witness_names()
    assert check.reason
    if check.status == "missing":
        assert check.remedy == "pip install 'joulemark[peers]'"
        assert witness.version() == ""
    else:
        assert witness.version() in check.reason


def test_asking_imports_nothing_heavy(witness):
    """A peer's library is imported when it is opened, in a process of its own."""
    witness.check()
    witness.version()

    assert not [name for name in LIBRARIES if name in sys.modules]


def test_names_are_those_of_the_files_and_a_wrong_one_offers_the_nearest():
    """`--witness codecarbn` is mended by the answer."""
    assert {"codecarbon", "zeus"} <= set(witness_names())
    with pytest.raises(UnknownName, match="unknown witness 'codecarbn': did you mean 'codecarbon'"):
        load_witness("codecarbn")
