"""Languages that sentences are told in: English, which the code is written in, and the catalogues of bench/data.

A catalogue is gettext's: joulemark.po for people, joulemark.mo made from it by scripts/make_locale.py.
"""

import re

from bench.errors import UnknownName
from bench.files.config import environment, places
from bench.phrases import ENGLISH, Language

LANGUAGES = ("en", "fr")
_HEAD = 1000  # characters of a page in which its language stands
_DECIMALS = {"fr": ","}


def language(name: str) -> Language:
    """The language of a name such as fr, FR or fr_FR.UTF-8. Raises UnknownName."""
    code = name.strip().lower().replace("-", "_").partition(".")[0].partition("_")[0]
    if code not in LANGUAGES:
        raise UnknownName("language", name[:40], LANGUAGES)
    if code == "en":
        return ENGLISH
    from gettext import translation  # loaded by those alone who read another language

    found = translation("joulemark", str(places().data / "locale"), [code])
    return Language(code=code, translate=found.gettext, decimal=_DECIMALS[code])


def language_of_page(html: str) -> Language:
    """The language that a page says it is in; English where it says none, or one that is not known."""
    found = re.search(r'<html lang="([a-z]{2})"', html[:_HEAD])
    return language(found[1]) if found and found[1] in LANGUAGES else ENGLISH


def own_language() -> Language:
    """The language that JOULEMARK_LANG names, else English. Raises UnknownName."""
    return language(environment("JOULEMARK_LANG") or "en")
