"""Whether a server keeps the answers that it gave: a text that comes again is then looked up, and no work is done.

An answer of a cache before it may say so (`bench.wire.cached`). A server's own store says nothing, but answers a
text that it knows far sooner than one that it does not.
"""

from bench.nouns import Request, Usage
from bench.units import S_PER_NS
from bench.wire.api import ApiDialect
from bench.wire.exchange import Reply
from bench.wire.probe import ask
from bench.wire.template import NUMBER, TEXT
from bench.wire.wording import fresh_serial

_TEXTS = 5
_SOONER = 0.5  # of the quickest first answer: the slowest of five repeats never comes so soon by chance
_MS_PER_S = 1e3


def kept_answers(dialect: ApiDialect, timeout_s: float) -> str | None:
    """Why texts that come again are no work to this server; None: nothing says so, or no text is sent as it is."""
    template = dialect.path + (dialect.body or "")
    if TEXT not in template or NUMBER in template:
        return None
    serial = fresh_serial()
    took = [
        (_took_s(dialect, serial + k, timeout_s), _took_s(dialect, serial + k, timeout_s)) for k in range(_TEXTS)
    ]
    first_s, again_s = min(first for first, _ in took), max(again for _, again in took)
    if again_s >= _SOONER * first_s:
        return None
    return (
        f"{dialect.url} answers a text that it has seen in {again_s * _MS_PER_S:.1f} ms or less, a new one in "
        f"{first_s * _MS_PER_S:.1f} ms or more: it keeps its answers, and declared texts come again. Turn its "
        "cache off, put {serial} into the template, or take --set cache=measured where look-ups are what you mean"
    )


def _took_s(dialect: ApiDialect, serial: int, timeout_s: float) -> float:
    """From the request's last byte to its answer's (s): the connection, made anew each time, is left out."""
    reply: Reply = ask(dialect.call(Request(id=f"kept-{serial}", asked=Usage(requests=1)), serial), timeout_s)
    return (reply.end_ns - (reply.sent_ns or reply.start_ns)) * S_PER_NS
