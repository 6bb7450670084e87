"""CSV for programs and for French spreadsheets."""

import io

import pytest

from bench.errors import BadInput, UnknownName
from bench.files.csv_out import style_of, write_table

HEAD = ("model", "kwh", "n", "known")
ROWS = [("a;b", 0.12345678901, 3, True), ("=cmd()", None, -1, False)]


def test_a_stream_gets_commas_and_points():
    out = io.StringIO()
    write_table(out, HEAD, ROWS)
    assert out.getvalue() == "model,kwh,n,known\na;b,0.1234568,3,true\n=cmd(),,-1,false\n"


def test_a_french_spreadsheet_gets_commas_a_mark_and_no_formula(tmp_path):
    path = tmp_path / "a.csv"
    write_table(path, HEAD, ROWS, delimiter=";", decimal=",")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert path.read_text("utf-8-sig") == 'model;kwh;n;known\n"a;b";0,1234568;3;true\n\'=cmd();;-1;false\n'


def test_one_sign_for_two_things_is_refused():
    with pytest.raises(BadInput, match="needed are two signs"):
        write_table(io.StringIO(), HEAD, ROWS, delimiter=",", decimal=",")


def test_an_unknown_style_names_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'plain'"):
        style_of("plan")
