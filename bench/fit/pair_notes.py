"""What must be said of two candidates beside their ratios: unequal work, waiting for a sensor, another setup."""

from collections.abc import Sequence

from bench.nouns.compared import Made, Showing
from bench.stats import mean

_SAME_WORK_RATIO = 1e-3  # of units a request: less is the rest of a window, not another kind of work
_PAUSED_RATIO = 0.02  # of a window; chosen: less lies between any two batches
_AS_CUT = ("prompt_tokens", "source_tokens")  # of one text, as each model cuts it


def unequal_requests(ones: Sequence[Showing], others: Sequence[Showing]) -> bool:
    """Whether a request is more work for one than for the other, so that its time compares nothing.

    Two models cut the same text into other tokens: of the text that is asked that alone is no other work.
    """
    alike = ones[-1].made.model == others[-1].made.model
    return any(alike or name not in _AS_CUT for name, _, _ in _unequal(ones, others))


def _unequal(ones: Sequence[Showing], others: Sequence[Showing]) -> list[tuple[str, float, float]]:
    """What of a request differs, and how much of it each did in the mean of its rounds."""
    found = []
    for name in sorted({n for s in (*ones, *others) for n in s.per_request}):
        a, b = (mean([s.per_request.get(name, 0.0) for s in side]) for side in (ones, others))
        if max(a, b) and abs(a - b) > _SAME_WORK_RATIO * max(a, b):
            found.append((name, a, b))
    return found


def work_notes(ones: Sequence[Showing], others: Sequence[Showing], names: tuple[str, str]) -> list[str]:
    """Where the two did unequal amounts a request, or waited for a sensor."""
    one, other = ones[-1], others[-1]
    unit = one.unit.replace("_", " ")
    rest = "; the median time of a request is one of unequal requests: no aim of a front"
    latency = rest if unequal_requests(ones, others) else ""
    said = [
        f"{name.replace('_', ' ')} a request: {a:.5g} by {names[0]}, {b:.5g} by {names[1]}; so energy and time "
        f"are per achieved {unit}{latency}"
        for name, a, b in _unequal(ones, others)
    ]
    if said and one.made.model != other.made.model:
        said.append("two models may cut a text into other tokens: a token of one is not a token of the other")
    said += _made_notes(one.made, other.made, names)
    for side, name in ((one, names[0]), (other, names[1])):
        if side.paused_ratio > _PAUSED_RATIO:
            what = (
                "are pauses that its sensor needs: the idle of the loaded model in them is taken out of its energy"
                if side.idle_taken
                else "lie between its batches: what is drawn then is in its gross energy, and in no time of a unit"
            )
            said.append(f"{side.paused_ratio:.0%} of the windows of {name} {what}")
    return said


def _made_notes(one: Made, other: Made, names: tuple[str, str]) -> list[str]:
    """What else differs between the two, where a name does not say so."""
    said = []
    if one.engine == other.engine and one.engine_version != other.engine_version:
        said.append(
            f"{names[0]} ran on {one.engine_version}, {names[1]} on {other.engine_version}: the ratio is one of "
            "these versions or setups too"
        )
    for name, unit in (("power_limit_w", " W"), ("driver", ""), ("threads", "")):
        a, b = getattr(one, name), getattr(other, name)
        # an engine that records no threads tells no difference of them
        if one.device == other.device and a != b and not (name == "threads" and None in (a, b)):
            what = name.removesuffix("_w").replace("_", " ")
            said.append(
                f"{what}: {a}{unit} for {names[0]}, {b}{unit} for {names[1]}: the ratio is one of these too"
            )
    return said
