"""Micro-batching: requests that arrive within a short wait are answered by one run of the model.

request   a . b c . . . . d
wait      |--------|      |--------|
run                 [abc]           [d]
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from .session import Rows

Waiting = tuple[Rows, "asyncio.Future[list[float]]"]


class Batcher:
    """Gathers up to `most` sentences for up to `wait_s` from when it takes up the first, and runs them together.

    The model runs in one thread of its own, one batch at a time: what arrives meanwhile waits for the next.
    With `most` 1 every sentence is a run; with `wait_s` 0 nothing waits, but what already waits runs together.
    """

    def __init__(self, scores: Callable[[Sequence[Rows]], Any], most: int, wait_s: float) -> None:
        self._scores, self._most, self._wait_s = scores, most, wait_s
        self._queue: asyncio.Queue[Waiting] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")

    async def __aenter__(self) -> Self:
        self._worker = asyncio.create_task(self._work())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)
        self._thread.shutdown()

    async def answer(self, rows: Rows) -> list[float]:
        """The eight scores of one sentence's rows."""
        answer: asyncio.Future[list[float]] = asyncio.get_running_loop().create_future()
        await self._queue.put((rows, answer))
        return await answer

    async def _work(self) -> None:
        while True:
            await self._run(await self._gather())

    async def _gather(self) -> list[Waiting]:
        gathered = [await self._queue.get()]
        until = asyncio.get_running_loop().time() + self._wait_s
        while len(gathered) < self._most:
            left = until - asyncio.get_running_loop().time()
            if left <= 0 and self._queue.empty():
                break
            try:
                gathered.append(await asyncio.wait_for(self._queue.get(), max(left, 0.001)))
            except TimeoutError:
                break
        return gathered

    async def _run(self, gathered: Sequence[Waiting]) -> None:
        """Answers them all; a failure of the model fails every request of this batch; the next is tried."""
        loop = asyncio.get_running_loop()
        run = loop.run_in_executor(self._thread, self._scores, [rows for rows, _ in gathered])
        await asyncio.wait([run])
        # of whatever kind: a worker that died of it would leave every later request waiting
        failure = run.exception()
        scores = [[]] * len(gathered) if failure else run.result().tolist()
        for (_, answer), row in zip(gathered, scores, strict=True):
            if answer.done():  # a client that went away has cancelled its own
                continue
            if failure:
                answer.set_exception(failure)
            else:
                answer.set_result(row)
