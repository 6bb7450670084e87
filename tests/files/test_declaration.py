"""A wrong declaration says file, line, and what was expected."""

import pytest

from bench.errors import BadDeclaration
from bench.files.declaration import read_table


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "it.toml"
        path.write_text(text)
        return read_table(path)

    return write


def test_an_unknown_key_names_its_line_and_the_nearest(table):
    """A typo is found where it stands."""
    found = table('title = "x"\nprompt_token = 4\n')
    found.text("title")
    found.integer("prompt_tokens", 3)

    with pytest.raises(
        BadDeclaration, match=r"it\.toml:2: prompt_token: unknown key; did you mean 'prompt_tokens'"
    ):
        found.finish()


def test_a_wrong_unit_is_recognised(table):
    """A quantity in another unit is not taken for an absent one."""
    with pytest.raises(BadDeclaration, match="found 'tdp_kw' in its place"):
        table("tdp_kw = 0.7\n").number("tdp_w")


@pytest.mark.parametrize(
    ("text", "message"),
    [('tdp_w = "70"', "it.toml:1: tdp_w: expected a number, found the string '70'"),
     ("tdp_w = true", "expected a number, found True"),
     ("tdp_w = nan", "expected a finite number"),
     ("tdp_w = -1", "expected at least 0, found -1")],
)  # fmt: skip
def test_a_wrong_type_or_value_says_what_was_expected(table, text, message):
    """Types are strict: text is no number, true is not 1."""
    with pytest.raises(BadDeclaration) as caught:
        table(text).number("tdp_w", least=0)
    assert message in str(caught.value)


def test_an_entry_of_a_list_of_tables_is_numbered_with_its_line(table):
    """The second [[clip]] is told from the first."""
    found = table('[[clip]]\nfile = "a"\n[[clip]]\nfile = 3\n')

    with pytest.raises(BadDeclaration, match=r"it\.toml:4: clip\[1\]\.file"):
        [clip.text("file") for clip in found.tables("clip")]


def test_text_that_is_not_toml_names_the_line(table):
    """A parse error is an error of the file, not of Joulemark."""
    with pytest.raises(BadDeclaration, match=r"it\.toml:2"):
        table("a = 1\nb = = 2\n")
