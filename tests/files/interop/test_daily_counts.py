"""Daily counts in the older calculators' YAML: what is there, what is missing, what is wrong and where."""

from datetime import date
from pathlib import Path

import pytest

from bench.errors import BadDeclaration
from bench.files.interop.daily_counts import PROFILES, parse_daily_counts, read_daily_counts

WEEK = Path(__file__).parents[2] / "golden" / "older" / "week.yaml"


def counted(body, **kwargs):
    return parse_daily_counts(f"genai:\n{body}".encode(), "f.yaml", **kwargs)


def test_a_week_of_calls():
    found = read_daily_counts(WEEK)

    chats, translations = found.services
    assert (chats.kind, chats.calls, len(chats.days), chats.missing) == ("chatbots", 605, 7, ())
    assert (chats.days[0].day, chats.days[0].count, chats.days[0].line) == (date(2026, 3, 2), 120, 5)
    assert chats.days[-1].count == 0
    assert translations.missing == tuple(date(2026, 3, day) for day in (3, 4, 5))
    assert found.description == "Invented counts."


def test_what_a_sum_leaves_out_is_said():
    """Days that are missing are not zero; kinds that end apart; sections that are not read."""
    assert read_daily_counts(WEEK).notes == (
        "translations: 3 of 5 days are missing, not zero: 2026-03-03, 2026-03-04, 2026-03-05",
        "kinds do not span the same days: chatbots 2026-03-02 to 2026-03-08; "
        "translations 2026-03-02 to 2026-03-06",
        "not read: session",
    )


def test_a_whole_week_has_nothing_to_say():
    found = counted("  chatbots:\n  - {date: '2026-03-03', count: 2}\n  - {date: '2026-03-02', count: 1}\n")

    assert found.notes == ()
    assert [one.count for one in found.services[0].days] == [1, 2]


def test_five_missing_days_are_all_named():
    found = counted("  chatbots:\n  - {date: 2026-03-01, count: 2}\n  - {date: 2026-03-07, count: 1}\n")

    assert found.notes[0].endswith("not zero: 2026-03-02, 2026-03-03, 2026-03-04, 2026-03-05, 2026-03-06")


def test_many_missing_days_are_counted_and_five_named():
    found = counted("  chatbots:\n  - {date: 2026-03-01, count: 2}\n  - {date: 2026-03-31, count: 1}\n")

    assert found.notes[0].startswith("chatbots: 29 of 31 days are missing")
    assert found.notes[0].endswith("2026-03-06, …")


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        (
            "  chatbots:\n  - {date: 2026-03-01, count: 2}\n  - {date: '2026-03-01', count: 3}\n",
            4,
            "genai.chatbots[1].date is 2026-03-01, which line 3 counts already; needed is one entry a day",
        ),
        ("  chatbots:\n  - {date: 2026-03-01, count: -2}\n", 3, "genai.chatbots[0].count is '-2'"),
        ("  chatbots:\n  - {date: 2026-03-01, count: 1.5}\n", 3, "a whole number"),
        ("  chatbots:\n  - {date: 2026-03-01, count: true}\n", 3, "genai.chatbots[0].count is 'true'"),
        ("  chatbots:\n  - {date: 2026-03-01, count: '7'}\n", 3, "without its quotes"),
        ("  chatbots:\n  - {date: 2026-03-01, count: 1000000000001}\n", 3, "a whole number of 0 to"),
        ("  chatbots:\n  - {date: 2026-03-01}\n", 3, "genai.chatbots[0].count is missing"),
        (
            "  chatbots:\n  - {dat: 2026-03-01, count: 1}\n",
            3,
            "chatbots[0].dat is not known; did you mean 'date'?",
        ),
        ("  chatbots:\n  - {date: 01/03/2026, count: 1}\n", 3, "a day as 2026-11-21"),
        ("  chatbots:\n  - {date: 2026-02-29, count: 1}\n", 3, "genai.chatbots[0].date is '2026-02-29'"),
        ("  chatbots:\n  - {date: 2026-03-01 00:00:00 +02:00, count: 1}\n", 3, "a day as 2026-11-21"),
        ("  chatbots: 12\n", 2, "genai.chatbots is '12'; needed is a list"),
        ("  chatbots:\n  - 12\n", 3, "genai.chatbots[0] is '12'; needed is names with values"),
        ("  chatbots: []\n", 2, "needed is one day or more"),
        ("  chatbot: []\n", 2, "genai.chatbot is not known; did you mean 'chatbots'?"),
        ("  audio: []\n", 2, "known are description, chatbots, completions, translations"),
        ("  description: nothing\n", 1, "needed is one of chatbots, completions, translations"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(body, line, said):
    with pytest.raises(BadDeclaration) as refused:
        counted(body)

    assert refused.value.line == line
    assert said in str(refused.value)


def test_a_file_without_its_section_says_what_may_be_meant():
    with pytest.raises(BadDeclaration, match="genai is missing; is 'genia' in line 1 meant"):
        parse_daily_counts(b"genia:\n  chatbots: []\n", "f.yaml")


def test_a_service_of_the_user_s_own_is_read_where_it_is_named():
    found = counted("  audio:\n  - {date: 2026-03-01, count: 2}\n", kinds=(*PROFILES, "audio"))

    assert found.services[0].calls == 2
