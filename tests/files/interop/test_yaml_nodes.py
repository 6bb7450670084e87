"""YAML of others is read as text with its place; what may be misread, or blow up, is refused with its line."""

import subprocess
import sys

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BadDeclaration, BadInput
from bench.files.interop.yaml_nodes import parse_yaml, read_yaml
from bench.files.interop.yaml_words import comment, number, quoted, word


def parsed(text):
    return parse_yaml(text.encode(), "f.yaml")


def test_scalars_stay_what_was_written():
    """NO is Norway, 08:30 and 1_0 are texts; YAML 1.1 has false, 510 and 10."""
    root = parsed("a: NO\nb: 08:30\nc: 1_0\nd: ~\ne: 'null'\n")

    assert [root.of(name).text() for name in "abcde"] == ["NO", "08:30", "1_0", "", "null"]


def test_places_are_lines_and_paths():
    root = parsed("regions:\n  france:\n    pue: 1.2\nlist:\n- a\n- b: 3\n")

    assert (root.of("regions").of("france").of("pue").line, root.of("list").listed()[1].of("b").path) == (
        3,
        "list[1].b",
    )


def test_a_byte_order_mark_is_no_text():
    assert parse_yaml("\ufeffa: 1".encode(), "f").of("a").number(0, 9) == 1


BOMB = "\n".join(
    ["a: &a [x, x, x, x, x, x, x, x, x]"]
    + [f"{b}: &{b} [{', '.join(9 * ['*' + a])}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (BOMB, 2, "b[0] is an alias (*a); write it out"),
        ("a: 1\nb:\n  c: 2\n  c: 3\n", 4, "b.c stands twice, in line 3 too"),
        ("a: !!python/object/apply:os.system [x]", 1, "has the tag"),
        ("a: 1\n---\nb: 2\n", 2, "a second document"),
        ("[" * 40 + "]" * 40, 1, "nested more than 16 deep"),
        ("a: b: c", 1, "no YAML: mapping values are not allowed"),
        ("a: [1, 2\n", 2, "no YAML"),
        ("a: \x00", None, "no YAML: unacceptable character"),
        ("", None, "nothing in it"),
        ("# a comment alone\n", None, "nothing in it"),
        ("? [a, b]\n: 1\n", 1, "is no text"),
    ],
)
def test_what_is_refused_names_its_line(text, line, said):
    with pytest.raises(BadDeclaration) as refused:
        parsed(text)

    assert refused.value.line == line
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "ask", "said"),
    [
        ("a: [1]", lambda n: n.number(0, 1), "a is a list; needed is a number of 0 to 1"),
        ("a: abc", lambda n: n.number(0, 1), "a is 'abc'; needed is a number"),
        ("a:", lambda n: n.number(0, 1), "f.yaml:1: a is empty; needed is a number"),
        ("a: '1'", lambda n: n.number(0, 1), "without its quotes"),
        ("a: .nan", lambda n: n.number(0, 1), "a is '.nan'"),
        ("a: 1e999", lambda n: n.number(0, 1), "a is '1e999'"),
        ("a: -1", lambda n: n.number(0, 1), "a is '-1'"),
        ("a: 0x10", lambda n: n.number(0, 99), "a is '0x10'"),
        ("a: 1.0", lambda n: n.whole(9), "a whole number of 0 to 9"),
        ("a: -3", lambda n: n.whole(9), "a is '-3'"),
        ("a: 99999999999999999999999", lambda n: n.whole(9), "a whole number"),
        ("a: true", lambda n: n.whole(9), "a is 'true'"),
        ("a: 2026-02-30", lambda n: n.day(), "a day as 2026-11-21"),
        ("a: 2026-02-03T00:00:00Z", lambda n: n.day(), "a day as 2026-11-21"),
        ("a: 1926-02-03", lambda n: n.day(), "of 2000 to 2100"),
        ("a: [2026-02-03]", lambda n: n.day(), "a is a list; needed is a day"),
        ("a: ٢٠٢٦-٠٢-٠٣", lambda n: n.day(), "a day as"),
        ("a: {b: 1}", lambda n: n.text(), "a is names with values; needed is text"),
        ("a: x", lambda n: n.named(), "needed is names with values"),
        ("a: x", lambda n: n.listed(), "needed is a list"),
        ("a: {conut: 1}", lambda n: n.of("count"), "a.count is missing; is 'conut' in line 1 meant?"),
        ("a: {conut: 1}", lambda n: n.named(("date", "count")), "a.conut is not known; did you mean 'count'?"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_needed(text, ask, said):
    with pytest.raises(BadDeclaration) as refused:
        ask(parsed(text).of("a"))

    assert said in str(refused.value)


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "latin").write_bytes("é: 1".encode("latin-1"))
    (tmp_path / "big").write_bytes(b"#" * (16 * 1024**2 + 1))

    for name, said in (("none", "No such file"), ("latin", "no text in UTF-8"), ("big", "more than 16 MiB")):
        with pytest.raises(BadInput, match=said):
            read_yaml(tmp_path / name)


def test_sixteen_lists_deep_is_read_and_one_more_is_not():
    parsed("a: " + "[" * 15 + "x" + "]" * 15)
    with pytest.raises(BadDeclaration, match="nested more than 16 deep"):
        parsed("a: " + "[" * 16 + "x" + "]" * 16)


def test_bounds_are_within():
    root = parsed("least: 0\nmost: 9\nfirst: 2000-01-01\nlast: 2100-12-31")

    assert (root.of("least").whole(9), root.of("most").whole(9)) == (0, 9)
    assert (root.of("first").day().year, root.of("last").day().year) == (2000, 2100)


def test_half_a_surrogate_pair_is_no_character_of_a_file():
    assert quoted("\ud800\udfff\ud7ff") == '"\\uFFFD\\uFFFD\\uD7FF"'


def test_what_can_be_read_is_not_escaped():
    """The rest has the shortest escape that YAML knows."""
    assert quoted('Élan "vital" 🙂') == '"Élan \\"vital\\" 🙂"'
    assert quoted("\x00\x7f\u2028\uffff\U000e0001") == '"\\x00\\x7F\\u2028\\uFFFF\\U000E0001"'


@given(st.text())
def test_text_comes_back_from_quotes_by_either_reader(text):
    """Ours, and PyYAML's own, which the older calculators call."""
    meant = text.encode("utf-8", "replace").decode() if text.isascii() else text
    written = f"a: {quoted(meant)}\n"

    assert parsed(written).of("a").text() == meant
    assert yaml.safe_load(written) == {"a": meant}


@given(st.text(min_size=1))
def test_a_name_comes_back_as_a_key(text):
    written = f"{word(text)}: 1\n# \n{comment(text)}\n"

    assert yaml.safe_load(written) == {text: 1}
    assert list(parsed(written).named()) == [text]


@pytest.mark.parametrize("name", ["no", "Yes", "on", "null", "y", "1", "a: b", "~", ""])
def test_names_that_a_reader_takes_for_something_else_are_quoted(name):
    assert word(name).startswith('"')


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=0))
def test_a_number_comes_back_by_either_reader(value):
    """1e-05 is text to YAML 1.1; 1.0e-05 is a number to all."""
    written = f"a: {number(value)}\n"

    assert parsed(written).of("a").number(0, 1.8e308) == value
    assert yaml.safe_load(written) == {"a": value}


def test_yaml_is_imported_when_a_file_is_read():
    code = "import sys, bench.files.interop.daily_counts; sys.exit('yaml' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
