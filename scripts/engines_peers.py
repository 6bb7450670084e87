"""The same requests by AIPerf, by guidellm and by `run endpoint`, against one server, in turns.

Peers are found by JOULEMARK_AIPERF and JOULEMARK_GUIDELLM (their commands) or on PATH. Each round has prompts of
its own, and every tool plays all of them, one at a time. Each is held against the server's own log of them.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perf_goals import Goal, Section
from sim.served import simulated_server

from bench.files.interop.readers import read_load_result
from bench.files.layout import run_folders
from bench.files.store import read_sealed
from bench.stats import deviation, mean, t95

REQUESTS, ROUNDS = 500, 5
A_ROUND = REQUESTS // ROUNDS
PROMPT_TOKENS, OUTPUT_TOKENS = 32, 16
PEERS = {"AIPerf": ("JOULEMARK_AIPERF", "aiperf"), "guidellm": ("JOULEMARK_GUIDELLM", "guidellm")}
OURS = "joulemark"
SLACK = 0.05  # chosen: two clients in two event loops; a smaller difference is of no consequence
_LONGEST_REQUEST_S = 0.11  # ours plays for a time, not a number: so long for each, of which the first ones count
# a chat's template adds four tokens on the simulated server, and a word of four letters is one token
_WORDS = PROMPT_TOKENS - 4
# AIPerf loads a tokenizer even where the server counts, and asks a hub for one: this one knows nothing
_TOKENIZER: Mapping[str, Any] = {
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
    "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
    "model": {"type": "WordLevel", "vocab": {"<unk>": 0}, "unk_token": "<unk>"},
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What one tool said of its requests in one round: times (s) of each, and its tokens."""

    ttft_s: tuple[float, ...]
    tpot_s: tuple[float, ...]
    tokens: tuple[tuple[int | None, int | None], ...]  # of prompt and output; None: not counted
    failed: int = 0
    more: int = 0  # requests after those that count: the server's log holds them too


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The same, as means (ms), beside the server's own of the same requests."""

    ttft_ms: float
    tpot_ms: float
    server_ttft_ms: float  # from the request received to its first token handed out
    server_tpot_ms: float
    requests: int
    astray: int  # requests that failed, or of which the tool and the server count other tokens
    tokens: tuple[tuple[int, int], ...]  # by the server, in the order of the requests


Play = Callable[[str, Path, Sequence[str]], Played]


def section() -> Section:
    """TTFT, TPOT and tokens of every tool that is here."""
    tools: dict[str, Play] = {OURS: _ours}
    goals = []
    for name, (variable, command) in PEERS.items():
        if path := shutil.which(os.environ.get(variable) or command):
            tools[name] = _PLAYS[name](path)
        else:
            why = f"skipped: no {command} on PATH, and {variable} names none"
            goals.append(Goal(name=f"{name} and `run endpoint` on the same requests", asked="agreement",
                              found=why, met=None))  # fmt: skip
    rounds = _rounds(tools) if len(tools) > 1 else {}
    return found(rounds, goals)


def _rounds(tools: Mapping[str, Play]) -> Mapping[str, Sequence[Round]]:
    """Every tool's rounds, in turns, each round beginning with another tool."""
    found: dict[str, list[Round]] = {name: [] for name in tools}
    with tempfile.TemporaryDirectory() as folder, simulated_server(_made(Path(folder) / "server")) as server:
        for number in range(ROUNDS):
            prompts = prompts_of(number)
            names = list(tools)
            for name in (*names[number % len(names) :], *names[: number % len(names)]):
                played = tools[name](server.url, _made(Path(folder) / f"{name}-{number}"), prompts)
                found[name].append(beside(played, server.truth().requests))
    return found


def prompts_of(number: int) -> list[str]:
    """A round's prompts: no two begin alike, each of as many words as make the tokens asked."""
    first = number * A_ROUND
    return [
        " ".join(f"{chr(97 + (i + j) % 26)}{i:03d}" for j in range(_WORDS)) for i in range(first, first + A_ROUND)
    ]


def beside(played: Played, log: Sequence[Mapping[str, Any]]) -> Round:
    """The round, and the server's own of the same requests: probes and warm-up came before, `more` after them."""
    count = len(played.tokens)
    end = len(log) - played.more
    mine = log[end - count : end]
    truth = tuple((r["prompt_tokens"], r["output_tokens"]) for r in mine)
    astray = sum(told != true for told, true in zip(played.tokens, truth, strict=True))
    return Round(
        ttft_ms=mean(played.ttft_s) * 1e3,
        tpot_ms=mean(played.tpot_s) * 1e3,
        server_ttft_ms=mean([(r["first_sent_ns"] - r["received_ns"]) * 1e-6 for r in mine]),
        server_tpot_ms=mean([_tpot_ms(r) for r in mine]),
        requests=count,
        astray=max(astray, played.failed),
        tokens=truth,
    )


def _tpot_ms(request: Mapping[str, Any]) -> float:
    tokens: int = request["output_tokens"]
    span_ns: int = request["end_sent_ns"] - request["first_sent_ns"]
    return span_ns * 1e-6 / max(1, tokens - 1)


def found(rounds: Mapping[str, Sequence[Round]], goals: Sequence[Goal] = ()) -> Section:
    """What the rounds add up to."""
    rows = [
        (
            name,
            f"{sum(r.requests for r in some)}",
            *(cell for t in ("ttft_ms", "tpot_ms") for cell in _cells(some, t)),
        )
        for name, some in rounds.items()
    ]
    made = [goal for name in rounds if name != OURS for goal in _compared(name, rounds[name], rounds[OURS])]
    return Section(
        title=f"The same {REQUESTS} requests by other load generators, in {ROUNDS} rounds, one at a time",
        head=("tool", "requests", "TTFT, ms", "above the server's", "TPOT, ms", "above the server's"),
        rows=tuple(rows),
        goals=(*goals, *made),
    )


def _cells(rounds: Sequence[Round], name: str) -> tuple[str, str]:
    return f"{mean([getattr(r, name) for r in rounds]):.2f}", _range(_above(rounds, name))


def _above(rounds: Sequence[Round], name: str) -> list[float]:
    """By how much the tool's mean is above the server's own of the same requests, in each round (ms)."""
    return [getattr(r, name) - getattr(r, f"server_{name}") for r in rounds]


def _compared(name: str, theirs: Sequence[Round], ours: Sequence[Round]) -> Iterator[Goal]:
    for what, key in (("TTFT", "ttft_ms"), ("TPOT", "tpot_ms")):
        a, b = _above(theirs, key), _above(ours, key)
        server_ms = mean([getattr(r, f"server_{key}") for r in (*theirs, *ours)])
        apart_ms, spread_ms = mean(b) - mean(a), spread(a, b)
        said = f"ours {apart_ms:+.2f} ms from theirs, spread {spread_ms:.2f}, server's own {server_ms:.2f}"
        if abs(apart_ms) > spread_ms:
            nearer = "ours" if abs(mean(b)) < abs(mean(a)) else "theirs"
            said += f"; beyond the spread: {nearer} is nearer to the server's own log"
        yield Goal(
            name=f"{name} and `run endpoint`: mean {what} above the server's own",
            asked=f"within the 95 % spread of {len(ours)} rounds, or {SLACK:.0%} of it",
            found=said,
            met=abs(apart_ms) <= max(spread_ms, SLACK * server_ms),
        )
    yield _tokens(name, theirs, ours)


def spread(a: Sequence[float], b: Sequence[float]) -> float:
    """Half of the 95 % interval of the difference of two means (Student's, as many values in each)."""
    return t95(2 * len(a) - 2) * math.sqrt((deviation(a) ** 2 + deviation(b) ** 2) / len(a))


def _tokens(name: str, theirs: Sequence[Round], ours: Sequence[Round]) -> Goal:
    """Every request's tokens by the tool and by the server, and the same work by both tools."""
    astray = sum(one.astray for one in (*theirs, *ours))
    same = all(sorted(a.tokens) == sorted(b.tokens) for a, b in zip(theirs, ours, strict=True))
    counts = [sum(one.requests for one in some) for some in (theirs, ours)]
    output = [sum(n for one in some for _, n in one.tokens) for some in (theirs, ours)]
    said = (
        f"{astray} of {counts[0]} theirs and {counts[1]} ours; the server gave {output[0]} and {output[1]} output "
        f"tokens for {'the same' if same else 'other'} prompts"
    )
    return Goal(
        name=f"{name} and `run endpoint`: requests of which the server's log counts other tokens",
        asked="0, and the same work by both",
        found=said,
        met=astray == 0 and same,
    )


def _range(values: Sequence[float]) -> str:
    return f"{min(values):+.2f} to {max(values):+.2f}"


def _ours(url: str, folder: Path, prompts: Sequence[str]) -> Played:
    manifest = folder / "same.toml"
    entries = [f"[[prompts]]\ntext = {json.dumps(text)}\noutput_tokens = {OUTPUT_TOKENS}\n" for text in prompts]
    manifest.write_text("\n".join(entries))
    _call(
        sys.executable, "-P", "-m", "bench", "run", "endpoint", "--engine", "openai_http", "--endpoint", url,
        "--model", "simulated-model", "--workload", str(manifest), "--workloads", "same", "--set", "api=chat",
        "--concurrency", "1", "--window-s", str(len(prompts) * _LONGEST_REQUEST_S), "--windows", "1",
        "--most-windows", "1", "--idle-s", "0.5", "--warmup-s", "0.5", "--out", str(folder / "out"), codes=(0, 1),
    )  # fmt: skip
    [sealed] = run_folders(folder / "out")
    run = read_sealed(sealed).run
    assert run is not None, "a run of a server, not a metered command"
    counted = run.outcomes[: len(prompts)]
    return Played(
        ttft_s=tuple(_s(o.due_ns, o.first_output_ns) for o in counted if o.first_output_ns),
        tpot_s=tuple(
            _s(o.first_output_ns, o.output_ns[-1]) / (len(o.output_ns) - 1) for o in counted if o.output_ns
        ),
        tokens=tuple((o.achieved.prompt_tokens, o.achieved.output_tokens) for o in counted),
        failed=sum(o.error is not None for o in counted) + len(prompts) - len(counted),
        more=len(run.outcomes) - len(counted),
    )


def _s(start_ns: int | None, end_ns: int | None) -> float:
    return ((end_ns or 0) - (start_ns or 0)) * 1e-9


def _aiperf(path: str) -> Play:
    def play(url: str, folder: Path, prompts: Sequence[str]) -> Played:
        (folder / "tokenizer.json").write_text(json.dumps(_TOKENIZER))
        (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
        extra = (f"max_tokens:{OUTPUT_TOKENS}", f"min_tokens:{OUTPUT_TOKENS}", "ignore_eos:true")
        _call(
            path, "profile", "--model", "simulated-model", "--url", url, "--endpoint-type", "chat", "--streaming",
            "--concurrency", "1", "--request-count", str(len(prompts)), "--warmup-request-count", "5",
            "--input-file", str(_file(folder, "text", prompts)), "--custom-dataset-type", "single_turn",
            *(word for one in extra for word in ("--extra-inputs", one)), "--use-server-token-count",
            "--tokenizer", str(folder), "--ui", "none", "--no-gpu-telemetry", "--artifact-dir", str(folder),
        )  # fmt: skip
        return _told(folder)

    return play


def _guidellm(path: str) -> Play:
    def play(url: str, folder: Path, prompts: Sequence[str]) -> Played:
        backend = {
            "kind": "openai_http", "target": url, "model": "simulated-model", "max_tokens": OUTPUT_TOKENS,
            "request_format": "/v1/chat/completions", "extras": {"body": {"ignore_eos": True}},
        }  # fmt: skip
        file = folder / "benchmarks.json"
        _call(
            path, "run", "--backend", json.dumps(backend), "--profile", "kind=synchronous",
            "--constraint", f"kind=max_requests,count={len(prompts)}", "--disable-console",
            "--data", f"kind=json_file,path={_file(folder, 'prompt', prompts)}",
            "--output", f"kind=json,path={file}",
        )  # fmt: skip
        return _told(file)

    return play


_PLAYS: Mapping[str, Callable[[str], Play]] = {"AIPerf": _aiperf, "guidellm": _guidellm}


def _file(folder: Path, key: str, prompts: Sequence[str]) -> Path:
    path = folder / "prompts.jsonl"
    path.write_text("".join(json.dumps({key: text}) + "\n" for text in prompts))
    return path


def _told(path: Path) -> Played:
    measured = [one for one in read_load_result(path).requests if not one.warmup]
    return Played(
        ttft_s=tuple(one.ttft_s for one in measured if one.ttft_s is not None),
        tpot_s=tuple(one.tpot_s for one in measured if one.tpot_s is not None),
        tokens=tuple((one.prompt_tokens, one.output_tokens) for one in measured),
        failed=sum(one.error is not None for one in measured),
    )


def _call(*command: str, codes: Sequence[int] = (0,)) -> None:
    """Runs a tool to its end. Raises RuntimeError with its last words where it fails."""
    environment = {**os.environ, "JOULEMARK_METERS": "constant:power_w=100"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    if done.returncode not in codes:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {(done.stderr or done.stdout)[-2000:]}")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
