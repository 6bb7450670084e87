"""Names → plug-ins."""

import subprocess
import sys
from importlib import metadata

import pytest

from bench.errors import NoEngine, UnknownName
from bench.files import registry


def test_the_folder_is_the_registry():
    """Every meter's file stem is a name; nothing else has to be told."""
    assert {"nvml", "rapl", "host_model", "constant", "replay"} <= set(registry.meter_names())


def test_an_unknown_name_offers_the_nearest():
    """A slip of the keyboard is answered with the name that was meant."""
    with pytest.raises(UnknownName, match="'nvml'"):
        registry.open_meter_plugin("nvm", {})
    with pytest.raises(UnknownName, match="unknown engine"):
        registry.load_engine("no-such-engine")


def test_options_reach_the_plug_in():
    """The plug-in's Found comes back as it is."""
    found = registry.open_meter_plugin("constant", {"power_w": "7"})

    assert found.meters[0].source.details["power_w"] == 7.0


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A distribution of somebody else, with a meter and an engine as entry points."""
    (tmp_path / "their_meter.py").write_text(
        "from bench.nouns import Found\ndef open_meters(options):\n    return Found()\n"
    )
    (tmp_path / "their_engine.py").write_text("import a_library_that_nobody_has\n")
    info = tmp_path / "their-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[bench.meters]\ntheirs = their_meter\n\n[bench.engines]\ntheirs = their_engine\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert metadata.version("their") == "1.0"


@pytest.mark.usefixtures("outside")
def test_other_distributions_add_plug_ins():
    """An entry point of the group is listed and opened like a file in the folder."""
    assert "theirs" in registry.meter_names()
    assert registry.open_meter_plugin("theirs", {}).meters == ()


@pytest.mark.usefixtures("outside")
def test_an_engine_without_its_library_says_how_to_get_it():
    """The error carries the missing library and the command that mends it."""
    with pytest.raises(NoEngine, match=r"a_library_that_nobody_has.*pip install 'joulemark\[theirs\]'"):
        registry.load_engine("theirs")


def test_looking_names_up_imports_no_plug_in():
    """`list` and `--help` stay light: names come from the folder, not from importing."""
    code = (
        "import sys; from bench.files import registry; registry.meter_names(); registry.engine_names();"
        "heavy = {'pynvml', 'torch', 'transformers', 'whisper', 'numpy'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
