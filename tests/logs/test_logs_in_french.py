"""`joulemark logs` in French: the figures of the English table, reasons and notes told."""

from told_figures import figures
from typer.testing import CliRunner

from bench.cli.app import app

LOG = """time,model,in_tokens,out_tokens
2026-10-01T10:00:00Z,llama-3.1-8b,1155,211
2026-10-01T11:00:00Z,llama-3.1-8b,1155,-3
2026-10-03T11:00:00Z,mistral-7b,1155,30
"""


def logs(*argv):
    return CliRunner().invoke(app, ["logs", *map(str, argv)], catch_exceptions=False).stdout


def test_a_log_is_told_with_the_same_figures(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    line = [path, "--by", "day,model", "--hardware", "h100", "--region", "france"]
    english, french = logs(*line), logs(*line, "--lang", "fr")
    assert sorted(figures(french)) == sorted(figures(english))
    for said in ("requêtes", "sortie négative", "1 jour sans ligne", "poids de 16 bits supposés", "repose sur"):
        assert said in french
    assert "weights" not in french


def test_a_csv_for_a_french_spreadsheet(tmp_path):
    path, out = tmp_path / "log.csv", tmp_path / "out.csv"
    path.write_text(LOG)
    logs(path, "--by", "day", "--hardware", "h100", "--csv", out, "--csv-style", "fr")
    head, first, *_ = out.read_text("utf-8-sig").splitlines()
    assert head.startswith("day;rows;requests;")
    assert float(first.split(";")[6].replace(",", ".")) > 0
