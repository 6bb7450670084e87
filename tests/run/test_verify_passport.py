"""A sealed passport is proven from the readings under its steps, and whatever was edited is named."""

import gzip
import hashlib
import json
import re
import shutil
from functools import partial

import pytest
from sim.classes import CLASSES
from sim.stepped import Stepped

import bench.run.characterise as characterise
from bench.run.verify import verify
from bench.sensing.passport import watch_steps


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """A folder with the passport of a gated A100, 20 ms late, made on a virtual clock."""
    out = tmp_path_factory.mktemp("out")
    ga100 = next(of for of in CLASSES if of.name == "ga100")
    made = Stepped(of=ga100, flaws={"counter": "gated", "phase_s": 0.0137, "lag_s": 0.02})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(characterise, "Sampler", made.opened)
        patch.setattr(characterise, "remote_load", made.opened)
        patch.setattr(characterise, "watch_steps", partial(watch_steps, sleep=made.clock.sleep))
        characterise.characterise({"nvml": {}}, made.sources[0], out)
    return out


@pytest.fixture
def out(pristine, tmp_path):
    return shutil.copytree(pristine, tmp_path / "out")


def folder_of(out):
    (folder,) = (out / "runs").iterdir()
    return folder


def resealed(folder, name, content):
    """A part with other content under a renewed seal."""
    (folder / name).write_bytes(content)
    seal = json.loads((folder / "run.json").read_text())
    seal["sha256"][name] = hashlib.sha256(content).hexdigest()
    (folder / "run.json").write_text(json.dumps(seal))


def fields(out):
    """What differs, without the names of file and domain."""
    return [re.sub(r"^passports\W*gpu:0\W*", "", d.field) for d in verify(out).differences]


def test_a_passport_as_it_was_sealed_proves_itself(out):
    """One folder, no difference."""
    found = verify(out)

    assert (found.checked, found.differences) == (1, ())


@pytest.mark.parametrize(
    ("field", "name", "edit"),
    [
        ("counter", "window_s", lambda v: v * 1.00001),
        ("instant", "window_s", lambda v: 0.1),
        ("instant", "lag_s", lambda v: v + 1e-6),
        ("counter", "update_s", lambda v: v * 1.00001),
        ("counter", "origin", lambda _: "published"),
        ("instant", "health", lambda _: "fine"),
    ],
)
def test_one_figure_of_a_passport_that_was_edited_is_named(out, field, name, edit):
    """To the last of its digits: a look of 100 ms for one of 25 would make a quarter of the time pass for all."""
    path = folder_of(out) / "run.json"
    seal = json.loads(path.read_text())
    one = seal["passports"]["gpu:0"]["fields"][field]
    one[name] = edit(one[name])
    path.write_text(json.dumps(seal))

    (said,) = fields(out)
    assert said.endswith(f"{field}.{name}")


def test_a_number_of_steps_that_were_not_made_is_named(out):
    path = folder_of(out) / "run.json"
    seal = json.loads(path.read_text())
    seal["passports"]["gpu:0"]["steps"] = 40
    path.write_text(json.dumps(seal))

    assert fields(out) == ["steps"]


def test_steps_that_were_moved_under_a_renewed_seal_no_longer_prove_the_lag(out):
    """Ten milliseconds later each: the sensor would have been as much less late."""
    folder = folder_of(out)
    text = (folder / "windows.csv").read_text()
    moved = re.sub(r"(\d{9,})", lambda found: str(int(found[1]) + 10_000_000), text)
    resealed(folder, "windows.csv", moved.encode())

    assert {"fields.counter.lag_s", "fields.instant.lag_s"} <= set(fields(out))


def test_readings_that_were_changed_under_a_renewed_seal_no_longer_prove_it(out):
    """Values of `instant` held back by one renewal."""
    folder = folder_of(out)
    lines = gzip.decompress((folder / "readings.csv.gz").read_bytes()).decode().splitlines()
    rows = [i for i, line in enumerate(lines) if ",instant,power," in line]
    values = [lines[i].rsplit(",", 1)[1] for i in rows]
    late = 21  # looks in 100 ms
    for i, value in zip(rows[late:], values[:-late], strict=True):
        lines[i] = f"{lines[i].rsplit(',', 1)[0]},{value}"
    resealed(folder, "readings.csv.gz", gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))

    assert "fields.instant.lag_s" in fields(out)
