"""A path and a JSON body → the JSON of its answer: what each POST route does, without HTTP."""

import asyncio
import math
from collections.abc import Mapping

import orjson

from bench.errors import BadInput
from bench.estimators.answer import SCHEMA_VERSION
from bench.estimators.older_api import calculate, older_request
from bench.estimators.priced import plain_estimate
from bench.phrases import Phrase
from bench.service.asking import BODY, asking_of, estimated
from bench.service.batch import batch_answer, batch_at_once
from bench.service.knowledge import Knowledge
from bench.service.problems import Refused, refused, words_of
from bench.service.speaking import in_language

ESTIMATE, BATCH, OLDER = "/v1/estimate", "/v1/estimate/batch", "/calculate-raw"
PATHS = frozenset((ESTIMATE, BATCH, OLDER))


def encoded(data: Mapping[str, object]) -> bytes:
    """The JSON of an answer. Its figures are finite, or orjson would write null for them: `checked` sees to it."""
    return orjson.dumps(data)


def checked(figures: object) -> None:
    """Raises Refused for a figure beyond any number, however deep it stands: JSON has no infinity."""
    if isinstance(figures, float) and not math.isfinite(figures):
        message = Phrase("a figure of this answer is beyond any number; ask for less")
        raise refused(BODY, message, "refused", 409)
    if isinstance(figures, Mapping):
        for each in figures.values():
            checked(each)


class Answers:
    """The POST routes."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge, self._turns = knowledge, asyncio.Semaphore(1)

    async def answer(self, path: str, body: object) -> Mapping[str, object]:
        """The answer of a path. Raises Refused."""
        if path == BATCH:
            return await batch_answer(body, self._knowledge, self._turns)
        return self._at_once(path, body)

    def example(self, path: str, body: object) -> Mapping[str, object]:
        """The answer as a document shows it, a refusal's too."""
        try:
            return self._at_once(path, body)
        except Refused as error:
            return {"detail": [one.plain for one in error.problems]}

    def _at_once(self, path: str, body: object) -> Mapping[str, object]:
        if path == ESTIMATE:
            return self._estimate(body)
        return _older(body) if path == OLDER else batch_at_once(body, self._knowledge)

    def _estimate(self, body: object) -> Mapping[str, object]:
        asking = asking_of(body, self._knowledge)
        found = plain_estimate(estimated(asking, self._knowledge), explain=asking.explain)
        checked(found["terms"])  # a Range is finite by itself
        return in_language({"schema_version": SCHEMA_VERSION, **found})


def _older(body: object) -> Mapping[str, object]:
    try:
        found = calculate(older_request(body))
    except BadInput as error:  # they begin with the field's path, as profile.count
        path = str(error).partition(" ")[0].split(".")
        raise refused((*BODY, *(part for part in path if part != "body")), words_of(error)) from error
    checked(found)
    return found
