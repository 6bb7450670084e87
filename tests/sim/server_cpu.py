"""What the simulated server costs the machine: CPU a request, and how late it is, under streamed replies.

PYTHONPATH=tests python -m sim.server_cpu [--rate 200] [--seconds 5] [--tokens 16]
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from pathlib import Path

import aiohttp
from sim.served import Served, simulated_server

# a device that is a third busy at 200 requests of 16 tokens a second
_PHYSICS = ("--request-s", "2e-4", "--prefill-token-s", "1e-5", "--decode-step-s", "3e-3",
            "--decode-sequence-s", "5e-5", "--max-batch", "64")  # fmt: skip


def cpu_s(pid: int) -> float:
    """User and system time of a process so far (proc_pid_stat(5): fields 14 and 15; checked 2026-11-21)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def drive(served: Served, rate_per_s: float, duration_s: float, tokens: int) -> tuple[int, int]:
    """Requests at even distances; how many were asked, and how many of them came to their end."""
    body = json.dumps({"prompt": list(range(32)), "max_tokens": tokens, "stream": True,
                       "stream_options": {"include_usage": True}})  # fmt: skip
    whole = 0

    async def one(session: aiohttp.ClientSession) -> None:
        nonlocal whole
        async with session.post(f"{served.url}/v1/completions", data=body) as response:
            said = await response.read()
        whole += said.endswith(b"data: [DONE]\n\n") and b'"completion_tokens":%d,' % tokens in said

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        start_s, tasks = time.monotonic(), []
        for i in range(round(rate_per_s * duration_s)):
            await asyncio.sleep(max(0.0, start_s + i / rate_per_s - time.monotonic()))
            tasks.append(asyncio.ensure_future(one(session)))
        await asyncio.gather(*tasks)
    return len(tasks), whole


def main() -> None:
    """Prints one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--tokens", type=int, default=16)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, simulated_server(Path(folder), *_PHYSICS) as served:
        asyncio.run(drive(served, 20, 0.5, said.tokens))
        before_s, start_s = cpu_s(served.pid), time.monotonic()
        asked, whole = asyncio.run(drive(served, said.rate, said.seconds, said.tokens))
        spent_s, wall_s = cpu_s(served.pid) - before_s, time.monotonic() - start_s
        late = {k: v * 1e-6 for k, v in served.control("GET", "/truth").items() if k.startswith("late")}
        print(json.dumps({
            "requests": asked, "whole": whole, "cpu_ms_per_request": round(1e3 * spent_s / asked, 3),
            "cpu_ratio": round(spent_s / wall_s, 3), "late_p99_ms": round(late["late_p99_ns"], 3),
            "late_worst_ms": round(late["late_worst_ns"], 3), "load_average": os.getloadavg()[0],
        }))  # fmt: skip


if __name__ == "__main__":
    main()
