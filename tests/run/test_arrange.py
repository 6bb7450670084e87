"""What a record says of pretrained weights."""

import pytest

from bench.errors import UnknownName
from bench.files.cells import parse_cell
from bench.files.models import read_model
from bench.run.arrange import _known, _named_weights, _path_name


def test_a_folder_of_weights_is_named_by_its_last_part_and_its_content(tmp_path):
    """No path of the machine is recorded, and two folders of one name are two sets of weights."""
    names = []
    for parent, content in (("a", "1"), ("b", "2"), ("c", "1")):
        folder = tmp_path / parent / "mistral"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(content)
        names.append(_path_name(str(folder)))

    assert all(name.startswith("mistral#") and str(tmp_path) not in name for name in names)
    assert names[0] == names[2] != names[1]


def test_a_hub_id_is_recorded_as_it_is():
    """It names a publication, not a place on this machine."""
    assert _path_name("mistralai/Mistral-7B-v0.3") == "mistralai/Mistral-7B-v0.3"


def test_the_model_s_own_hub_id_is_one_set_of_weights_typed_or_not():
    """Two keys of it would keep apart what is one."""
    model = read_model("mistral-7b")

    assert model.hub
    assert _named_weights(model.hub, model) is None
    assert _named_weights("another/model", model) == "another/model"


def test_a_precision_that_only_another_engine_has_is_refused():
    """ctranslate2 runs Whisper in int8, openai-whisper does not: it would load something else."""
    with pytest.raises(UnknownName, match="precision of whisper-tiny on whisper"):
        _known(parse_cell("whisper/whisper-tiny:int8/speech-fr-5"), None)

    _known(parse_cell("ctranslate2/whisper-tiny:int8/speech-fr-5"), None)
