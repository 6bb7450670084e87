"""A path and a JSON body → the JSON of its answer: what each POST route does, without HTTP."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping

from bench.errors import BadInput
from bench.estimators.answer import SCHEMA_VERSION
from bench.estimators.older_api import calculate, older_request
from bench.estimators.priced import plain_estimate
from bench.service.asking import BODY, asking_of, estimated
from bench.service.batch import batch_answer
from bench.service.knowledge import Knowledge
from bench.service.problems import Refused, refused, words_of
from bench.service.speaking import in_language

Answer = Callable[[object], Awaitable[Mapping[str, object]]]
_text_of = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def encoded(data: Mapping[str, object]) -> bytes:
    """The JSON of an answer. Raises Refused for a figure beyond any number: JSON has no infinity."""
    try:
        return _text_of(data).encode("utf-8")
    except ValueError as error:
        raise refused(
            BODY, "a figure of this answer is beyond any number; ask for less", "refused", 409
        ) from error


class Answers:
    """The POST routes by their paths."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self.routes: Mapping[str, Answer] = {
            "/v1/estimate": self._estimate,
            "/v1/estimate/batch": self._batch,
            "/calculate-raw": self._older,
        }

    async def answer(self, path: str, body: object) -> Mapping[str, object]:
        """The answer of a route. Raises Refused."""
        return await self.routes[path](body)

    def example(self, path: str, body: object) -> Mapping[str, object]:
        """The answer as a document shows it, a refusal's too."""
        try:
            return asyncio.run(self.routes[path](body))  # type: ignore[arg-type]  # each is a coroutine
        except Refused as error:
            return {"detail": [one.plain for one in error.problems]}

    async def _estimate(self, body: object) -> Mapping[str, object]:
        asking = asking_of(body, self._knowledge)
        found = plain_estimate(estimated(asking, self._knowledge), explain=asking.explain)
        return in_language({"schema_version": SCHEMA_VERSION, **found})

    async def _batch(self, body: object) -> Mapping[str, object]:
        return await batch_answer(body, self._knowledge)

    async def _older(self, body: object) -> Mapping[str, object]:
        try:
            return calculate(older_request(body))
        except BadInput as error:  # they begin with the field's path, as profile.count
            path = str(error).partition(" ")[0].split(".")
            raise refused(("body", *(part for part in path if part != "body")), words_of(error)) from error
