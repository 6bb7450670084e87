"""Many requests in one body: a list, each answered as it is alone, or columns, priced together.

A row that cannot be answered is refused with an error of its own, and the others are not.
"""

import asyncio
from collections.abc import Mapping, Sequence

from bench.estimators.answer import SCHEMA_VERSION
from bench.estimators.priced import plain_estimate
from bench.service.asking import BODY, asking_of, estimated
from bench.service.batch_columns import columns_answer
from bench.service.knowledge import Knowledge
from bench.service.problems import Path, Refused, refused

MOST_REQUESTS = 2000  # of a list: a megabyte of answers; chosen
_AT_ONCE = 16  # answers between two looks at what else waits: 2 ms or so


async def batch_answer(body: object, knowledge: Knowledge) -> Mapping[str, object]:
    """The answer to a list of requests or to columns. Raises Refused for what is no such body."""
    if not isinstance(body, Mapping) or len(body) != 1 or next(iter(body)) not in ("requests", "columns"):
        known = "one field: requests, a list of them, or columns, a list for each field"
        raise refused(BODY, f"found {_found(body)}; needed is {known}")
    if "columns" in body:
        return await asyncio.to_thread(columns_answer, body["columns"], knowledge)
    rows = body["requests"]
    at: Path = (*BODY, "requests")
    if not isinstance(rows, list):
        raise refused(at, f"requests is {rows!r:.60}; needed is a list of requests")
    if not 1 <= len(rows) <= MOST_REQUESTS:
        raise refused(at, f"{len(rows)} requests; needed are 1 to {MOST_REQUESTS}: send more as columns")
    return await _each(rows, knowledge, at)


async def _each(rows: Sequence[object], knowledge: Knowledge, at: Path) -> Mapping[str, object]:
    answers: list[Mapping[str, object]] = []
    for place, row in enumerate(rows):
        answers.append(_one(row, knowledge, (*at, place)))
        if place % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0)  # others' single requests go on in between
    wrong = sum("error" in one for one in answers)
    return {"schema_version": SCHEMA_VERSION, "count": len(rows), "refused": wrong, "estimates": answers}


def _one(row: object, knowledge: Knowledge, at: Path) -> Mapping[str, object]:
    try:
        asking = asking_of(row, knowledge, at)
        return plain_estimate(estimated(asking, knowledge, at), explain=asking.explain)
    except Refused as error:
        return {"error": error.problems[0].plain}


def _found(body: object) -> str:
    if not isinstance(body, Mapping):
        return f"{body!r:.60}"
    return "the fields " + ", ".join(f"{name!r:.40}" for name in [*body][:4]) if body else "an empty object"
