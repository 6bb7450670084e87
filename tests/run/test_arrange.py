"""What a record says of pretrained weights."""

import pytest

from bench.errors import BadInput, UnknownName
from bench.files.cells import parse_cell
from bench.files.models import read_model
from bench.run.arrange import Ask, _check_weights, _known, _named_weights, _path_name
from bench.run.commands import recorded_weights


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


def test_what_a_record_says_of_local_weights_is_no_path(tmp_path):
    """A name and a sum, where somebody types them: refused with what to give, before a library looks for a hub."""
    (tmp_path / "mistral.gguf").write_text("0")
    said = _path_name(str(tmp_path / "mistral.gguf"))
    cells = [parse_cell("llama_cpp/mistral-160m:f16/prompt-32-8")]

    assert recorded_weights(said) == "mistral.gguf"
    assert recorded_weights("org/model") is None
    with pytest.raises(BadInput, match=r"a record says of local weights; give the path of mistral\.gguf itself"):
        _check_weights(Ask(names=(), out=tmp_path, weights="pretrained", weights_path=said), cells)


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
