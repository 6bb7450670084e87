"""The table of engines says what it was given: a goal is met where it is, and missed where it is not."""

import json
from dataclasses import replace

import pytest

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")
pytest.importorskip("numpy", reason="tiny models are made with it")
import engines_docs
import engines_faults
import engines_intent
import engines_lag
import engines_peers
import perf_table
from engines_achieved import Done, found
from engines_design import Design
from perf_engines import TABLE
from perf_goals import Goal, Section, folded, goal_lines, markdown_table, short
from perf_table import printed
from sim.injected import TIMEOUT_S, Case, Struck

from bench.nouns import Outcome, Usage

SOUND = engines_lag.Round(
    bare_ms=1.0, sent_ms=3.0, answered=[(32, 16), (33, 16)], pieces=32, failed=0, truth=[(33, 16), (32, 16)]
)


def met(section):
    return [goal.met for goal in section.goals]


def test_lag_is_held_against_the_bare_schedule_of_its_own_round():
    late = replace(SOUND, sent_ms=7.5)

    assert met(engines_lag.found([SOUND, SOUND, late], 0.5)) == [True, True]
    assert met(engines_lag.found([late, SOUND, late], 0.5)) == [False, True]
    assert met(engines_lag.found([replace(late, bare_ms=6.0)], 0.5)) == [True, True]


@pytest.mark.parametrize(
    "wrong",
    [
        {"answered": [(32, 15), (33, 17)]},  # one lost and one twice: the sum is right
        {"answered": [(32, 16)], "pieces": 32},
        {"truth": [(32, 16)]},
        {"pieces": 31},
        {"failed": 1},
    ],
)
def test_a_token_lost_here_and_one_twice_there_do_not_cancel(wrong):
    assert met(engines_lag.found([SOUND, replace(SOUND, **wrong)], 0.5)) == [True, False]


def a_round(ttft_ms=10.0, tpot_ms=4.0, tokens=((32, 16),), astray=0):
    return engines_peers.Round(
        ttft_ms=ttft_ms, tpot_ms=tpot_ms, server_ttft_ms=9.0, server_tpot_ms=4.0, requests=len(tokens),
        astray=astray, tokens=tokens,
    )  # fmt: skip


def test_tools_agree_to_either_side_within_their_spread():
    steady = [a_round(), a_round(10.1)]
    assert met(engines_peers.found({"joulemark": steady, "AIPerf": steady})) == [True, True, True]
    for apart_ms in (7.0, 9.2, 10.9, 13.0):
        other = [a_round(apart_ms), a_round(apart_ms + 0.1)]
        section = engines_peers.found({"joulemark": steady, "AIPerf": other})
        assert met(section) == [False, True, True]
        nearer = "theirs" if apart_ms == 9.2 else "ours"
        assert f"beyond the spread: {nearer} is nearer to the server's own log" in section.goals[0].found
    near = [a_round(10.3), a_round(10.4)]  # within a twentieth of the server's own
    assert met(engines_peers.found({"joulemark": steady, "AIPerf": near})) == [True, True, True]
    for apart_ms, agree in ((4.1, True), (4.3, False), (3.7, False)):
        other = [a_round(tpot_ms=apart_ms), a_round(tpot_ms=apart_ms)]
        assert met(engines_peers.found({"joulemark": steady, "AIPerf": other}))[1] is agree
    scattered = [a_round(5.0), a_round(20.0)]
    assert met(engines_peers.found({"joulemark": steady, "AIPerf": scattered})) == [True, True, True]


def test_other_tokens_by_either_are_missed():
    steady = [a_round(), a_round()]
    for other in ([a_round(astray=1), a_round()], [a_round(tokens=((31, 16),)), a_round()]):
        assert met(engines_peers.found({"joulemark": steady, "AIPerf": other})) == [True, True, False]


def test_a_round_is_held_against_its_own_part_of_the_servers_log():
    """Probes came before it, and requests after those that count."""

    def line(tokens, ttft_ms):
        return {"prompt_tokens": tokens, "output_tokens": 5, "received_ns": 0,
                "first_sent_ns": ttft_ms * 1_000_000, "end_sent_ns": (ttft_ms + 8) * 1_000_000}  # fmt: skip

    log = [line(1, 500), line(32, 10), line(33, 20), line(99, 700)]
    played = engines_peers.Played(ttft_s=(0.011, 0.021), tpot_s=(0.002, 0.002), tokens=((32, 5), (33, 5)), more=1)

    got = engines_peers.beside(played, log)
    assert (got.astray, got.server_ttft_ms, got.server_tpot_ms, got.requests) == (0, 15.0, 2.0, 2)
    assert got.ttft_ms == pytest.approx(16.0)
    assert engines_peers.beside(replace(played, tokens=((32, 5), (33, 4))), log).astray == 1
    assert engines_peers.beside(replace(played, failed=2), log).astray == 2


def test_prompts_of_all_rounds_are_the_requests_asked_and_begin_differently():
    prompts = [one for number in range(engines_peers.ROUNDS) for one in engines_peers.prompts_of(number)]

    assert len({" ".join(one.split()[:3]) for one in prompts}) == len(prompts) == engines_peers.REQUESTS == 500


def test_a_tool_that_is_not_here_is_skipped_in_words(monkeypatch):
    for variable, _ in engines_peers.PEERS.values():
        monkeypatch.setenv(variable, "no-such-command")

    section = engines_peers.section()
    assert met(section) == [None, None]
    assert all("skipped" in goal.found for goal in section.goals)


def an_outcome(output=16, asked=16, **more):
    return Outcome(
        request_id="r", batch_id=0, start_ns=0, first_output_ns=None, end_ns=1000,
        requested=Usage(requests=1, prompt_tokens=9, output_tokens=asked),
        achieved=Usage(requests=1, prompt_tokens=9, output_tokens=output), **more,
    )  # fmt: skip


def done(engine="echo", outcomes=None, **more):
    given = [an_outcome()] if outcomes is None else outcomes
    return Done(engine=engine, model="m", outcomes=tuple(given), **more)


@pytest.mark.parametrize(
    ("one", "holds"),
    [
        (done(), True),
        (done(outcomes=[an_outcome(output=15)]), False),  # in process: exactly what was asked
        (done(outcomes=[an_outcome(output=15)], truth=((9, 15),)), True),  # a server's, and in the record
        (done(outcomes=[an_outcome()], truth=((9, 15),)), False),  # it did less than the record says
        (done(outcomes=[an_outcome(error="broke")]), False),
        (done(outcomes=(), why="it does not load"), False),
        (done(outcomes=(), why="skipped: not here", skipped=True), True),
    ],
)
def test_work_that_differs_is_missed_unless_a_servers_log_bears_it_out(one, holds):
    assert met(found([one], [], ["echo"])) == [holds]


def test_an_engine_without_a_case_is_missed():
    """Whoever adds an engine adds its requests here."""
    assert met(found([done()], [], ["echo", "new-engine"])) == [False]


def test_every_engine_that_is_registered_has_a_case(tmp_path):
    import engines_achieved

    from bench.files.registry import engine_names

    local = {job.engine for job in engines_achieved.local_jobs(tmp_path)} | {"ffmpeg"}
    assert set(engine_names()) == local | {"openai_http", "ollama", "http"}


def test_a_design_of_what_was_asked_is_missed():
    right = Design(
        engine="ollama", requests=4, asked=64, achieved=40, log=40, rows=40, rate_ratio=1.0, flagged=True
    )

    assert right.goal().met
    for wrong in ({"rows": 64}, {"achieved": 64, "rows": 64}, {"rate_ratio": 0.625}, {"flagged": False},
                  {"asked": 40}):  # fmt: skip
        assert not replace(right, **wrong).goal().met


def struck(cause="status", took_s=0.1, figures=0, injected=True):
    failed = replace(
        an_outcome(), end_ns=round(took_s * 1e9), achieved=Usage(requests=0), error="HTTP 500", cause=cause
    )
    return Struck(before=an_outcome(), struck=failed, injected=injected, figures=figures)


def short_struck():
    return Struck(before=an_outcome(), struck=an_outcome(output=8), injected=True, figures=3)


def faults(one, sound_figures=3):
    told = [
        (Case(engine="ollama", stage="before connect", fault="status", said=("status",)), one),
        (Case(engine="ollama", stage="in the usage", fault="stop_short", said=("short",)), short_struck()),
    ]
    return met(engines_faults.found(told, sound_figures))


def test_a_fault_is_missed_by_a_wrong_name_a_hang_or_a_figure():
    assert faults(struck()) == [True, True, True, True]
    assert faults(struck(cause="timeout")) == [False, True, True, True]
    assert faults(struck(injected=False)) == [False, True, True, True]
    assert faults(struck(took_s=TIMEOUT_S + 0.5)) == [True, False, True, True]
    assert faults(struck(figures=1)) == [True, True, False, True]
    assert faults(struck(), sound_figures=0) == [True, True, False, True]  # a fit that never makes any


def told(f1=(0.91, 0.88, 0.93), ratio=(0.7, 0.6, 0.8)):
    one = {"macro_f1": list(f1), "time_ratio": [1.0, 1.0, 1.0], "size_mb": 20.0, "ms_a_sentence": 0.2}
    return {"sentences": 480, "variants": {"fp32": one, "int8": {**one, "time_ratio": list(ratio)}}}


def test_an_intent_model_that_is_too_bad_or_too_good_is_missed():
    assert met(engines_intent.found(told())) == [True, True]
    assert met(engines_intent.found(told(f1=(0.89, 0.86, 0.92)))) == [False, True]
    assert met(engines_intent.found(told(f1=(1.0, 1.0, 1.0)))) == [False, False]
    assert met(engines_intent.found(told(ratio=(0.7, 0.7, 0.7)))) == [True, False]


def a_section(met=True):
    goal = Goal(name="a name " * 20, asked="something", found="what was found " * 20, met=met)
    return Section(title="Words", head=("a", "b"), rows=(("1", "long " * 40), ("2", "|")), goals=(goal,))


def test_no_line_is_wider_than_a_terminal(capsys):
    code = printed(TABLE, ["--only", "faults,lag"], measure=lambda name: a_section(name == "lag"))

    lines = capsys.readouterr().out.splitlines()
    assert code == 1
    assert max(map(len, lines)) <= perf_table.WIDTH
    assert lines[-1] == "1 of 2 goals met, 0 skipped"


def test_a_skipped_goal_is_neither_met_nor_missed(capsys):
    assert printed(TABLE, ["--only", "lag", "--json"], measure=lambda _: a_section(None)) == 0
    assert json.loads(capsys.readouterr().out)["sections"]["lag"]["goals"][0]["met"] is None


@pytest.mark.parametrize("arguments", [["--only", "lag,nothing"], ["--only", "lag", "--keep"]])
def test_half_a_table_is_not_kept_and_a_section_that_is_none_is_refused(arguments, tmp_path):
    """Where nothing is kept yet, half of it would be taken for all."""
    with pytest.raises(SystemExit) as ended:
        printed(replace(TABLE, kept=tmp_path / "t.json"), arguments, measure=lambda _: a_section())
    assert ended.value.code == 2


def test_a_section_that_is_kept_anew_bears_its_own_date(tmp_path, capsys):
    """The others stay as they were, with the table's date."""
    table = replace(TABLE, kept=tmp_path / "t.json")
    printed(table, ["--keep"], measure=lambda _: a_section(None))
    printed(table, ["--keep", "--only", "lag"], measure=lambda _: a_section())
    data, sections = perf_table.read(table.kept)

    assert tuple(sections) == TABLE.names
    assert [name for name in TABLE.names if sections[name].goals[0].met] == ["lag"]
    assert [name for name in TABLE.names if perf_table.dated(data, name)] == ["lag"]
    assert perf_table.dated(data, "lag").endswith(data["date"])
    capsys.readouterr()


def test_what_is_kept_makes_the_page(tmp_path, capsys):
    """Every section, every goal, no bar that would break a table."""
    table = replace(TABLE, kept=tmp_path / "docs" / "engines.json")
    (tmp_path / "docs").mkdir()
    assert printed(table, ["--keep"], measure=lambda name: a_section(name != "faults")) == 1

    page = engines_docs.page(table.kept)
    assert page.count("## Words") == len(TABLE.names)
    assert page.count("| **no** |") == 1
    assert "\\|" in page
    assert short(list(perf_table.read(table.kept)[1].values()))
    capsys.readouterr()


def test_tables_are_folded_in_their_last_column():
    text = folded(("a", "b"), [("x", "word " * 30)], 40)

    assert all(line.startswith("   ") for line in text.splitlines()[2:])
    assert text.count("word") == 30
    assert markdown_table(("a",), [("x",)]) == ["| a |", "|---|", "| x |"]
    assert goal_lines([Goal(name="n", asked="a", found="f", met=None)], 80).startswith("·  n")
