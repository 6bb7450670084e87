"""The real line from devices to a profile, and a folder that proves itself."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from calibrated_demo import PASS_S, SMALL, WATTS, figures

import bench.run.calibrating as calibrating
from bench.errors import BadDeclaration, BadInput
from bench.files.layout import run_folders
from bench.files.profiles import read_profile
from bench.files.store import read_sealed
from bench.nouns import Figure
from bench.run.profile import render_profile
from bench.run.verify import verify


def test_joules_per_byte_are_those_of_a_meter_that_is_known_exactly(made):
    """100 W over the windows, by bytes that are counted: the profile says no more and no less."""
    profile, _, _ = made
    (sealed,) = map(read_sealed, run_folders(made[1]))
    known = figures(profile.profile)

    for kernel in SMALL:
        per_unit = []
        for window in sealed.trace.windows:
            if window.phase == "work" and window.label.startswith(kernel.label):
                passes = sum(
                    o.achieved.requests
                    for o in sealed.outcomes
                    if window.start_ns <= o.start_ns and o.end_ns <= window.end_ns
                )
                busy_s = sum(
                    (o.end_ns - o.start_ns) * 1e-9
                    for o in sealed.outcomes
                    if window.start_ns <= o.start_ns and o.end_ns <= window.end_ns
                )
                per_unit.append(WATTS * busy_s / (passes * kernel.per_pass))
        middle = sum(per_unit) / 2  # of two windows
        gross = known["cpu", "wall", f"{kernel.label}_gross"]
        # the meter is read every 5 ms at the edges of a window of 0.3 s
        assert gross.value == pytest.approx(middle, rel=0.05)
        assert (gross.unit, gross.basis) == (f"J/{kernel.unit}", "modelled")
        above = known["cpu", "wall", f"{kernel.label}_above_idle"]
        assert above.low <= 0.0 <= above.high
    assert known["cpu", "wall", "idle_bare"].value == pytest.approx(WATTS, rel=0.05)
    assert known["cpu", "wall", "idle_resident"].value == pytest.approx(WATTS, rel=0.05)
    assert {f.stand_in for f in profile.profile.measured if f.domain} == {"a test double: constant power"}
    assert known["cpu", None, "triad_rate"].value == pytest.approx(3 * 4 * 262_144 / PASS_S / 1e9, rel=0.5)


def test_what_is_sealed_says_what_it_is_and_holds_every_count(made):
    (folder,) = run_folders(made[1])
    seal = json.loads((folder / "run.json").read_text())
    first = json.loads((folder / "outcomes.jsonl").read_text().splitlines()[0])

    assert (seal["kind"], seal["spec"], seal["loaded"]["device"]) == ("calibration", None, "cpu")
    assert [k["size"] for k in seal["calibration"]["kernels"]] == [262_144, 128]
    assert seal["ceilings"]["refused"] == {}
    assert first["request_id"] == "triad"
    assert first["achieved"] == first["requested"]


def test_what_was_found_is_read_back_as_it_was_written(made):
    """The profile in the folder, the figures of the run, and the JSON are one and the same."""
    profile, out, said = made
    read = read_profile(profile.profile.name, out / "profiles")
    document = calibrating.profile_document(profile)

    assert read == profile.profile
    assert len(document["devices"][0]["figures"]) == len(read.measured) == 8
    assert document["devices"][0]["kernels"][0]["per_pass"] == 3 * 4 * 262_144
    assert json.loads(json.dumps(document))
    assert not profile.falls_short
    assert "keep the machine quiet" in said[0]


def test_the_folder_proves_itself(made):
    found = verify(made[1])

    assert (found.checked, found.differences) == (2, ())


def test_a_figure_of_the_profile_that_was_edited_is_named(out, made):
    path = out / "profiles" / f"{made[0].profile.name}.toml"
    text = path.read_text()
    path.write_text(re.sub(r"(idle_bare = \{ value = )[\d.]+", r"\g<1>99.9", text))

    (difference,) = verify(out).differences
    assert difference.file == f"profiles/{path.name}"
    assert difference.field == "cpu/wall/idle_bare.quantity.value"


def test_a_figure_whose_run_is_gone_is_named(out, made):
    (folder,) = run_folders(out)
    path = out / "profiles" / f"{made[0].profile.name}.toml"
    path.write_text(path.read_text().replace(folder.name, "20260101T000000Z-calibration-000000"))

    found = verify(out).differences
    assert len(found) == 8
    assert all("a sealed calibration 20260101T000000Z" in d.expected for d in found)


def test_passes_that_were_not_made_are_named_under_a_renewed_seal(out):
    """Twice the passes in every line would halve the joules per byte: the sealed figures don't follow from it."""
    import hashlib

    (folder,) = run_folders(out)
    lines = (folder / "outcomes.jsonl").read_text()
    doubled = re.sub(r'"requests": (\d+)', lambda m: f'"requests": {2 * int(m[1])}', lines)
    (folder / "outcomes.jsonl").write_text(doubled)
    seal = json.loads((folder / "run.json").read_text())
    seal["sha256"]["outcomes.jsonl"] = hashlib.sha256(doubled.encode()).hexdigest()
    (folder / "run.json").write_text(json.dumps(seal))

    fields = {d.field for d in verify(out).differences if d.file.endswith("run.json")}
    assert any(field.startswith("ceilings.figures") for field in fields)


def test_a_second_call_replaces_what_was_measured_alone(quick, out, made):
    """The former run stays, the declared figures too, also one that somebody wrote into the file."""
    name = made[0].profile.name
    path = out / "profiles" / f"{name}.toml"
    known = read_profile(name, out / "profiles")
    declared = {**known.figures, "tdp_w": Figure(value=280.0, source="a page (checked 2026-11-21)")}
    path.write_text(render_profile(replace(known, figures=declared)))
    (former,) = run_folders(out)

    again = calibrating.make_profile(out, 0.2, lambda _: None)

    assert former in run_folders(out)
    assert len(run_folders(out)) == 2
    read = read_profile(name, out / "profiles")
    assert read.figures == declared
    assert {f.run_id for f in read.measured} == {again.devices[0].sealed.name}
    assert verify(out).differences == ()


def test_figures_of_a_device_that_was_not_calibrated_again_stay(made):
    """A board's, where the CPU alone was done; and of a device whose every figure was void, the former ones."""
    profile, out, _ = made
    board = tuple(replace(f, device="gpu:0") for f in profile.profile.measured)
    known = replace(profile.profile, measured=(*board, *profile.profile.measured))
    empty = replace(profile.devices[0], published=replace(profile.devices[0].published, ceilings=None))

    with_cpu = calibrating.with_measured(known, profile.devices, (), out)
    with_nothing = calibrating.with_measured(known, (empty,), (), out)

    assert set(with_cpu.measured) == set(known.measured)
    assert with_nothing.measured == known.measured


def test_a_profile_that_does_not_load_is_refused_before_anything_is_measured(quick, out, made):
    path = out / "profiles" / f"{made[0].profile.name}.toml"
    path.write_text(path.read_text().replace('unit = "W"', 'unit = "W", colour = "red"', 1))

    with pytest.raises(BadDeclaration, match=r"idle_bare.*colour|colour"):
        calibrating.make_profile(out, 0.2, lambda _: pytest.fail("something was begun"))


@pytest.mark.parametrize("place", ["/proc/nowhere", "{}/file"])
def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_measured(quick, monkeypatch, tmp_path, place):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(calibrating, "look", lambda: pytest.fail("something was looked at"))

    with pytest.raises(BadInput, match="no result folder can be made there"):
        calibrating.make_profile(Path(place.format(tmp_path)), 0.2, lambda _: None)


def test_a_passport_and_constants_that_no_run_holds_are_named(out, made):
    """Written into the file by hand, they would pass for what was found out here."""
    path = out / "profiles" / f"{made[0].profile.name}.toml"
    known = read_profile(path.stem, path.parent)
    other = replace(
        known, passports={"gpu:0": "20260101T000000Z-passport-000000"}, host_model={"idle_w_value": 3.0}
    )
    path.write_text(render_profile(other))

    assert [d.field for d in verify(out).differences] == ["passports/gpu:0", "host_model"]
