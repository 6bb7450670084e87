"""An engine's version may name the library that computes in a precision; another version is still another."""

from dataclasses import replace

import pytest
from sound_run import case, sound

from bench.run.checks.work import loaded_as_asked


@pytest.mark.parametrize(
    ("added", "status"),
    [
        ("", "pass"),
        (", torchao 0.18.0", "pass"),
        ("1", "warn"),
        ("1, torchao 0.18.0", "warn"),
        ("-torchao", "warn"),
    ],
)
def test_a_library_beside_the_engine_is_no_other_engine(added: str, status: str) -> None:
    """5.23.0 was asked for: "5.23.0, torchao 0.18.0" is that, "5.23.01" is not."""
    run, published = sound()
    loaded = replace(run.loaded, engine_version=f"{run.spec.engine_version}{added}")

    (line, *_) = loaded_as_asked(case(replace(run, loaded=loaded), published))

    assert line.status == status
