"""The speed of `joulemark serve`, one worker: estimates beside trivial handlers of the same server, and batches.

The load comes from another process over eight connections, each of which waits for its answer. Every request is
unlike every other, so that no answer is one that was kept; rounds of ours and of the trivial handlers take turns.
"""

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from perf_goals import Goal, Section

ROOT = Path(__file__).resolve().parent.parent
CONNECTIONS, ROUNDS, ROUND_S = 8, 9, 1.5
ROWS, BATCHES = 100_000, 5
PER_S, P99_MS, RATIO, ROWS_PER_S = 1200, 20, 0.8, 200_000
_SERVER = """
import sys
from bench.service.app import create_app
from bench.service.knowledge import read_knowledge
from bench.service.serving import listening, serve
app = create_app(read_knowledge())
@app.post("/trivial")
async def trivial(body: dict):
    return {"energy_kwh": {"low": 1.0, "value": 2.0, "high": 3.0}}
@app.get("/trivial-get")
async def trivial_get():
    return {"energy_kwh": {"low": 1.0, "value": 2.0, "high": 3.0}}
serve(app, listening("127.0.0.1", int(sys.argv[1])))
"""
_MODELS = ("llama-3.1-8b", "llama-3-70b", "mistral-7b", "qwen2-7b", "gemma-2-9b", "mixtral-8x7b", "mistral-160m")
_HARDWARE = ("h100", "a100", "h200", "l4", "")
_REGIONS = ("usa", "francecentral", "swedencentral", "global", "")


@dataclass(frozen=True, kw_only=True)
class Round:
    """Answers a second, and how long each took [s]."""

    per_s: float
    took_s: tuple[float, ...]
    cpu_s: float  # that the server took for each


def section() -> Section:
    """Singles and batches, with their goals."""
    with served() as (port, pid):
        rounds = _rounds(port, pid)
        rows_per_s = median(_batch_rows_per_s(port) for _ in range(BATCHES))
    ours, plain, bare, kept = rounds
    p99_ms = 1e3 * _quantile([t for one in ours for t in one.took_s], 0.99)
    to_kept = median(a.per_s / b.per_s for a, b in zip(kept, plain, strict=True))
    ratio, to_bare = (
        median(a.per_s / b.per_s for a, b in zip(ours, other, strict=True)) for other in (plain, bare)
    )
    per_s = median(one.per_s for one in ours)
    names = (
        "estimates, each another request",
        "a trivial POST handler",
        "a trivial GET handler",
        "one request again and again",
    )
    return Section(
        title=f"joulemark serve, one worker, {CONNECTIONS} connections, {ROUNDS} rounds of {ROUND_S:g} s in turn",
        head=("what", "a second", "p50", "p99", "CPU each"),
        rows=(
            *(_row(name, found) for name, found in zip(names, (ours, plain, bare, kept), strict=True)),
            (f"columns of {ROWS} rows", f"{rows_per_s:.3g} rows", "", "", ""),
        ),
        goals=(
            Goal(name="single estimates", asked=f"{PER_S} a second", found=f"{per_s:.0f}", met=per_s >= PER_S),
            Goal(
                name="single estimates, p99", asked=f"{P99_MS} ms", found=f"{p99_ms:.1f} ms", met=p99_ms <= P99_MS
            ),
            Goal(
                name="single estimates, of a trivial handler (POST of a JSON body) in turn",
                asked=f"{RATIO:g}",
                found=f"{ratio:.2f} (by the server's CPU time {_cpu_each_s(plain) / _cpu_each_s(ours):.2f}); "
                f"{to_bare:.2f} of a GET without a body; {to_kept:.2f} where a request comes again",
                met=ratio >= RATIO,
            ),
            Goal(
                name="batch route, rows a second",
                asked=f"{ROWS_PER_S}",
                found=f"{rows_per_s:.3g}",
                met=rows_per_s >= ROWS_PER_S,
            ),
        ),
    )


@contextmanager
def served() -> Iterator[tuple[int, int]]:
    """The service in a process of its own, with trivial handlers beside it: its port and its pid."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-c", _SERVER, str(port)], cwd=ROOT)
    try:
        _await(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _await(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing listens on port {port}")


def _rounds(port: int, pid: int) -> list[list[Round]]:
    rng = random.Random(7)
    bodies = iter(_distinct(rng))
    found: list[list[Round]] = [[], [], [], []]
    same = [_post("/v1/estimate", b'{"model":"llama-3.1-8b","in_tokens":1155,"out_tokens":211,"region":"usa"}')]
    asyncio.run(_load(port, pid, [same] * CONNECTIONS, 1.0))  # warm
    for at in range(ROUNDS):
        turns: list[list[list[bytes]]] = []
        for path in ("/v1/estimate", "/trivial"):
            turns.append([[_post(path, next(bodies)) for _ in range(2000)] for _ in range(CONNECTIONS)])
        turns.append([[b"GET /trivial-get HTTP/1.1\r\nhost: x\r\n\r\n"]] * CONNECTIONS)
        turns.append([same] * CONNECTIONS)
        for turn in range(len(turns)):
            which = (at + turn) % len(turns)
            found[which].append(asyncio.run(_load(port, pid, turns[which], ROUND_S)))
    return found


def _distinct(rng: random.Random) -> Iterator[bytes]:
    """Requests over models, cards and places, no two alike."""
    while True:
        body: dict[str, object] = {"model": rng.choice(_MODELS), "count": rng.randint(1, 10**6)}
        small = body["model"] == "mistral-160m"
        body |= {
            "in_tokens": rng.randint(1, 500 if small else 4000),
            "out_tokens": rng.randint(1, 100 if small else 1000),
        }
        if not small:
            body |= {"hardware": rng.choice(_HARDWARE)}
        if rng.random() < 0.5 and not small:
            body |= {"batch": rng.choice((1, 8, 32, 64))}
        body |= {"region": rng.choice(_REGIONS)}
        yield json.dumps(body).encode()


def _post(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _load(port: int, pid: int, requests: Sequence[Sequence[bytes]], duration_s: float) -> Round:
    took_s: list[float] = []
    began, before_s = time.perf_counter(), _cpu_s(pid)
    await asyncio.gather(*(_ask(port, own, began + duration_s, took_s) for own in requests))
    per_s, cpu_s = len(took_s) / (time.perf_counter() - began), _cpu_s(pid) - before_s
    return Round(per_s=per_s, took_s=tuple(took_s), cpu_s=cpu_s / len(took_s))


def _cpu_s(pid: int) -> float:
    """What a process took so far (proc(5): fields 14 and 15 of stat, in clock ticks)."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def _ask(port: int, requests: Sequence[bytes], until: float, took_s: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    at = 0
    while (sent := time.perf_counter()) < until:
        writer.write(requests[at % len(requests)])
        at += 1
        await _answer(reader)
        took_s.append(time.perf_counter() - sent)
    writer.close()
    await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(head[:200])
    at = head.lower().index(b"content-length:") + 15
    return await reader.readexactly(int(head[at : head.index(b"\r\n", at)]))


def _batch_rows_per_s(port: int) -> float:
    rng = random.Random(8)
    columns = {
        "model": [rng.choice(_MODELS[:-1]) for _ in range(ROWS)],
        "hardware": [rng.choice(_HARDWARE) for _ in range(ROWS)],
        "region": [rng.choice(_REGIONS[:-1]) for _ in range(ROWS)],
        "in_tokens": [rng.randint(1, 2000) for _ in range(ROWS)],
        "out_tokens": [rng.randint(1, 1000) for _ in range(ROWS)],
    }
    request = _post("/v1/estimate/batch", json.dumps({"columns": columns}).encode())

    async def once() -> float:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)
        began = time.perf_counter()
        writer.write(request)
        body = await _answer(reader)
        took_s = time.perf_counter() - began
        writer.close()
        refused = json.loads(body)["refused"]
        if refused:
            raise ValueError(f"{refused} rows refused")
        return ROWS / took_s

    return asyncio.run(once())


def _row(name: str, rounds: Sequence[Round]) -> tuple[str, ...]:
    every = [t for one in rounds for t in one.took_s]
    p50, p99 = (f"{1e3 * _quantile(every, share):.2f} ms" for share in (0.5, 0.99))
    return name, f"{median(one.per_s for one in rounds):.0f}", p50, p99, f"{1e6 * _cpu_each_s(rounds):.0f} µs"


def _cpu_each_s(rounds: Sequence[Round]) -> float:
    return median(one.cpu_s for one in rounds)


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


if __name__ == "__main__":
    import perf_table

    print(perf_table.text(section()))
