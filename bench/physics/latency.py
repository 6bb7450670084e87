"""How long requests to a server took, phase by phase, from the moment that the schedule meant.

    due ── start ── sent ────────── first output ── … ── last output ── end
     └lag─┘                              └─────── output, n tokens ───────┘
     └────────── ttft_s ────────────────┘        tpot_s = that / (n − 1)
     └──────────────────────────── e2e_s ────────────────────────────────────┘

`itl_s` is the gap between two pieces of output, which may hold several tokens. (AIPerf calls our `tpot_s`
inter_token_latency and our `itl_s` inter-chunk latency; vLLM's bench has the same two names as here; guidellm's
TPOT counts the first token too. Docs of each; checked 2026-11-21.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from bench.nouns import Outcome, Run, Times, Verdict
from bench.physics import rules
from bench.stats import mean, median, quantile
from bench.units import S_PER_NS

PHASES = ("send_lag_s", "send_s", "ttft_s", "tpot_s", "itl_s", "e2e_s")
SHARES = {"p50_s": 0.5, "p90_s": 0.9, "p95_s": 0.95, "p99_s": 0.99}
# A tail of p needs twenty values beyond it to mean something: n ≥ 20 / (1 − p). (Chosen; the relative error of a
# count of twenty is 22 %.) Below that the largest value seen would pass for it.
_BEYOND = 20


def of_request(one: Outcome) -> dict[str, float]:
    """How long the phases of one request took (s), but for `itl_s`; {}: it failed, or no schedule meant it.

    What its engine cannot see is absent, and so is `tpot_s` below two tokens.
    """
    if one.due_ns is None or one.error is not None:
        return {}
    spans: dict[str, tuple[int, int | None]] = {
        "send_lag_s": (one.due_ns, one.start_ns),
        "send_s": (one.start_ns, one.sent_ns),
        "ttft_s": (one.due_ns, one.first_output_ns),
        "e2e_s": (one.due_ns, one.end_ns),
    }
    found = {name: _s(start_ns, end_ns) for name, (start_ns, end_ns) in spans.items() if end_ns is not None}
    tokens = one.achieved.output_tokens or 0
    if one.first_output_ns is not None and one.output_ns and tokens > 1:
        found["tpot_s"] = _s(one.first_output_ns, one.output_ns[-1]) / (tokens - 1)
    return found


def times(run: Run) -> dict[str, Times]:
    """Every phase's times over the requests that were answered in work windows; {}: no server was asked."""
    done = [o for o in run.outcomes if o.error is None and o.due_ns is not None]
    each = list(map(of_request, done))
    found = {name: [told[name] for told in each if name in told] for name in PHASES}
    found["itl_s"] = [_s(a, b) for o in done for a, b in pairwise(o.output_ns)]
    return {name: summary(values) for name, values in found.items() if values}


def summary(values: Sequence[float]) -> Times:
    """Mean, extremes, and the quantiles that so many values can tell."""
    told = {name: quantile(values, share) for name, share in SHARES.items() if _tells(len(values), share)}
    return Times(count=len(values), mean_s=mean(values), least_s=min(values), most_s=max(values), quantiles_s=told)


def told_by_requests(known: Mapping[str, Times]) -> dict[str, Times]:
    """The phases in their order, without the quantiles of `itl_s` that so many requests don't tell.

    The gaps within one request share its moment and its batch: 500 of them from eight requests tell no tail, so
    the requests are counted. (The sealed times hold the quantiles over all gaps: this is for showing them.)
    """
    counts = [known[name].count for name in ("ttft_s", "tpot_s") if name in known]
    asked = min(counts, default=0)
    found = {name: known[name] for name in PHASES if name in known}
    if "itl_s" in found:
        gaps = found["itl_s"]
        told = {name: value for name, value in gaps.quantiles_s.items() if _tells(asked, SHARES[name])}
        found["itl_s"] = replace(gaps, quantiles_s=told)
    return found


def late(run: Run) -> list[Verdict]:
    """A client that sends late measures itself: its lag is held against the times that it is part of."""
    done = [(o.due_ns, o.start_ns, o.end_ns) for o in run.outcomes if o.due_ns is not None]
    if not done:
        return []
    lag_s = quantile([_s(due_ns, start_ns) for due_ns, start_ns, _ in done], 0.99)
    usual_s = median([_s(due_ns, end_ns) for due_ns, _, end_ns in done])
    most_s = max(rules.LATEST_S, rules.LATEST_RATIO * usual_s)
    if lag_s <= most_s:
        return []
    evidence = (
        f"the 99th percentile of {len(done)} requests left {lag_s * 1e3:.0f} ms after it was meant to; at most "
        f"{most_s * 1e3:.0f} ms are taken, their median time being {usual_s * 1e3:.0f} ms"
    )
    return [rules.SENT_LATE.voids(None, evidence)]


def _tells(count: int, share: float) -> bool:
    return count * (1 - share) >= _BEYOND * (1 - 1e-9)


def _s(start_ns: int, end_ns: int) -> float:
    return (end_ns - start_ns) * S_PER_NS
