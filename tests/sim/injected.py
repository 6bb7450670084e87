"""Every fault of a server at every stage of a request, and what its client must say of the request it strikes.

Tests and `make perf TABLE=engines` read this one table. `door:MODE` is the door before the server (sim.door), the
others are the simulated server's own faults (sim.server_faults), & between those that strike together.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from fakes import run_of, ticking, window
from sim.door import Door, door_before
from sim.served import Served as Server
from sim.server_faults import LIES

from bench.engines import http, ollama, openai_http
from bench.files.models import served_model
from bench.fit.coefficients import fit
from bench.fit.rows import Measured
from bench.nouns import Cell, Endpoint, LoadSpec, Outcome, Request, Served, Usage
from bench.physics.energy import window_energies
from bench.physics.verdict import judge
from bench.units import NS_PER_S, S_PER_NS

# A prompt is aimed at, in words, so a server may count it a little otherwise: of 64 tokens half would pass for the
# truth now and then, of 256 never (bench/wire/wording.py, `likely`).
TIMEOUT_S, PROMPT_TOKENS, OUTPUT_TOKENS = 0.8, 256, 16
ENGINES = {"openai_http": openai_http.open_engine, "ollama": ollama.open_engine, "http": http.open_engine}
# decoding fast enough that a sound request takes a tenth of a second
FAST = ("--prefill-token-s", "0.00001", "--decode-step-s", "0.004", "--decode-sequence-s", "0.0001")
_BODY = f'{{"model": "simulated-model", "prompt": "{{text}}", "max_tokens": {OUTPUT_TOKENS}}}'
_OPTIONS: Mapping[str, Mapping[str, str]] = {"http": {"path": "/v1/completions", "body": _BODY, "family": "api"}}

SHORT, WHOLE = "short", "whole"  # no errors: less was done and is counted as less; nothing is missing
# stage → fault → what is said of the request that it strikes: causes, or one of the two above
TABLE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "before connect": {"door:refuse": ("refused",), "door:unanswered": ("timeout",)},
    "on connect": {
        "door:close": ("dropped",),
        "door:reset": ("dropped", "refused"),  # the reset may overtake the handshake
        "door:silent": ("timeout",),
        "door:noise": ("malformed",),
    },
    "before the headers": {
        "status:code=500": ("status",),
        "status:code=429": ("busy",),
        "status:code=503": ("busy",),
        "hang:stage=before": ("timeout",),
        "drop:stage=before": ("dropped",),
        "reset:stage=before": ("dropped",),
        "cached_reply": ("cached",),
    },
    "after the headers": {
        "hang:stage=headers": ("timeout",),
        "drop:stage=headers": ("dropped",),
        "reset:stage=headers": ("dropped",),
        "dribble:stage=headers,size=400,seconds=0.001": (WHOLE,),  # slow, and all of it
        "dribble:stage=headers,size=1,seconds=0.01": ("timeout",),
        "wrong_model": ("wrong-model",),
    },
    **{
        name: {
            f"status:stage={stage}": ("malformed",),
            f"hang:stage={stage}": ("timeout",),
            f"drop:stage={stage}": ("dropped",),
            f"reset:stage={stage}": ("dropped",),
            f"truncate:stage={stage}": ("malformed",),
            f"malform:stage={stage}": ("malformed",),
            f"duplicate:stage={stage}": ("usage",),
            f"silent:stage={stage}": ("ended",),
            f"dribble:stage={stage},size=1,seconds=0.01": ("timeout",),
        }
        for name, stage in (
            ("at the first token", "first"),
            ("mid-stream", "mid"),
            ("after the last token", "end"),
        )
    },
    # half of the work with the count of all of it shows in a dozen answers: tests/wire/test_servers.py
    "in the usage": {
        **{f"usage:how={how}": ("usage",) for how in LIES},
        **{f"usage:how={how},of=prompt": ("usage",) for how in LIES},
        **{f"usage:how={how},of=cached": ("usage",) for how in ("text", "float")},
        "stop_short": (SHORT,),
        "length_short": (SHORT,),
    },
    "after the reply": {"after_done": ("malformed",), "close_idle": (WHOLE, "dropped")},
}
# What Ollama's protocol says otherwise: it names errors, and leaves cached tokens out; its last line is its usage.
_OLLAMA = (
    {"duplicate:stage=end": ("malformed",)}
    | {f"status:stage={stage}": ("failed",) for stage in ("first", "mid", "end")}
    | {f"usage:how={how},of=cached": (WHOLE,) for how in ("text", "float")}
)
_OTHERWISE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "ollama": _OLLAMA,
    # twice the message that says why it stopped, which holds no token
    "openai_http": {"duplicate:stage=end": (WHOLE,)},
}
# An endpoint without tokens is right by its status and its length: these faults are what it can see.
_HTTP_KINDS = ("door", "status", "hang", "drop", "reset", "close_idle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fault at one stage of one engine's request."""

    engine: str
    stage: str
    fault: str
    said: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.engine}, {self.stage}, {self.fault}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """What came of it: a sound request, the one that was struck, and figures that a fit makes of both."""

    before: Outcome
    struck: Outcome
    injected: bool  # the server, or the door, did what was asked of it
    figures: int

    @property
    def said(self) -> str:
        """The cause; without an error whether all of the work was done."""
        asked, done = self.struck.requested.output_tokens, self.struck.achieved.output_tokens
        whole = done in (asked, None)  # None: an endpoint that knows no tokens
        return self.struck.cause or self.struck.error or (WHOLE if whole else SHORT)

    @property
    def took_s(self) -> float:
        """From the moment that it was meant to be sent."""
        return (self.struck.end_ns - (self.struck.due_ns or self.struck.start_ns)) * S_PER_NS

    @property
    def counts_nothing(self) -> bool:
        """Whether a request that failed delivered nothing."""
        return self.struck.error is None or self.struck.achieved == Usage(requests=0)


def cases(engine: str) -> tuple[Case, ...]:
    """Every case that this engine can meet."""
    return tuple(
        Case(engine=engine, stage=stage, fault=fault, said=_said(engine, fault, said))
        for stage, faults in TABLE.items()
        for fault, said in faults.items()
        if engine != "http" or (fault.partition(":")[0] in _HTTP_KINDS and not _in_stream(fault))
    )


def _said(engine: str, fault: str, said: tuple[str, ...]) -> tuple[str, ...]:
    return _OTHERWISE.get(engine, {}).get(fault, said)


def _in_stream(fault: str) -> bool:
    """An error in the stream: a whole body has none."""
    return fault.startswith("status:stage=")


@contextmanager
def session_at(url: str, engine: str, *, model: str = "simulated-model", **options: str) -> Iterator[Served]:
    """A session with a server that gives up after TIMEOUT_S."""
    endpoint = Endpoint(url=url, options={"timeout_s": str(TIMEOUT_S), **_OPTIONS.get(engine, {}), **options})
    family = "api" if engine == "http" else "causal-lm"
    cell = Cell(engine=engine, model=model, precision="served", workload="w")
    load = LoadSpec(model=served_model(cell, family), precision="served", weights="served", endpoint=endpoint)
    with ENGINES[engine]().load(load) as opened:
        yield opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A session through a door, and the server behind it."""

    server: Server
    door: Door
    session: Served

    def struck(self, case: Case) -> Struck:
        """A sound request, and then the one that the fault strikes. The server is sound again afterwards."""
        before, struck = asked(2)
        kind, _, rest = case.fault.partition(":")
        try:
            if kind == "door":
                first = self._one(before)
                self.door.set(rest)
                self._settle()
            elif kind == "close_idle":  # strikes after a sound reply: whoever comes next finds it
                self.server.faults(*({**one, "times": 1} for one in faults_of(case.fault, every=1)))
                first = self._one(before)
                time.sleep(0.05)
            else:
                self.server.faults(*faults_of(case.fault, every=2))
                first = self._one(before)
            second = self._one(struck)
            injected = kind == "door" or all(one["struck"] == 1 for one in self.server.control("GET", "/faults"))
        finally:
            self.server.faults()
            if kind == "door":
                self.door.set("open")
            self._settle()
        return Struck(before=first, struck=second, injected=injected, figures=figures([first, second]))

    def _one(self, request: Request) -> Outcome:
        [outcome] = self.session.run([request])
        return outcome

    def _settle(self) -> None:
        """The client's loop sees what has become of its kept connections."""

        async def nothing(_: object) -> None:
            await asyncio.sleep(0.02)

        self.session.drive(nothing)


@contextmanager
def bench_at(server: Server, engine: str) -> Iterator[Bench]:
    """A sound session with this server."""
    with ExitStack() as held:
        server.faults()
        door = held.enter_context(door_before(server.url))
        session = held.enter_context(session_at(door.url, engine))
        yield Bench(server=server, door=door, session=session)


def asked(count: int, prompt: int = PROMPT_TOKENS, output: int = OUTPUT_TOKENS) -> list[Request]:
    """Requests for so much work."""
    usage = Usage(requests=1, prompt_tokens=prompt, output_tokens=output)
    return [Request(id=f"r{i}", asked=usage) for i in range(count)]


def faults_of(text: str, every: int = 2) -> list[dict[str, Any]]:
    """Faults as the simulated server's control takes them."""
    found = []
    for one in text.split("&"):
        kind, _, tail = one.partition(":")
        pairs = dict(pair.split("=") for pair in tail.split(",") if pair)
        found.append({"kind": kind, "every": every, **pairs})
    return found


def figures(outcomes: Sequence[Outcome]) -> int:
    """How many terms and rates of work a fit makes of a run of these requests, whose every joule was read.

    They stand in two windows each, as few as make an interval: sound ones do make a figure.
    """
    length_s = (max(o.end_ns for o in outcomes) - min(o.start_ns for o in outcomes)) * S_PER_NS + 1.0
    starts_s = (2.0, 2.0 + length_s + 0.5)
    windows = [window("idle", "resident-1", 0.3, 0.9), window("idle", "resident-2", 0.9, 1.5)]
    windows += [window("work", str(i), at_s, at_s + length_s) for i, at_s in enumerate(starts_s, 1)]
    zero_ns = min(o.start_ns for o in outcomes)
    done = [_moved(o, round((at_s + 0.5) * NS_PER_S) - zero_ns) for at_s in starts_s for o in outcomes]

    def power_w(at_s: float) -> float:
        return 150.0 if any(start_s <= at_s < start_s + length_s for start_s in starts_s) else 50.0

    run = run_of(ticking(power_w, 0.0, starts_s[1] + length_s + 0.5), windows, done)
    energies = window_energies(run.trace, run.sources)
    fitted = fit([Measured(run=run, energies=energies, verdicts=judge(run, energies))])
    return sum(len(one.rates) + len(set(one.terms) - {"idle_resident", "idle_bare", "load"}) for one in fitted)


def _moved(one: Outcome, by_ns: int) -> Outcome:
    return replace(
        one,
        start_ns=one.start_ns + by_ns,
        end_ns=one.end_ns + by_ns,
        first_output_ns=one.first_output_ns and one.first_output_ns + by_ns,
        due_ns=one.due_ns and one.due_ns + by_ns,
        sent_ns=one.sent_ns and one.sent_ns + by_ns,
        output_ns=tuple(at + by_ns for at in one.output_ns),
    )
