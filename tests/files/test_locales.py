"""French: nothing left in English, every placeholder kept, and the compiled catalogue is that of the text."""

import importlib.util
import string
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from bench.errors import UnknownName
from bench.files.config import places
from bench.files.locales import LANGUAGES, language, own_language
from bench.phrases import ENGLISH

ROOT = Path(__file__).resolve().parents[2]
PO = places().data / "locale" / "fr" / "LC_MESSAGES" / "joulemark.po"


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_locale = load("make_locale")


@pytest.fixture(scope="module")
def kept():
    with PO.open("rb") as file:
        return {one.id: one for one in read_po(file, locale="fr") if one.id}


def fields(template):
    """Names of fields with their formats; a conversion such as !r is the translation's own choice."""
    return {(name, spec) for _, name, spec, _ in string.Formatter().parse(template) if name is not None}


def test_no_sentence_of_the_code_lacks_its_translation(kept):
    said = {text for _, text in (*make_locale.sentences(), *make_locale.words_of_keys())}
    missing = sorted(text for text in said if text not in kept or not kept[text].string)
    assert missing == [], "translate them in joulemark.po after python scripts/make_locale.py"


def test_every_field_of_a_sentence_is_in_its_translation(kept):
    differ = [one.id for one in kept.values() if "{" in one.id and fields(one.id) != fields(one.string)]
    assert differ == []


def test_catalogues_are_what_the_script_makes():
    found = make_locale.catalogue(PO)
    assert make_locale.po_bytes(found) == PO.read_bytes()
    assert make_locale.mo_bytes(found) == PO.with_suffix(".mo").read_bytes()


def test_signs_stand_off_as_french_has_them(kept):
    """No break before : ; ? !, so that none begins a line."""
    loose = [one.string for one in kept.values() if any(f" {sign}" in one.string for sign in ":;?!%»")]
    assert loose == []


def test_languages_by_their_names(monkeypatch):
    assert LANGUAGES == ("en", "fr")
    assert language("fr_FR.UTF-8").code == language("FR").code == "fr"
    assert language("en-GB") is ENGLISH
    with pytest.raises(UnknownName, match="did you mean 'en'"):
        language("de")
    monkeypatch.setenv("JOULEMARK_LANG", "fr")
    assert own_language().code == "fr"
    monkeypatch.delenv("JOULEMARK_LANG")
    assert own_language() is ENGLISH
