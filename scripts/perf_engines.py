"""How well servers are asked: `make perf TABLE=engines`.

Every figure is against the simulated server of tests/sim (its tokens are known exactly), on this machine.
Peers are other load generators, found by JOULEMARK_AIPERF and JOULEMARK_GUIDELLM (their commands) or on PATH.
"""

import argparse
import asyncio
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from sim.served import simulated_server  # noqa: E402

from bench.engines import openai_http  # noqa: E402
from bench.files.interop.readers import read_load_result  # noqa: E402
from bench.files.models import served_model  # noqa: E402
from bench.files.store import read_sealed, run_folders  # noqa: E402
from bench.nouns import Cell, Endpoint, LoadSpec, Outcome, Pace, Request, Usage  # noqa: E402
from bench.run.load.play import Play, noted  # noqa: E402
from bench.stats import deviation, mean, quantile, t95  # noqa: E402

RATE_PER_S, WINDOW_S, ROUNDS = 200.0, 10.0, 3
# decoding is fast enough for 200 requests/s of 16 tokens in batches
QUICK = (
    "--decode-step-s", "0.004", "--decode-sequence-s", "0.00002", "--prefill-token-s", "0.00001",
    "--max-batch", "64", "--request-s", "0.0002",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    asked: str
    found: str
    met: bool | None  # None: skipped


def lag_rows() -> list[Row]:
    """Send lag at 200 requests/s against the same schedule sent to nobody, interleaved; tokens lost or twice."""
    bare, sent, lost = [], [], 0
    with tempfile.TemporaryDirectory() as name, simulated_server(Path(name), *QUICK) as server:
        endpoint = Endpoint(url=server.url)
        cell = Cell(engine="openai_http", model="simulated-model", precision="served", workload="w")
        load = LoadSpec(
            model=served_model(cell, "causal-lm"), precision="served", weights="served", endpoint=endpoint
        )
        asked = Usage(requests=1, prompt_tokens=32, output_tokens=16)
        requests = [Request(id=f"r{i}", asked=asked) for i in range(500)]
        with openai_http.open_engine().load(load) as session:
            for number in range(ROUNDS):
                play = Play(Pace(kind="open", rate_per_s=RATE_PER_S), cycle(requests), WINDOW_S, number)
                taken: list[tuple[int, int]] = []
                asyncio.run(play(noted(taken)))
                bare.append(quantile([(b - a) * 1e-6 for a, b in taken], 0.99))
                session.drive(Play(Pace(kind="open", rate_per_s=RATE_PER_S), cycle(requests), WINDOW_S, number))
                outcomes = session.take()
                sent.append(_lag_ms(outcomes))
                lost += sum(o.achieved.output_tokens != 16 for o in outcomes)
        served = len(server.truth().requests)
    over = sorted(s - b for s, b in zip(sent, bare, strict=True))[len(sent) // 2]
    said = f"{over:+.1f} ms (p99 {max(sent):.1f} against {max(bare):.1f}, {ROUNDS} rounds, {served} requests)"
    return [
        Row("send lag p99 at 200 requests/s, over the same schedule sent to nobody", "5 ms", said, over <= 5.0),
        Row("tokens lost or counted twice meanwhile", "0", f"{lost} requests", lost == 0),
    ]


def _lag_ms(outcomes: Sequence[Outcome]) -> float:
    return quantile([(o.start_ns - (o.due_ns or 0)) * 1e-6 for o in outcomes], 0.99)


PEER_REQUESTS, PROMPT_TOKENS, OUTPUT_TOKENS = 200, 32, 16
PEERS = {"AIPerf": ("JOULEMARK_AIPERF", "aiperf"), "guidellm": ("JOULEMARK_GUIDELLM", "guidellm")}
SLACK = 0.05  # chosen: two clients in two event loops; a smaller difference is of no consequence
# a chat's template adds four tokens on the simulated server, and a word of four letters is one token
_WORDS = PROMPT_TOKENS - 4
# AIPerf loads a tokenizer even where the server counts, and asks a hub for one: this one knows nothing
_TOKENIZER = {
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
    "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
    "model": {"type": "WordLevel", "vocab": {"<unk>": 0}, "unk_token": "<unk>"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Round:
    """What one tool said of its requests in one round, and what the server's log says of the same ones."""

    ttft_ms: float
    tpot_ms: float
    requests: int
    prompt_tokens: float  # a request, as the server counts; `run endpoint` comes near those asked, no nearer
    astray: int  # requests that failed or whose output is not of the length asked
    server_ttft_ms: float = 0.0  # from the request received to its first token handed out
    server_tpot_ms: float = 0.0


def peer_rows() -> list[Row]:
    """TTFT, TPOT and tokens of other load generators and of `run endpoint`, on one server, interleaved."""
    tools: dict[str, Callable[[str, Path], Round]] = {}
    rows = []
    for name, (variable, command) in PEERS.items():
        if path := shutil.which(os.environ.get(variable) or command):
            tools[name] = _ROUNDS[name](path)
        else:
            why = f"skipped: no {command} on PATH, and {variable} names none"
            rows.append(Row(f"{name} against `run endpoint`: TTFT, TPOT, tokens", "agreement", why, None))
    if not tools:
        return rows
    found: dict[str, list[Round]] = {name: [] for name in ("joulemark", *tools)}
    with tempfile.TemporaryDirectory() as folder, simulated_server(_made(Path(folder) / "server")) as server:
        for number in range(ROUNDS):
            for name, play in {"joulemark": _ours, **tools}.items():
                said = play(server.url, _made(Path(folder) / f"{name}-{number}"))
                found[name].append(_beside(said, server.truth().requests))
    for name in tools:
        rows += _compared(name, found[name], found["joulemark"])
    return rows


def _beside(said: Round, log: Sequence[Mapping[str, int]]) -> Round:
    """The round, and the server's times of its last requests: probes and warm-up came before them."""
    last = log[-said.requests :]
    ttft_ms = mean([(r["first_sent_ns"] - r["received_ns"]) * 1e-6 for r in last])
    tpot_ms = mean([(r["end_sent_ns"] - r["first_sent_ns"]) * 1e-6 / (r["output_tokens"] - 1) for r in last])
    return replace(said, server_ttft_ms=ttft_ms, server_tpot_ms=tpot_ms)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _compared(name: str, theirs: Sequence[Round], ours: Sequence[Round]) -> list[Row]:
    asked = f"ours no further above it than theirs, but for the spread of {ROUNDS} rounds or {SLACK:.0%} of it"
    rows = []
    for what, told, log in (("TTFT", "ttft_ms", "server_ttft_ms"), ("TPOT", "tpot_ms", "server_tpot_ms")):
        a, b = ([getattr(r, told) - getattr(r, log) for r in rounds] for rounds in (theirs, ours))
        apart, server_ms = mean(b) - mean(a), mean([getattr(r, log) for r in (*theirs, *ours)])
        spread = t95(2 * ROUNDS - 2) * math.sqrt((deviation(a) ** 2 + deviation(b) ** 2) / ROUNDS)
        said = (
            f"ours {_each(b)}, theirs {_each(a)} ms: {apart:+.2f} apart, spread {spread:.2f}, of {server_ms:.2f}"
        )
        met = apart <= max(spread, SLACK * server_ms)
        rows.append(Row(f"{name}: mean {what} above the server's own", asked, said, met))
    astray = sum(one.astray for one in (*theirs, *ours))
    counts = " and ".join(
        f"{sum(one.requests for one in rounds)} {whose} (prompts of {mean([r.prompt_tokens for r in rounds]):.1f})"
        for whose, rounds in (("theirs", theirs), ("ours", ours))
    )
    said = f"{astray} of {counts}"
    rows.append(Row(f"{name}: requests whose output is not as long as asked", "0", said, astray == 0))
    return rows


def _each(values: Iterable[float]) -> str:
    return "/".join(f"{value:+.2f}" for value in values)


def _ours(url: str, folder: Path) -> Round:
    _call(
        sys.executable, "-P", "-m", "bench", "run", "endpoint", "--engine", "openai_http", "--endpoint", url,
        "--model", "simulated-model", "--workloads", f"prompt-{PROMPT_TOKENS}-{OUTPUT_TOKENS}",
        "--concurrency", "1", "--window-s", str(PEER_REQUESTS * 0.08), "--windows", "1", "--most-windows", "1",
        "--idle-s", "0.5", "--warmup-s", "0.5", "--out", str(folder), codes=(0, 1),
    )  # fmt: skip
    [sealed] = run_folders(folder)
    run = read_sealed(sealed).run
    assert run is not None
    times = read_sealed(sealed).published.times
    tokens = [(o.error, o.achieved.prompt_tokens, o.achieved.output_tokens) for o in run.outcomes]
    return _round(times["ttft_s"].mean_s, times["tpot_s"].mean_s, tokens)


def _aiperf(path: str) -> Callable[[str, Path], Round]:
    def play(url: str, folder: Path) -> Round:
        (folder / "tokenizer.json").write_text(json.dumps(_TOKENIZER))
        (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
        _prompts(folder / "prompts.jsonl", "text")
        extra = (f"max_tokens:{OUTPUT_TOKENS}", f"min_tokens:{OUTPUT_TOKENS}", "ignore_eos:true")
        _call(
            path, "profile", "--model", "simulated-model", "--url", url, "--endpoint-type", "chat", "--streaming",
            "--concurrency", "1", "--request-count", str(PEER_REQUESTS), "--warmup-request-count", "5",
            "--input-file", str(folder / "prompts.jsonl"), "--custom-dataset-type", "single_turn",
            *(word for one in extra for word in ("--extra-inputs", one)), "--use-server-token-count",
            "--tokenizer", str(folder), "--ui", "none", "--no-gpu-telemetry", "--artifact-dir", str(folder),
        )  # fmt: skip
        return _told(folder)

    return play


def _guidellm(path: str) -> Callable[[str, Path], Round]:
    def play(url: str, folder: Path) -> Round:
        _prompts(folder / "prompts.jsonl", "prompt")
        backend = {
            "kind": "openai_http", "target": url, "model": "simulated-model", "max_tokens": OUTPUT_TOKENS,
            "request_format": "/v1/chat/completions", "extras": {"body": {"ignore_eos": True}},
        }  # fmt: skip
        file = folder / "benchmarks.json"
        _call(
            path, "run", "--backend", json.dumps(backend), "--profile", "kind=synchronous",
            "--constraint", f"kind=max_requests,count={PEER_REQUESTS}", "--disable-console",
            "--data", f"kind=json_file,path={folder / 'prompts.jsonl'}", "--output", f"kind=json,path={file}",
        )  # fmt: skip
        return _told(file)

    return play


_ROUNDS: Mapping[str, Callable[[str], Callable[[str, Path], Round]]] = {"AIPerf": _aiperf, "guidellm": _guidellm}


def _prompts(path: Path, key: str) -> None:
    """Prompts that begin differently, each of as many words as make the tokens asked."""
    texts = (
        " ".join(f"{chr(97 + (i + j) % 26)}{i % 999:03d}" for j in range(_WORDS)) for i in range(PEER_REQUESTS)
    )
    path.write_text("".join(json.dumps({key: text}) + "\n" for text in texts))


def _told(path: Path) -> Round:
    measured = [one for one in read_load_result(path).requests if not one.warmup]
    times = [[v for one in measured if (v := getattr(one, name)) is not None] for name in ("ttft_s", "tpot_s")]
    return _round(*map(mean, times), [(o.error, o.prompt_tokens, o.output_tokens) for o in measured])


def _round(ttft_s: float, tpot_s: float, tokens: Sequence[tuple[str | None, int | None, int | None]]) -> Round:
    astray = sum((error, output) != (None, OUTPUT_TOKENS) for error, _, output in tokens)
    prompt = mean([prompt or 0 for _, prompt, _ in tokens])
    return Round(ttft_s * 1e3, tpot_s * 1e3, len(tokens), prompt, astray)


def _call(*command: str, codes: Sequence[int] = (0,)) -> None:
    """Runs a tool to its end. Raises RuntimeError with its last words where it fails."""
    environment = {**os.environ, "JOULEMARK_METERS": "constant:power_w=100"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    if done.returncode not in codes:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {(done.stderr or done.stdout)[-2000:]}")


def main() -> int:
    """Prints the table; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = [*lag_rows(), *peer_rows()]
    if asked.json:
        print(json.dumps([{"what": r.what, "asked": r.asked, "found": r.found, "met": r.met} for r in rows]))
    else:
        for row in rows:
            sign = "·" if row.met is None else "✓" if row.met else "✗"
            print(f"{sign}  {row.what}\n     asked {row.asked}, found {row.found}")
    return 1 if any(r.met is False for r in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
