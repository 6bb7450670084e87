"""What an HTTP endpoint says of itself on a page of its own, such as /health: facts beside a run's figures."""

import re
from collections.abc import Mapping

from bench.errors import BadInput, CannotRun
from bench.nouns import Fact

PREFIX = "about."
UNKNOWN_CLASSES = "classes_unknown"
"""The fact that names labels of a workload that are no classes of the server: it can't be scored by them."""
# Fields that differ from one moment or process to the next, and say nothing of how the server was started.
VOLATILE = frozenset({"pid", "uptime", "uptime_s", "time", "timestamp", "now", "started_at", "requests"})
_TIME = re.compile(r"\d:\d\d")
_MOST_FIELDS, _MOST_CHARACTERS = 40, 200


def about_facts(url: str, path: str, timeout_s: float) -> dict[str, Fact]:
    """The scalar fields of the JSON object at url + path, as about.NAME. Raises BadInput or CannotRun."""
    from bench.wire.address import hidden
    from bench.wire.exchange import Call
    from bench.wire.probe import ask, authorised, json_of, said

    if not path.startswith("/"):
        raise BadInput(f"--set about={path}: expected a path of the server that begins with /, such as /health")
    reply = ask(Call(method="GET", url=url + path, headers=authorised()), timeout_s)
    found = json_of(reply)
    if reply.status != 200 or not isinstance(found, dict):
        raise CannotRun(
            f"{url}{path} answers {reply.status} ({said(reply)}): expected 200 and one JSON object; name another "
            "page with --set about=/…, or none"
        )
    plain = {
        hidden(name)[:_MOST_CHARACTERS]: hidden(value)[:_MOST_CHARACTERS] if isinstance(value, str) else value
        for name, value in found.items()
        if value is None or isinstance(value, (str, int, float, bool))
    }
    return {f"{PREFIX}{name}": plain[name] for name in list(plain)[:_MOST_FIELDS]}


def steady_names(first: Mapping[str, Fact], again: Mapping[str, Fact]) -> tuple[str, ...]:
    """Facts of the page that say what the server is: texts and truth values, the same when it was asked again.

    Numbers count what a server did, and a text with a time of day tells when: neither stands still.
    """
    return tuple(
        name
        for name, value in first.items()
        if name.startswith(PREFIX)
        and isinstance(value, str | bool)
        and again.get(name) == value
        and is_lasting(name)
        and not (isinstance(value, str) and _TIME.search(value))
    )


def is_lasting(name: str) -> bool:
    """Whether a fact says something that a server keeps for as long as it is set up alike."""
    return name.removeprefix(PREFIX) not in VOLATILE if name.startswith(PREFIX) else True
