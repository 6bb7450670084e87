"""`--lang fr`: before or after any command; the same figures, sentences in French, keys in English."""

import json
import re
import subprocess
import sys

import pytest
from told_figures import figures
from typer.testing import CliRunner

from bench.cli import estimate_line
from bench.cli.app import app
from bench.cli.language import first_word, taken
from bench.errors import BadInput
from bench.files.config import places
from bench.files.locales import language
from bench.phrases import speaking, told
from bench.report.stored import retold

LINE = ["--model", "llama-3.1-8b", "--in-tokens", "1155", "--out-tokens", "211", "--hardware", "h100"]
OWN = ["--model", "mistral-160m", "--in-tokens", "32", "--out-tokens", "64", "--region", "francecentral"]
# words of plain English that no name, source or key of these tables holds
_ENGLISH = re.compile(r"\b(the|of|is|are|and|not|with|needed|value|low|high|input|output|energy|request)\b")
_KEYS = (
    "repose sur",
    "calcul\u00a0: l’a priori a été nourri",
    "calcul\u00a0: request\u00a0: ",
)  # sources, term names


def estimate(capsys, *argv):
    code = estimate_line.main([*argv])
    return code, *capsys.readouterr()


def table_of(out):
    """The rows of the table: what stands before the notes."""
    return out.partition("\nnote")[0]


@pytest.mark.parametrize("more", [["--region", "usa", "--count", "1000000"], ["--region", "france"], []])
def test_figures_in_french_are_the_english_ones(capsys, more):
    english, french = (table_of(estimate(capsys, *LINE, *more, "--lang", lang)[1]) for lang in ("en", "fr"))
    assert figures(french) == figures(english)
    assert len(figures(english)) > 5
    assert "énergie" in french
    assert "kWh" in french


def test_nothing_but_names_and_sources_stays_english(capsys):
    market = ["--market-factor", "12.5", "--market-kind", "guarantee_of_origin"]
    for line in ([*LINE, "--region", "usa", *market], OWN, ["--model", "whisper-tiny", "--audio-seconds", "60"]):
        _, out, _ = estimate(capsys, *line, "--lang=fr", "--explain")
        said = [one for one in out.splitlines() if not one.startswith(_KEYS)]
        assert not [one for one in said if _ENGLISH.search(one)]


def test_json_keeps_its_keys_and_tells_its_sentences(capsys):
    english, french = (
        json.loads(estimate(capsys, *LINE, "--region", "usa", "--json", "--lang", lang)[1])
        for lang in ("en", "fr")
    )
    told = ("notes", "rests_on")
    assert {k: v for k, v in french.items() if k not in told} == {
        k: v for k, v in english.items() if k not in told
    }
    assert "pas de grammes selon le marché" in " ".join(french["notes"])


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--model", "lama", "--out-tokens", "1"], "modèle inconnu(e) 'lama'\u00a0: vouliez-vous dire"),
        ([*LINE, "--region", "frnce"], "vouliez-vous dire 'france' ou "),
        ([*LINE, "--chars", "9k"], "chars vaut '9k'\u202f; il faut un nombre seul"),
        ([*LINE, "--batch", "0"], "batch vaut 0\u202f; il faut un nombre de 1 à 100\u202f000"),
        ([*LINE, "--region", "france", "--grid", "direct"], "pas de facteur de ce type"),
        (["--model"], "est sans valeur"),
        (["--model", "whisper-tiny", "--audio-seconds", "9", "--shadow"], "ne comptent que des jetons"),
        (
            ["--model", "llama-3.1-405b", "--out-tokens", "9", "--cards", "1", "--hardware", "a100"],
            "ne tiennent pas",
        ),
    ],
)
def test_errors_are_told(capsys, argv, message):
    code, out, err = estimate(capsys, *argv, "--lang", "fr")
    assert code == 2
    assert message in err
    assert not out


def test_the_option_stands_anywhere_on_the_line(capsys):
    for argv in (["--lang", "fr", "older"], ["older", "--lang=fr"], ["older", "--lang", "FR"]):
        assert "comme il se devrait" in CliRunner().invoke(app, argv).output
    assert "as it should be" in CliRunner().invoke(app, ["older"]).output
    assert "comme il se devrait" in CliRunner().invoke(app, ["older"], env={"JOULEMARK_LANG": "fr"}).output
    assert (
        "as it should be"
        in CliRunner().invoke(app, ["older", "--lang", "en"], env={"JOULEMARK_LANG": "fr"}).output
    )


def test_a_process_reads_it_before_the_command_too():
    line = [sys.executable, "-m", "bench", "--lang", "fr", "estimate", "--model", "lama", "--out-tokens", "1"]
    done = subprocess.run(line, capture_output=True, text=True, cwd=places().checkout)
    assert done.returncode == 2
    assert done.stderr.startswith("joulemark: modèle inconnu")


def test_a_metered_commands_own_words_are_left_alone():
    mine = ["meter", "python", "x.py", "--lang", "fr"]
    assert taken(mine) == (None, mine)
    language, rest = taken(["--lang=fr", "meter", "--", "x", "--lang", "en"])
    assert (language.code, rest) == ("fr", ["meter", "--", "x", "--lang", "en"])
    assert first_word(["--lang", "fr", "--version", "older"]) == 3
    with pytest.raises(BadInput, match="said twice"):
        taken(["older", "--lang", "fr", "--lang", "en"])


def test_english_loads_no_catalogue():
    code = (
        "import sys; from bench.__main__ import main\n"
        f"sys.argv = ['joulemark', 'estimate', *{LINE!r}]\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "sys.exit('gettext' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=places().checkout).returncode == 0


def test_notes_of_published_coefficients_are_told():
    found = set()
    for path in (places().checkout / "results").glob("**/coefficients/*.json"):
        for one in json.loads(path.read_text()).get("coefficients", ()):
            found |= {*one.get("notes", ()), *one.get("not_identified", {}).values()}
    assert len(found) > 20
    with speaking(language("fr")):
        assert [note for note in found if told(retold(note)) == note] == []
