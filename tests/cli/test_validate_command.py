"""`joulemark validate` as CSV and in French."""

import csv
import io
import json

import pytest
from fit.measured_csv import rows, write
from told_figures import figures
from typer.testing import CliRunner

from bench.cli.app import app
from bench.errors import BadInput, UnknownName


def validate(*argv):
    return CliRunner().invoke(app, ["validate", *map(str, argv)], catch_exceptions=False)


@pytest.fixture
def table(tmp_path):
    return write(tmp_path / "a.csv", rows())


@pytest.mark.parametrize(("style", "delimiter", "decimal"), [("plain", ",", "."), ("fr", ";", ",")])
def test_groups_as_csv_are_those_of_the_json(table, style, delimiter, decimal):
    groups = json.loads(validate(table, "--json").stdout)["groups"]
    found = list(
        csv.DictReader(io.StringIO(validate(table, "--csv", "--csv-style", style).stdout), delimiter=delimiter)
    )
    assert len(found) == len(groups)
    for row, group in zip(found, groups, strict=True):
        assert row["source"] == group["source"]
        assert row["in_sample"] == str(group["in_sample"]).lower()
        assert float(row["median_ape"].replace(decimal, ".")) == pytest.approx(group["median_ape"], rel=1e-6)


def test_rows_of_a_french_spreadsheet(tmp_path, table):
    plain, french = tmp_path / "plain.csv", tmp_path / "fr.csv"
    validate(table, "--rows", plain)
    validate(table, "--rows", french, "--csv-style", "fr")
    ours = list(csv.DictReader(io.StringIO(plain.read_text("utf-8"))))
    theirs = list(csv.DictReader(io.StringIO(french.read_text("utf-8-sig")), delimiter=";"))
    assert [float(row["value_j"]) for row in ours] == [float(row["value_j"].replace(",", ".")) for row in theirs]
    assert french.read_bytes().startswith(b"\xef\xbb\xbf")


def test_the_table_in_french_has_the_same_figures(table):
    english, french = validate(table).stdout, validate(table, "--lang", "fr").stdout
    assert "médiane" in french
    assert "refusées" in french
    assert figures(french) == figures(english)
    assert len(figures(english)) > 10


def test_what_cannot_be_is_refused(table):
    with pytest.raises(BadInput, match="two answers"):
        validate(table, "--csv", "--json")
    with pytest.raises(UnknownName, match="did you mean 'fr'"):
        validate(table, "--csv", "--csv-style", "fra")
