"""How many requests a second a server answers at most: users who wait for answers, doubled until no more come.

Nothing is read of any meter here: it is what the rates of a load curve are chosen by, and no figure itself.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

from bench.errors import CannotRun
from bench.nouns import Outcome, Pace, Request, Served
from bench.run.load.play import Play
from bench.stats import mean, median
from bench.units import S_PER_NS

MOST_USERS = 256
# Chosen: a server that answers less than a tenth more for twice as many users has no more to give.
_GROWS_RATIO = 1.10
# Chosen: nine steps (1 … 256 users) take a quarter of a minute; a server of ten a second answers fifteen in one.
_LEAST_S = 1.5
# Chosen: of every user, at the pace of the step before: one that found the server empty, and two that count.
_ROUNDS = 3
# Chosen: for connections and what a server puts off until it is asked; a slower first request is waited for.
_WARM_S = 0.5
_ALL_RATIO = 0.99  # nearer than two steps of one rate come
_PARTS = 5  # Chosen: their median bears a stall in two of them
_FLAT = 2
# How many times as fast each user is answered as one alone. Chosen: shared steps make it one at most, a CPU that
# sleeps less some more. Where one alone waits on a timer of batching it is more: that is said, and not refused
# (3.3 with 20 ms before a classifier of 2 ms; errors in place of work of 20 ms: 36; both measured 2026-11-21).
_ODD_RATIO, _MOST_RATIO = 2.0, 5.0
_BUSY_CLIENT = 0.7  # of a core: from there on it may be the client that is measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """So many users at once, and what the server made of it."""

    users: int
    answered_per_s: float
    median_s: float  # of a request, from the moment that it was meant
    client_ratio: float = 0.0  # of a core, taken by the client

    def __str__(self) -> str:
        people = "1 user" if self.users == 1 else f"{self.users} users"
        return f"{people}: {self.answered_per_s:.4g} requests/s, {self.median_s * 1e3:.3g} ms each"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturation:
    """The rate beyond which more users only wait longer."""

    per_s: float
    users: int
    as_good: tuple[int, ...] = ()  # other numbers of users who got nearly as much
    found: bool = True  # False: it still grew with as many users as are tried
    refusing: bool = False  # it turned requests away with twice as many users
    client_ratio: float = 0.0
    faster: float = 1.0  # at most, was each of several users answered than one alone

    def __str__(self) -> str:
        people = "1 user" if self.users == 1 else f"{self.users} users"
        said = f"saturates at about {self.per_s:.3g} requests/s with {people}"
        if not self.found:
            said = f"answers {self.per_s:.3g} requests/s with {people}, the most that are tried, and still grows"
        if self.refusing:
            said += ", turns requests away beyond"
        if self.faster > _ODD_RATIO:
            said += (
                f", each answered {self.faster:.1f} times as fast as one alone (a timer of batching, or no work?)"
            )
        if self.client_ratio > _BUSY_CLIENT:
            said += f" (asking took {self.client_ratio:.0%} of a core: it may be the client's limit, not its own)"
        return said


def find_saturation(
    session: Served,
    requests: Sequence[Request],
    say: Callable[[str], None],
    *,
    most_users: int = MOST_USERS,
    least_s: float = _LEAST_S,
) -> Saturation:
    """Doubles the users until two doublings add nothing: one alone may be a stall of the machine.

    A server that turns requests away (429, 503) from some number of users on is saturated below it. Raises
    CannotRun where requests fail otherwise, and where they are answered so much faster than one alone that it
    can't be the same work.
    """
    asking = _Asking(session, cycle(session.stage(requests)), least_s)
    best = last = alone = asking.alone()
    flat: list[Step] = []
    faster = 1.0
    say(str(best))
    while last.users * 2 <= most_users and len(flat) < _FLAT:
        step = asking.step(last.users * 2, last)
        if step is None:
            say(f"{last.users * 2} users: requests are turned away")
            return _ended(best, flat, refusing=True, faster=faster)
        say(str(step))
        if _faster(alone, step) > _ODD_RATIO:
            alone = asking.alone()  # it may have been the one that was slow, on a machine that stalled
            _check_work(alone, step)
        faster = max(faster, _faster(alone, step))
        best, flat, last = (step, [], step) if _grew(best, step) else (best, [*flat, step], step)
    return _ended(best, flat, found=bool(flat), faster=faster)


@dataclass(frozen=True, slots=True)
class _Asking:
    """Steps of users against one session."""

    session: Served
    requests: Iterator[Request]
    least_s: float

    def alone(self) -> Step:
        """One user, after a first request or two that nobody counts."""
        warm = _stepped(*self._closed(1, min(_WARM_S, self.least_s)), 1)
        return _stepped(*self._closed(1, max(self.least_s, _ROUNDS * warm.median_s)), 1)

    def step(self, users: int, before: Step) -> Step | None:
        """So many users; None: some of them are turned away."""
        outcomes, client_ratio = self._closed(users, max(self.least_s, _ROUNDS * before.median_s))
        if {o.cause for o in outcomes if o.error} == {"busy"}:
            return None
        return _stepped(outcomes, client_ratio, users)

    def _closed(self, users: int, length_s: float) -> tuple[Sequence[Outcome], float]:
        """What became of a closed loop of that length, and the share of a core that asking took.

        Replies are read after the loop, when no request waits for it: that is no part of asking.
        """
        began_s, began_ns = time.process_time(), time.monotonic_ns()
        self.session.drive(Play(Pace(kind="closed", users=users), self.requests, length_s, seed=0))
        took_s = max(time.monotonic_ns() - began_ns, 1) * S_PER_NS
        client_ratio = (time.process_time() - began_s) / took_s
        return self.session.take(), client_ratio


def _ended(
    best: Step, flat: Sequence[Step], *, faster: float, found: bool = True, refusing: bool = False
) -> Saturation:
    """The highest rate of the last steps, the fewest users who got all of it, and others who nearly did."""
    steps = (best, *flat)
    per_s = max(s.answered_per_s for s in steps)
    level = next(s for s in steps if s.answered_per_s >= _ALL_RATIO * per_s)
    return Saturation(
        per_s=per_s,
        users=level.users,
        as_good=tuple(s.users for s in steps if s is not level and _GROWS_RATIO * s.answered_per_s > per_s),
        found=found,
        refusing=refusing,
        client_ratio=level.client_ratio,
        faster=faster,
    )


def _grew(before: Step, after: Step) -> bool:
    return after.answered_per_s >= _GROWS_RATIO * before.answered_per_s


def _faster(alone: Step, step: Step) -> float:
    return step.answered_per_s / (step.users * alone.answered_per_s)


def _check_work(alone: Step, step: Step) -> None:
    """Raises CannotRun where so many users are answered far faster, each, than one who is alone."""
    if _faster(alone, step) > _MOST_RATIO:
        raise CannotRun(
            f"{step.answered_per_s:.3g} requests/s were answered with {step.users} users, "
            f"{alone.answered_per_s:.3g} with one alone: more than {_MOST_RATIO:g} times as fast for each is not "
            "the same work, but errors, look-ups or replies before it is done; or who is alone waits on a timer "
            "(of batching). Look at what is answered under load; where it is a timer, name loads with --rate and "
            "--concurrency"
        )


def _stepped(outcomes: Sequence[Outcome], client_ratio: float, users: int) -> Step:
    """The rate of a closed loop: users ÷ the mean time of a request (J. D. C. Little, "A Proof for the Queuing
    Formula: L = λW", Operations Research 9 (1961) 383-387; checked 2026-11-21).

    A count over the step's length would depend on how many answers are under way at its edges. Each user's first
    request is left out where others follow: it found the server empty. The mean is the median of those of up to
    five parts of the step, so that a stall of the machine in one of them is not taken for the server's pace.
    """
    _check(outcomes, users)
    due = sorted(outcomes, key=lambda o: o.due_ns or o.start_ns)
    kept = due[users:] if len(due) >= 2 * users else due
    took_s = [(o.end_ns - (o.due_ns or o.start_ns)) * S_PER_NS for o in kept]
    parts = max(1, min(_PARTS, len(took_s) // (_ROUNDS * users)))
    size = len(took_s) / parts
    means_s = [mean(took_s[round(n * size) : round((n + 1) * size)]) for n in range(parts)]
    return Step(
        users=users, answered_per_s=users / median(means_s), median_s=median(took_s), client_ratio=client_ratio
    )


def _check(outcomes: Sequence[Outcome], users: int) -> None:
    """Raises CannotRun where a request failed: each cell of the sweep would be void."""
    errors = [o for o in outcomes if o.error]
    if not errors:
        return
    causes = Counter(o.cause or "failed" for o in errors)
    told = ", ".join(f"{n} {cause}" for cause, n in causes.most_common())
    raise CannotRun(
        f"{len(errors)} of {len(outcomes)} requests failed with {users} at once while saturation was looked for "
        f"({told}; the first: {errors[0].error}): mend that first, or name loads that the server bears with "
        "--rate and --concurrency"
    )
