"""Whether a server keeps the answers that it gave: a text that comes again is then looked up, and no work is done.

An answer of a cache before it may say so (`bench.wire.cached`). A server's own store says nothing, but answers a
text that it knows far sooner than one that it does not. Some keep an answer only when a text has come a few times
(proxy_cache_min_uses of nginx's ngx_http_proxy_module; checked 2026-11-21), so each is asked four times; and by a
store that looks at the text alone a number beside it is not seen, so each time has one of its own.
"""

from itertools import count

from bench.nouns import Request, Usage
from bench.units import MS_PER_S, S_PER_NS
from bench.wire.api import ApiDialect
from bench.wire.exchange import Reply
from bench.wire.probe import ask
from bench.wire.template import NUMBER, TEXT
from bench.wire.wording import fresh_serial, spelt

_TEXTS, _WORDS = 5, 12
_TIMES = 4  # chosen: a text is taken for one that comes again at its fourth time at the latest
_SOONER = 0.5  # of the quickest first answer: the slowest of five repeats never comes so soon by chance
_SLOW_S, _SLOW_TEXTS = 1.0, 3  # chosen: where an answer takes so long three texts do, chance weighs less in it


def kept_answers(dialect: ApiDialect, timeout_s: float) -> str | None:
    """Why texts that come again are no work to this server; None: nothing says so, or no text is sent at all."""
    template = dialect.path + (dialect.body or "")
    if TEXT not in template:
        return None
    took: list[list[float]] = []  # of each text: its first answer, then the later ones (s)
    serials = count(fresh_serial())
    while len(took) < (_SLOW_TEXTS if took and took[0][0] > _SLOW_S else _TEXTS):
        text = spelt(dialect.words, _WORDS, next(serials))
        took.append([_took_s(dialect, text, next(serials), timeout_s) for _ in range(_TIMES)])
    first_s = min(times[0] for times in took)
    again_s = min(max(times[nth] for times in took) for nth in range(1, _TIMES))
    if again_s >= _SOONER * first_s:
        return None
    numbered = "" if NUMBER in template else "put {serial} into the text's own place in the template, "
    return (
        f"{dialect.url} answers a text that it has seen in {again_s * MS_PER_S:.1f} ms or less, a new one in "
        f"{first_s * MS_PER_S:.1f} ms or more: it keeps its answers, and declared texts come again. Turn its "
        f"cache off, {numbered}or take --set cache=measured where look-ups are what you mean"
    )


def _took_s(dialect: ApiDialect, text: str, serial: int, timeout_s: float) -> float:
    """From the request's last byte to its answer's (s): the connection, made anew each time, is left out."""
    request = Request(id=f"kept-{serial}", asked=Usage(requests=1), text=text)
    reply: Reply = ask(dialect.call(request, serial), timeout_s)
    return (reply.end_ns - (reply.sent_ns or reply.start_ns)) * S_PER_NS
