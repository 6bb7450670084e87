"""Converted models: whole or not there, room asked beforehand, a name that differs wherever the content would."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import CannotRun
from bench.files.models import read_model
from bench.loading.converted import make_once, place_for, run_apart
from bench.nouns import LoadSpec

SPEC = LoadSpec(model=read_model("nllb-600m"), precision="int8", weights="synthetic")
MAKER = {"library": "1.0"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JOULEMARK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _writes(text: str, folder: Path) -> None:
    (folder / "model.bin").write_text(text)


def test_what_is_there_is_not_made_again(cache: Path) -> None:
    """The second maker is never called."""
    place = place_for(SPEC, MAKER)
    make_once(place, 1, lambda half: _writes("first", half))
    make_once(place, 1, lambda half: _writes("second", half))

    assert (place / "model.bin").read_text() == "first"
    assert [path.name for path in cache.iterdir()] == [place.name]


def test_what_fails_half_way_leaves_nothing(cache: Path) -> None:
    """Neither under its name nor beside it: the next run begins anew."""

    def breaks(half: Path) -> None:
        _writes("half", half)
        raise CannotRun("out of memory")

    with pytest.raises(CannotRun, match="out of memory"):
        make_once(place_for(SPEC, MAKER), 1, breaks)

    assert list(cache.iterdir()) == []


def test_what_a_killed_process_left_is_cleared_and_what_a_living_one_makes_is_not(cache: Path) -> None:
    """Gigabytes that nobody would look for."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    place = place_for(SPEC, MAKER)
    dead, living = (place.with_name(f".{place.name}.{pid}") for pid in (gone.pid, 1))
    for half in (dead, living):
        half.mkdir(parents=True)

    make_once(place, 1, lambda half: _writes("whole", half))

    assert (dead.exists(), living.exists()) == (False, True)


def test_no_room_and_no_folder_are_refused_before_anything_is_made(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In words, with the variable that names another place."""
    with pytest.raises(CannotRun, match=r"needs .* GiB there, .* GiB are free.*JOULEMARK_CACHE"):
        make_once(place_for(SPEC, MAKER), 1 << 60, lambda half: _writes("never", half))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JOULEMARK_CACHE", str(tmp_path / "file"))
    with pytest.raises(CannotRun, match="can't be kept there"):
        make_once(place_for(SPEC, MAKER), 1, lambda half: _writes("never", half))

    assert list(cache.iterdir()) == []


def test_other_content_has_another_name_and_the_same_content_the_same(tmp_path: Path) -> None:
    """Seed, precision, configuration, a maker's version; of pretrained weights the folder's content."""
    (tmp_path / "config.json").write_text("1")
    pretrained = replace(SPEC, weights="pretrained", path=str(tmp_path))
    wider = replace(SPEC.model, config={**SPEC.model.config, "d_model": 2048})
    places = [
        place_for(SPEC, MAKER),
        place_for(replace(SPEC, seed=1), MAKER),
        place_for(replace(SPEC, precision="fp32"), MAKER),
        place_for(replace(SPEC, model=wider), MAKER),
        place_for(SPEC, {"library": "1.1"}),
        place_for(pretrained, MAKER),
    ]
    (tmp_path / "config.json").write_text("2")
    places.append(place_for(pretrained, MAKER))

    assert len(set(places)) == len(places)
    assert place_for(replace(SPEC, threads=7), MAKER) == places[0]


def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    """Its last words reach the one who asked."""
    with pytest.raises(CannotRun, match=r"nllb-600m could not be converted: .*no_such_module"):
        run_apart("no_such_module", SPEC, tmp_path)
