"""Sentences that stand in sealed files, in English, as phrases that can be told in another language.

Coefficients keep notes and reasons as text (bench.fit says them first); here are their templates.
"""

from collections.abc import Mapping
from typing import Any

from bench.phrases import Phrase, language_in_force, recognised, told

# the more special before the more general
_TEMPLATES = (
    Phrase("one run: what a day makes of it is in no interval"),
    Phrase("one run a cell: what a day makes of it is in no rate's interval"),
    Phrase("{boundary} energy is modelled, not measured"),
    Phrase(
        "synthetic weights: power can differ with the data; ± {percent}% in every term and rate until a "
        "pretrained control has been run"
    ),
    Phrase(
        "terms not tested on work that they have not seen: too few workloads to leave one out; "
        "true of those that ran"
    ),
    Phrase("flag: {runs} of {all} runs, {flag}"),
    Phrase("excluded {run}: {why}"),
    Phrase("{term}: with {others} in it, so true of {work} only"),
    Phrase("interval wider than asked: energy per unit is known to {known} after {n} windows; asked {asked}"),
    Phrase("too few repeats: {n} requests in the {seconds} s of work window {window}"),
    Phrase("a test double: {what}"),
    Phrase("only {n} counter ticks: {seconds} s of the {all} s are not the window's own"),
    Phrase("integrated from average power: the counter may not see all of the time"),
    Phrase("average power showed one value for {seconds} s: a steady load, or a field that is stuck"),
    Phrase(
        "{n} load with an energy, {needed} needed for an interval ({joules} J gross, once); measure {cell} again"
    ),
    Phrase("{n} loads with an energy, {needed} needed for an interval; measure {cell} again"),
    Phrase("{n} idle windows with an energy, {needed} needed for an interval; measure {cell} again"),
    Phrase(
        "moves together with {other} in these runs; add a workload that varies it alone "
        "(`joulemark list workloads`)"
    ),
    Phrase("moves together with {other} in these runs; add {cell}"),
    Phrase("energy per unit is known to {known} after {n} windows; asked {asked}"),
    Phrase("{n} requests in the {seconds} s of work window {window}"),
    Phrase("the hypervisor took {percent} of the machine's threads in a work window"),
    Phrase("no meter at the plug: the losses of power supplies are in no measured figure"),
    Phrase("cooling and power conversion of the building are in no figure"),
    Phrase("synthetic weights: seeded random numbers in the exact architecture; power can differ with the data"),
    Phrase("a batch runs until its longest request is done; padding is not counted as work"),
    Phrase("decode length: the transcript's tokens under Whisper's own multilingual tokenizer"),
    Phrase("token ids by {tokenizer}"),
    Phrase("no weights: a demultiplexer, a decoder and a resampler"),
    Phrase("read from /proc on the machine itself"),
    Phrase("synthetic weights"),
    Phrase(
        "watts of {cpu}; the interval spans the same vendor's microarchitectures; whether a vCPU is a thread or a "
        "core is unverified: the interval spans both"
    ),
    Phrase("watts of {cpu}; the interval spans the same vendor's microarchitectures"),
)
_NESTED = ("flag", "why", "boundary", "known", "asked")
_KNOWN = (
    Phrase("too few repeats to tell"),
    Phrase("±{percent} from {n} blocks"),
    Phrase("±{percent}"),
)


_SENTENCES = ("rests_on", "notes", "chain")


def in_language(data: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as JSON, its sentences told in the language in force; bases, methods and names are keys."""
    if language_in_force().translate is None:
        return dict(data)
    return {
        name: [told(retold(one)) for one in found] if name in _SENTENCES else found for name, found in data.items()
    }


def retell(text: str) -> str:
    """A stored sentence in the language in force."""
    return told(retold(text))


def retold(text: str) -> str:
    """A stored sentence as a phrase, fields that are sentences too; any other as it is."""
    if isinstance(text, Phrase):
        return text
    found = recognised(text, _TEMPLATES) or recognised(text, _KNOWN)
    if found is None:
        return Phrase(text)
    nested = {name: retold(str(one)) if name in _NESTED else one for name, one in found.fields.items()}
    return Phrase(found.template, **nested)
