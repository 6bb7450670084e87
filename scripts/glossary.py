"""The words of the meter, one plain sentence each, and what the trade calls the same thing.

Printed in docs/method.md by scripts/make_reference.py. VIM: JCGM 200:2012; GUM: JCGM 100:2008; Yang: Yang, Adamek,
Armour, arXiv:2312.02741; OpenMetrics: its specification 1.0.
"""

from types import MappingProxyType
from typing import NamedTuple


class Word(NamedTuple):
    """What a word means here; `elsewhere`: its standard name where that is another one."""

    means: str
    elsewhere: str = ""


GLOSSARY = MappingProxyType(
    {
        "poll": Word(
            "One round in which the sampler asks every sensor what it shows at this moment.",
            "sampling instant",
        ),
        "reading": Word("What one field of one sensor showed at one poll, with its time.", "indication (VIM 4.1)"),
        "counter": Word(
            "A field that shows the joules since some origin, and never falls.",
            "cumulative register; counter (OpenMetrics)",
        ),
        "gauge": Word("A field that shows a power in watts.", "gauge (OpenMetrics)"),
        "renewal": Word(
            "The moment at which a field takes a new value, which may be the same number again.",
            "update, refresh",
        ),
        "tick": Word(
            "A renewal with the energy until then: there, and only there, the joules so far are known.",
            "update of the register",
        ),
        "update period": Word(
            "The time from one renewal of a field to the next.", "power update period (Yang); refresh interval"
        ),
        "averaging window": Word(
            "The time whose mean power one value tells; also called a look.",
            "boxcar averaging window (Yang); integration time",
        ),
        "lag": Word("How long after the end of its averaging window a value is shown.", "latency, dead time"),
        "gate, part-time sensor": Word(
            "A sensor whose averaging window is shorter than its update period, so that it never sees the rest.",
            "part-time measurement (Yang); duty cycle below 1",
        ),
        "passport": Word(
            "What is known of a sensor, field by field: update period, averaging window, lag, noise, and how each "
            "was found out.",
            "characterisation record",
        ),
        "train": Word("Batches that run back to back from a chosen phase of the sensor's period on.", "burst"),
        "block": Word(
            "Neighbouring trains that together begin all over the sensor's period; also the neighbouring batches "
            "whose joules per unit make one value of a cell's precision.",
            "block (randomised blocks); batch means",
        ),
        "folding": Word(
            "Laying all looks of a part-time sensor on the course of one batch, to learn what they left out.",
            "epoch folding; post-stratified estimator",
        ),
        "view": Word(
            "The part of the uncertainty that comes from time in which the sensor did not look.",
            "under-coverage; sampling error",
        ),
        "witness": Word(
            "Another field of the same board, over the very same span, that confirms or contradicts a figure.",
            "redundant measurement",
        ),
        "peer": Word(
            "Another tool, such as CodeCarbon or Zeus, whose figures stand beside ours and never enter them; the "
            "option that asks for one is `--witness`.",
            "independent tool; reference",
        ),
        "degrees of freedom": Word(
            "How many independent values a scatter was told from, less one: the fewer, the wider the interval.",
            "the same (GUM G.3, G.4)",
        ),
        "budget": Word(
            "All components of one energy's uncertainty, by name, and the interval that they make.",
            "uncertainty budget (VIM 2.33)",
        ),
        "verdict": Word(
            "A reason to doubt a run: a flag stands beside its figures, a void takes them away.",
            "data-quality flag; rejection",
        ),
        "basis": Word(
            "Whether a figure was measured by a sensor, modelled, or excluded because there is none.",
            "type of evidence",
        ),
        "boundary": Word(
            "What a figure holds: a board, the CPU packages, memory, the platform, a whole host, or the wall.",
            "system boundary (ISO 14040)",
        ),
        "ledger": Word(
            "The joules of some windows by basis and boundary, never added across either, and what is excluded.",
            "energy balance",
        ),
        "bare idle": Word("The power while nothing is loaded and nothing is asked.", "baseline power"),
        "resident idle": Word(
            "The power while the model is in memory and nothing is asked; terms count from here.",
            "static power; warm idle",
        ),
        "load curve": Word(
            "The joules per unit of one server at several numbers of users or requests a second, each a cell.",
            "load-energy curve; target-load levels (SPECpower)",
        ),
    }
)


def table() -> str:
    """The glossary as a Markdown table."""
    rows = [f"| {name} | {word.means} | {word.elsewhere or '–'} |\n" for name, word in GLOSSARY.items()]
    return "| word | what it means here | elsewhere |\n|---|---|---|\n" + "".join(rows)
