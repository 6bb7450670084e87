"""Many requests in one body: a list, each answered as it is alone, or columns, priced together.

A row that cannot be answered is refused with an error of its own, and the others are not.
"""

import asyncio
from collections.abc import Iterator, Mapping

from bench.estimators.answer import SCHEMA_VERSION
from bench.estimators.priced import plain_estimate
from bench.phrases import Phrase
from bench.service.asking import BODY, asking_of, estimated
from bench.service.batch_columns import columns_answer
from bench.service.knowledge import Knowledge
from bench.service.problems import Path, Refused, refused
from bench.service.speaking import in_language

MOST_REQUESTS = 2000  # of a list: a few megabytes of answers; chosen
_AT_ONCE = 16  # answers between two looks at what else waits: 2 ms or so
_AT: Path = (*BODY, "requests")
Answer = Mapping[str, object]


async def batch_answer(body: object, knowledge: Knowledge, turns: asyncio.Semaphore) -> Answer:
    """The answer to a list of requests or to columns, others' requests in between. Raises Refused.

    `turns`: how many columns are priced at once; the others wait, and take no memory for it.
    """
    said = _said(body)
    if "columns" in said:
        async with turns:
            return await asyncio.to_thread(columns_answer, said["columns"], knowledge)
    answers = []
    for place, one in enumerate(_each(said["requests"], knowledge)):
        answers.append(one)
        if place % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0)
    return _summed(answers)


def batch_at_once(body: object, knowledge: Knowledge) -> Answer:
    """The same, while all others wait: for examples. Raises Refused."""
    said = _said(body)
    if "columns" in said:
        return columns_answer(said["columns"], knowledge)
    return _summed([*_each(said["requests"], knowledge)])


def _said(body: object) -> Mapping[str, object]:
    """The body, of which one field is said: requests or columns."""
    if not isinstance(body, Mapping) or len(body) != 1 or next(iter(body)) not in ("requests", "columns"):
        message = Phrase(
            "found {found}; needed is one field: requests, a list of them, or columns, a list for each field",
            found=_found(body),
        )
        raise refused(BODY, message)
    return body


def _each(rows: object, knowledge: Knowledge) -> Iterator[Answer]:
    if not isinstance(rows, list):
        raise refused(_AT, Phrase("requests is {rows!r:.60}; needed is a list of requests", rows=rows))
    if not 1 <= len(rows) <= MOST_REQUESTS:
        message = Phrase(
            "{found} requests; needed are 1 to {most}: send more as columns", found=len(rows), most=MOST_REQUESTS
        )
        raise refused(_AT, message)
    return (_one(row, knowledge, (*_AT, place)) for place, row in enumerate(rows))


def _one(row: object, knowledge: Knowledge, at: Path) -> Answer:
    try:
        asking = asking_of(row, knowledge, at)
        return in_language(plain_estimate(estimated(asking, knowledge, at), explain=asking.explain))
    except Refused as error:
        return {"error": error.problems[0].plain}


def _summed(answers: list[Answer]) -> Answer:
    wrong = sum("error" in one for one in answers)
    return {"schema_version": SCHEMA_VERSION, "count": len(answers), "refused": wrong, "estimates": answers}


def _found(body: object) -> str:
    if not isinstance(body, Mapping):
        return f"{body!r:.60}"
    return "the fields " + ", ".join(f"{name!r:.40}" for name in [*body][:4]) if body else "an empty object"
