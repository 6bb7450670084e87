"""A simulated inference server of known physics: OpenAI's and Ollama's protocols, a simulated board, a truth log.

    PYTHONPATH=tests python -m sim.server --folder DIR [--port 0] [--prefill-token-s 1e-4 ...] [--fault ...]

When it is ready it prints one line of JSON: `url`, `control_url`, `pid`, `truth` (the log), and the board's
`statements` and `head` for a simulated NVML (build.NvmlSim.environment). It ends when its standard input, a pipe,
closes, or on SIGTERM, and then writes the log's summary. Nothing that it says comes from a model or a device.

control_url, which has a port of its own: GET/POST/DELETE /faults, GET /truth (the summary so far),
POST /refuse {"seconds": S}, POST /unload.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from sim import protocols_ollama, protocols_openai
from sim.exchanges import OLLAMA, OPENAI, rfc3339
from sim.prefixes import PrefixCache
from sim.protocol import packed
from sim.scheduler import Scheduler
from sim.server_engine import Engine, LiveBoard, PreciseSelector, TruthLog
from sim.server_faults import FaultPlan, of_mapping
from sim.server_options import Options, options_of
from sim.server_requests import Generations

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def _json(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")


class SimulatedServer:
    """One server: an engine, its routes, and the control beside them."""

    def __init__(self, options: Options, loop: asyncio.AbstractEventLoop) -> None:
        self.options, self._loop = options, loop
        epoch_ns, options_folder = time.monotonic_ns(), options.folder
        self.board = LiveBoard(options_folder / "board.bin", epoch_ns)
        self.log = TruthLog(options_folder / "truth.jsonl", options.physics, pid=os.getpid(), epoch_ns=epoch_ns)
        cache = PrefixCache(options.cache_sequences, options.cache_block) if options.habits.cache else None
        scheduler = Scheduler(options.physics, cache, resident=options.loaded)
        self.engine = Engine(scheduler, self.board, self.log, loop)
        self.plan = FaultPlan(options.faults)
        self.generations = Generations(self.engine, options.habits, self.plan, self._refuse)
        self._started = datetime.now(UTC)
        self._site: web.TCPSite | None = None
        self._runner: web.ServerRunner | None = None
        self._port, self._closed = options.port, asyncio.Event()
        self._routes = self._public()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serves until standard input closes or SIGTERM comes."""
        self._runner = web.ServerRunner(
            web.Server(self._answer, access_log=None, handler_cancellation=True), shutdown_timeout=0.2
        )
        control = web.ServerRunner(web.Server(self._control, access_log=None), shutdown_timeout=0.2)
        await self._runner.setup()
        await control.setup()
        await self._listen()
        private = web.TCPSite(control, "127.0.0.1", 0)
        await private.start()
        self._loop.add_signal_handler(signal.SIGTERM, self._closed.set)
        self._loop.add_signal_handler(signal.SIGINT, self._closed.set)
        self._watch_input()
        control_port = control.addresses[0][1]
        print(json.dumps(self._ready(control_port)), flush=True)
        await self._closed.wait()
        await self._runner.cleanup()
        await control.cleanup()
        self.log.close(**self.engine.lateness())
        self.board.close()

    def _ready(self, control_port: int) -> dict[str, Any]:
        options, level = self.options, self.log.levels[0]
        return {
            "simulated": True, "url": f"http://127.0.0.1:{self._port}", "pid": os.getpid(),
            "control_url": f"http://127.0.0.1:{control_port}", "truth": str(options.folder / "truth.jsonl"),
            "statements": self.board.statements(level.level_w, os.getpid(), options.memory_bytes),
            "head": [f"epoch_ns {self.board.epoch_ns}"],
        }  # fmt: skip

    def _watch_input(self) -> None:
        def readable() -> None:
            if not os.read(sys.stdin.fileno(), 4096):
                self._loop.remove_reader(sys.stdin.fileno())
                self._closed.set()

        self._loop.add_reader(sys.stdin.fileno(), readable)

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    def _refuse(self, duration_s: float) -> None:
        """Nobody listens for so long; connections that are open stay so."""
        task = self._loop.create_task(self._deaf(duration_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deaf(self, duration_s: float) -> None:
        site, self._site = self._site, None
        if site is None:
            return
        await site.stop()
        await asyncio.sleep(duration_s)
        await self._listen()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        handler = self._routes.get((request.method, request.path))
        return await handler(request) if handler else web.json_response({"error": "not found"}, status=404)

    def _public(self) -> dict[tuple[str, str], Handler]:
        model, habits = self.options.habits.model, self.options.habits
        modified, created = rfc3339(self._started), int(self._started.timestamp())
        ready = {
            ("GET", "/v1/models"): lambda: protocols_openai.models_body(model, created, habits.context_tokens),
            ("GET", "/api/tags"): lambda: protocols_ollama.tags_body(model, modified),
            ("GET", "/api/version"): lambda: packed({"version": protocols_ollama.VERSION}),
            ("POST", "/api/show"): lambda: protocols_ollama.show_body(model, modified, habits.context_tokens),
            ("GET", "/api/ps"): self._ps,
        }

        def of(body: Callable[[], bytes]) -> Handler:
            async def handler(request: web.BaseRequest) -> web.StreamResponse:
                return _json(body())

            return handler

        routes: dict[tuple[str, str], Handler] = {key: of(body) for key, body in ready.items()}
        routes |= {("POST", path): self.generations.answer for path in (*OPENAI, *OLLAMA)}
        return routes | {("GET", "/health"): self._health, ("GET", "/metrics"): self._metrics}

    async def _health(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.engine.scheduler.resident:
            return _json(packed({"status": "ok"}))
        return _json(protocols_openai.error_body(503, "Loading model"), 503)

    async def _metrics(self, request: web.BaseRequest) -> web.StreamResponse:
        """As vLLM names them in scrapes of it (checked 2026-11-21); a real one says the finish reason too."""
        scheduler, totals = self.engine.scheduler, self.generations.totals
        numbers = {
            "num_requests_running": len(scheduler.running), "num_requests_waiting": len(scheduler.waiting),
            "prompt_tokens_total": totals["prompt"], "generation_tokens_total": totals["output"],
            "request_success_total": totals["requests"],
        }  # fmt: skip
        label = f'{{model_name="{self.options.habits.model}"}}'
        return web.Response(text="".join(f"vllm:{name}{label} {value}\n" for name, value in numbers.items()))

    def _ps(self) -> bytes:
        resident = self.engine.scheduler.resident
        expires = datetime.now(UTC) + timedelta(seconds=self.engine.keeps_s) if resident else None
        habits = self.options.habits
        return protocols_ollama.ps_body(habits.model, rfc3339(expires) if expires else None, habits.context_tokens)

    async def _control(self, request: web.BaseRequest) -> web.StreamResponse:
        match request.method, request.path:
            case "GET", "/truth":
                return _json(packed({**self.log.truth().summary(), **self.engine.lateness()}))
            case "GET", "/faults":
                pass
            case "DELETE", "/faults":
                self.plan.set(())
            case "POST", "/faults":
                try:
                    self.plan.set([of_mapping(one) for one in json.loads(await request.read())])
                except (ValueError, TypeError) as error:
                    return web.json_response({"error": str(error)}, status=400)
            case "POST", "/refuse":
                self._refuse(float(json.loads(await request.read())["seconds"]))
            case "POST", "/unload":
                self.engine.unload_after(0.0)
            case _:
                return web.json_response({"error": "not found"}, status=404)
        struck = zip(self.plan.faults, self.plan.struck, strict=True)
        return _json(packed([{"kind": one.kind, "stage": one.stage, "struck": n} for one, n in struck]))


def main(arguments: list[str]) -> None:
    """One server, until its standard input closes."""
    options = options_of(arguments)
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(PreciseSelector())) as runner:

        async def serve() -> None:
            await SimulatedServer(options, asyncio.get_running_loop()).run()

        runner.run(serve())


if __name__ == "__main__":
    main(sys.argv[1:])
