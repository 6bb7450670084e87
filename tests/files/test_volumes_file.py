import pytest

from bench.errors import BadDeclaration
from bench.files.volumes import months_from, read_volumes

WHOLE = """
title = "Podcasts"
start = "2026-11"
months = 3
region = "francecentral"

[[flow]]
name = "podcasts"
model = "whisper-tiny"
per_month = {p10 = 400, p50 = 500, p90 = 700}
audio_seconds = {p10 = 60, p50 = 300, p90 = 900, most = 3600}
growth = {per_month = {p10 = -0.02, p50 = 0.04, p90 = 0.08}, known_months = 6}

[[flow]]
model = "mistral-7b"
hardware = "h100"
batch = 8
per_month = 2000
characters = {low = 3000, high = 5000}
languages = {fr = 0.6, en = 0.3, unknown = 0.1}
output_tokens = {values = [100, 200]}
growth = {kind = "saturating", per_month = 0.1, ceiling = {p10 = 5000, p50 = 6000, p90 = 9000}}
counted = 412
assumed = ["per_month"]

[[always_on]]
name = "the server"
watts = {p10 = 165, p50 = 195, p90 = 225}
"""
FLOW = '[[flow]]\nname = "calls"\nmodel = "whisper-tiny"\nper_month = 5\naudio_seconds = 60\n'


def read(tmp_path, text):
    path = tmp_path / "v.toml"
    path.write_text(text)
    return read_volumes(path)


def test_everything_that_a_file_may_say(tmp_path):
    found = read(tmp_path, WHOLE)
    assert (found.title, found.start, found.months, found.region) == ("Podcasts", "2026-11", 3, "francecentral")
    podcasts, articles = found.flows
    assert podcasts.requests.p90 == 700
    assert podcasts.growth.kind == "exponential"
    assert (podcasts.growth.factor.p10, podcasts.growth.known_months) == (0.98, 6)
    assert max(length for _, length in podcasts.input_lengths.points) == 3600
    assert articles.name == "mistral-7b 2"
    assert articles.wanted.batch == 8
    assert articles.shares == {"fr": 0.6, "en": 0.3, "unknown": 0.1}
    assert articles.output_tokens.mean == 150
    assert articles.growth.ceiling.p50 == 6000
    assert articles.counted == 412
    assert found.assumed == ((), ("per_month",))
    assert [(one.name, one.watts.p50, one.hours) for one in found.waiting] == [("the server", 195, 730.5)]


def test_what_is_not_said_has_its_default(tmp_path):
    found = read(tmp_path, '[[flow]]\nmodel = "intent-lstm"\nper_month = 5\n')
    assert (found.title, found.start, found.months, found.region, found.pue) == ("v", "", 12, "", None)
    assert found.flows[0].growth.kind == "none"
    assert found.flows[0].input_kind is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"no \[\[flow\]\]"),
        ("months = 0\n" + FLOW, "v.toml:1: months: expected at least 1, found 0"),
        ("months = 1.5\n" + FLOW, "months: expected a whole number"),
        ('start = "2026-13"\n' + FLOW, "expected a month as 2026-12, found '2026-13'"),
        ('regoin = "fr"\n' + FLOW, "unknown key; did you mean 'region'"),
        (FLOW + "lenght = 3\n", r"v.toml:6: flow\[0\].lenght: unknown key"),
        (FLOW + "characters = 3\n", "two counts of one input"),
        (FLOW + FLOW, "'calls' is there twice"),
        (FLOW.replace("= 5", "= nan"), "expected a finite number"),
        (FLOW.replace("= 5", "= -5"), "expected 0 to 1e[+]12, found -5"),
        (FLOW.replace("= 5", '= "many"'), r"v.toml:4: flow\[0\].per_month: expected a number"),
        (FLOW.replace("= 5", "= {p50 = 5}"), "p10: missing"),
        (FLOW.replace("= 5", "= {p10 = 9, p50 = 5, p90 = 6}"), "p10 ≤ p50 ≤ p90"),
        (FLOW.replace("= 60", "= -1"), "length of 0 or more, found -1"),
        (FLOW.replace("= 60", "= {low = 9, high = 3}"), "low ≤ high"),
        (FLOW.replace("= 60", "= {low = 9, p90 = 3}"), "unknown key"),
        (FLOW.replace("= 60", "= {values = []}"), "expected 1 to 100000 numbers, found 0"),
        (FLOW.replace("= 60", '= {values = [1, "x"]}'), "found the string 'x'"),
        (FLOW.replace("= 60", "= {values = [1, inf]}"), "found the number inf"),
        (FLOW + "growth = {per_month = -1}\n", r"v.toml:6: .*more than −1 \(nothing left\)"),
        (FLOW + "growth = {per_month = 4}\n", "0.04 is 4 %"),
        (FLOW + 'growth = {kind = "logistic", per_month = 0.1}\n', "one of none, exponential, saturating"),
        (FLOW + 'growth = {kind = "saturating", per_month = 0.1}\n', "without a ceiling"),
        (FLOW + "languages = {fr = 0.5, en = 0.4}\n", "add up to 0.9 .*; needed are shares"),
        (FLOW + "languages = {fre = 1.0}\n", "unknown language 'fre': did you mean 'fr'"),
        (FLOW + "history = [1, 2, 3]\n", "two counts of one thing"),
        (FLOW.replace("per_month = 5", "history = [1, 2]"), "v.toml:4: .*a history of 2 months; needed are 3"),
        (FLOW.replace("per_month = 5", "history = [1, 0, 3]"), "0 in a history; needed are counts above 0"),
        (FLOW.replace("per_month = 5", "history = [1, -2, 3]"), "found -2 among them"),
        (FLOW.replace("per_month = 5", "history = [1, true, 3]"), "found True in it"),
        (FLOW.replace("per_month = 5", "history = [1, 2, 3]") + "growth = {per_month = 0.1}\n", "unknown key"),
        (FLOW.replace("per_month = 5", "history = [1, 2, 3]") + 'growth = {kind = "saturating"}\n', "a ceiling"),
        (FLOW + 'assumed = ["lengths"]\n', "'lengths' is no key of this flow"),
        (FLOW + "counted = 0\n", "expected at least 1"),
        (FLOW.replace("whisper-tiny", "whi\\u0000sper"), "needed is a name"),
        (FLOW.replace('model = "whisper-tiny"\n', ""), "model: missing"),
        (FLOW + '[[always_on]]\nname = "x"\nwatts = -1\n', r"v.toml:8: always_on\[0\].watts: expected 0 to"),
        (FLOW + '[[always_on]]\nname = "x"\nwatts = 1\nhours_per_month = 900\n', "hours_per_month is 900"),
        ("flow = 3\n", "expected a list of tables"),
        ("= 3", "not valid TOML"),
    ],
)  # fmt: skip
def test_a_wrong_line_says_where_what_was_found_and_what_was_needed(tmp_path, text, message):
    with pytest.raises(BadDeclaration, match=message):
        read(tmp_path, text)


def test_a_history_is_level_and_growth(tmp_path):
    text = FLOW.replace("per_month = 5", "history = [100, 110, 121]")
    found = read(tmp_path, text + 'growth = {kind = "saturating", ceiling = 500}\n').flows[0]
    assert (found.growth.kind, found.growth.known_months, found.growth.since) == ("saturating", 3, 2)
    grown = read(tmp_path, text).flows[0].growth
    assert (grown.kind, grown.factor.p50) == ("exponential", pytest.approx(1.1))


def test_months_have_their_names():
    assert months_from("2026-11", 3) == ("2026-11", "2026-12", "2027-01")
    assert months_from("", 2) == ("1", "2")
