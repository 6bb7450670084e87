"""What no ceiling can be: more than the device is declared to do, fewer joules than a byte costs."""

from collections.abc import Sequence

from bench.nouns import Domain, Kernel, Peak, Run, Verdict, WindowEnergy
from bench.physics import rules
from bench.physics.attribution import window_outcomes
from bench.physics.phases import work
from bench.physics.series import series
from bench.stats import median
from bench.units import S_PER_NS

CPU_S = "cpu_s"  # in Outcome.server: the processor time that the driving process took in a batch
_WITH_MEMORY = ("gpu", "dram", "platform", "host", "wall")  # boundaries that hold the memory that was streamed
# What makes a device slower than it is, or its clock wrong; other verdicts are about sensors alone.
_SLOWING = (
    rules.BUSY_MACHINE, rules.BUSY_BOARD, rules.STEAL, rules.FOREIGN, rules.THROTTLED, rules.CLOCK_DRIFT,
    rules.LIMIT_CHANGED, rules.NO_WORK, rules.FAILED_REQUESTS, rules.STRAY_WORK, rules.ABOVE_PEAK, rules.CROWDED,
)  # fmt: skip
RATES = {
    "byte": (1e9, "GB/s"),
    "FLOP": (1e12, "TFLOP/s"),
}  # of a kernel's unit: a factor, and the unit that rates are told in


def implausible(run: Run, energies: Sequence[WindowEnergy], kernel: Kernel, peak: Peak | None) -> list[Verdict]:
    """What is wrong with the windows of one kernel, of which alone `run` and `energies` are."""
    return [*_above_peak(run, kernel, peak), *_free_bytes(run, energies, kernel), *_crowded(run)]


def slows(verdict: Verdict, run: Run) -> bool:
    """Whether a verdict also doubts how fast the run's device was, and not a domain's joules alone.

    A machine that is busy slows its CPU; what befalls the host beside a GPU is no matter of the GPU's pace.
    """
    if verdict.name not in {rule.name for rule in _SLOWING}:
        return False
    if verdict.domain is None or not run.loaded.on_gpu:
        return True
    return any(s.domain == verdict.domain and s.device == run.loaded.device for s in run.sources)


def _above_peak(run: Run, kernel: Kernel, peak: Peak | None) -> list[Verdict]:
    rates = []
    for window in work(run.trace.windows):
        mine = window_outcomes(window, run.outcomes)
        took_s = sum(o.end_ns - o.start_ns for o in mine) * S_PER_NS
        if took_s:
            rates.append(kernel.per_pass * sum(o.achieved.requests or 0 for o in mine) / took_s)
    if peak is None or not rates or median(rates) <= peak.per_s:
        return []
    factor, unit = RATES[kernel.unit]
    evidence = (
        f"{median(rates) / factor:.4g} {unit} were reached, {peak.per_s / factor:.4g} {unit} are declared "
        f"({peak.source})"
    )
    return [rules.ABOVE_PEAK.voids(None, evidence)]


def _crowded(run: Run) -> list[Verdict]:
    """What others took while the CPU was driven: the machine's busy time less that of the process that drove it.

    Of a board's work nothing is said: its process waits, and the host's joules are not its pace.
    """
    known = series(run.trace.observations)
    source = next((s for s in run.sources if (s.domain, "busy_s", "condition") in known), None)
    if source is None or run.loaded.on_gpu:
        return []
    busy = known[source.domain, "busy_s", "condition"]
    threads = source.details.get("threads")
    count = float(threads) if isinstance(threads, (int, float)) and threads else 1.0
    shares = []
    for window in work(run.trace.windows):
        seen = busy.between(window.start_ns, window.end_ns)
        own_s = sum(o.server.get(CPU_S, 0.0) for o in window_outcomes(window, run.outcomes))
        if len(seen) < 2:
            continue
        span_s = (seen.t_ns[-1] - seen.t_ns[0]) * S_PER_NS
        others_s = seen.values[-1] - seen.values[0] - own_s * span_s / window.duration_s
        shares.append(max(0.0, others_s) / (span_s * count))
    if not shares:
        return []
    ratio = median(shares)
    evidence = f"others took {ratio:.0%} of the machine's threads in the median window of {len(shares)}"
    return rules.CROWDED.graded(ratio, None, evidence)


def _free_bytes(run: Run, energies: Sequence[WindowEnergy], kernel: Kernel) -> list[Verdict]:
    """Streams alone: of a product's operations no least cost is published that any sensor comes near."""
    if kernel.unit != "byte":
        return []
    # what the largest cache could keep from one pass to the next never went to memory
    crossing_ratio = max(0.0, 1.0 - rules.LARGEST_CACHE_BYTES / kernel.held_bytes)
    moved = {
        w.label: kernel.per_pass * sum(o.achieved.requests or 0 for o in window_outcomes(w, run.outcomes))
        for w in work(run.trace.windows)
    }
    found: dict[Domain, Verdict] = {}
    for e in work(energies):
        least_j = moved.get(e.label, 0) * crossing_ratio * rules.LEAST_J_PER_BYTE
        if e.boundary in _WITH_MEMORY and e.high_j is not None and e.high_j < least_j:
            evidence = (
                f"at most {e.high_j:.4g} J in {e.phase} {e.label}, and its {moved[e.label] / 1e9:.4g} GB cost "
                f"{least_j:.4g} J at least"
            )
            found.setdefault(e.domain, rules.FREE_BYTES.voids(e.domain, evidence))
    return list(found.values())
