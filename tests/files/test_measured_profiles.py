"""A profile with measured figures: what is written is what is read, and a mistake has its line."""

import pytest

from bench.errors import BadDeclaration
from bench.files.profiles import read_profile
from bench.nouns import Figure, HardwareProfile, MeasuredFigure, Quantity
from bench.run.profile import render_profile

RUN = "20261121T000000Z-calibration-abcdef"


def figure(device, domain, name, unit="W", basis="measured", value=7.25, **more):
    quantity = Quantity(value=value, low=value * 0.9, high=value * 1.1, unit=unit, basis=basis)
    return MeasuredFigure(device=device, domain=domain, name=name, quantity=quantity, run_id=RUN, **more)


PROFILE = HardwareProfile(
    name="here", title="A machine", kind="machine", generated=True,
    figures={"vcpu": Figure(value=2.0, source="a page")},
    measured=(
        figure("cpu", None, "triad_rate", "GB/s", limited_by="2 of the machine's 8 threads"),
        figure("cpu", "host", "idle_bare", basis="modelled", stand_in="a test double: x"),
        figure("cpu", "host", "triad_gross", "J/byte", "modelled", 3.661245e-10),
        figure("gpu:0", "gpu:0", "fp16_matmul_above_idle", "J/FLOP", value=7.7e-13),
    ),
    passports={"gpu:0": "20261121T000000Z-passport-000001"},
    host_model={"idle_w_value": 1.5, "threads": 2, "hypervisor": True, "formula": 'J = "idle" × s', "source": "x"},
)  # fmt: skip


def written(folder, text):
    (folder / "here.toml").write_text(text)
    return read_profile("here", folder)


def test_every_part_of_a_calibrated_profile_is_read_back_as_it_was(tmp_path):
    """Declared and measured, names with colons, tiny numbers, facts of any kind."""
    assert written(tmp_path, render_profile(PROFILE)) == PROFILE


def test_a_profile_without_measured_figures_is_written_as_before():
    """What is not there has no head either."""
    text = render_profile(HardwareProfile(name="m", title="m", kind="machine"))

    assert text == 'title = "m"\nkind = "machine"\n'


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        (f', run = "{RUN}"', "", "run: missing"),
        ('unit = "W"', 'unit = "W", note = "mine"', "unknown key"),
        ('basis = "modelled"', 'basis = "guessed"', "expected one of measured, modelled"),
        ("low = 6.525", "low = 9.525", "between low and high"),
        ('formula = "J', 'formula = ["J"]\nother = "J', "expected a number, a text"),
    ],
)
def test_a_measured_figure_that_is_not_whole_is_refused_with_its_line(tmp_path, was, becomes, said):
    text = render_profile(PROFILE)
    assert was in text

    with pytest.raises(BadDeclaration, match=said) as caught:
        written(tmp_path, text.replace(was, becomes))
    assert caught.value.line is not None
