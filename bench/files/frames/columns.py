"""What a table and a column are, and the columns that many tables share. Tables themselves: `tables.py`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["text", "whole", "number", "truth", "time"]
# Each can be missing; a number that is missing is never 0. Text is not called str: pandas 2 and 3 differ on it.
PANDAS: Mapping[Kind, str] = {
    "text": "string",
    "whole": "Int64",
    "number": "float64",
    "truth": "boolean",
    "time": "datetime64[us, UTC]",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; its name ends in its unit, where it has one unit in all rows."""

    name: str
    kind: Kind
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTable:
    """One frame or file: what a row is, which columns tell rows apart, and all columns in their order."""

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]


def text(name: str, meaning: str) -> Column:
    """A column of words; missing where there is nothing to say."""
    return Column(name=name, kind="text", unit="", meaning=meaning)


def number(name: str, unit: str, meaning: str) -> Column:
    """A column of figures; NaN where there is none."""
    return Column(name=name, kind="number", unit=unit, meaning=meaning)


def whole(name: str, meaning: str, unit: str = "") -> Column:
    """A column of counts or of nanoseconds, exact to the last digit."""
    return Column(name=name, kind="whole", unit=unit, meaning=meaning)


def truth(name: str, meaning: str) -> Column:
    """A column of yes or no."""
    return Column(name=name, kind="truth", unit="", meaning=meaning)


def time(name: str, meaning: str) -> Column:
    """A column of moments on the wall clock, UTC."""
    return Column(name=name, kind="time", unit="UTC", meaning=meaning)


RUN = text("run_id", "the run: its folder's name under runs/")
WINDOW = (
    RUN,
    text("phase", "idle, load, warmup, prepare or work"),
    text("label", "which window of its phase: 1, 2, …; bare-1 (no model loaded), resident-1 (loaded, not asked)"),
)
BASIS = text("basis", "measured by a sensor, modelled, or excluded because nothing tells it; never added together")
BOUNDARY = text("boundary", "what the figure holds: gpu, cpu, dram, platform, host (a share of a server) or wall")
SPAN = (
    whole("start_ns", "first moment that counts, CLOCK_MONOTONIC of that machine", "ns"),
    whole("end_ns", "first moment that counts no more", "ns"),
)
USAGE = (
    whole("requests", "requests answered, without those that failed"),
    whole("prompt_tokens", "tokens read by a language model, the cached ones too"),
    whole("cached_tokens", "of them, those that were not computed again"),
    whole("output_tokens", "tokens written"),
    whole("source_tokens", "tokens of the text to translate"),
    whole("target_tokens", "tokens of the translation"),
    number("audio_s", "s", "length of the audio that was transcribed"),
    whole("audio_windows", "Whisper's padded pieces of 30 s"),
    number("video_s", "s", "length of the video whose sound track was taken out"),
)
PATH = "the weights that were named; missing: synthetic, or the model's own"
THREADS = "threads that the engine was given; missing: it records none"
KEY = (
    text("model", "the model's name"),
    text("precision", "the precision that ran"),
    text("weights", "synthetic (seeded random numbers), pretrained, or served (as a server holds them)"),
    text("engine", "what ran the model"),
    text("engine_version", "its version; of a server also how it was started, where that was said"),
    text("hardware", "the hardware profile of the machine"),
    text("device", "what did the work: gpu or cpu"),
    number("power_limit_w", "W", "the board's power limit"),
    text("driver", "the board's driver"),
    text("weights_path", PATH),
    text("endpoint", "a server's address, and the typed options that its version does not tell"),
    whole("threads", THREADS),
    whole("parameters", "as counted when the model was loaded; missing: not said"),
)
LEVEL = (
    whole("batch", "requests in a batch"),
    whole("concurrency", "requests under way at once, at most"),
    number("rate_per_s", "1/s", "requests a second that were offered, whatever came back"),
    text("load", "a named scenario of load"),
)
ENDS = (
    "lower end of the 95 % interval; of a modelled figure of the model's span, without coverage",
    "upper end, likewise",
)
DOUBLE = truth("test_double", "no sensor stands behind it: a simulated board, a declared power, replayed readings")
REASON = text("reason", "why there is no number; missing where there is one")
QUANTITY = (
    number("value", "as `unit` says", "the figure; NaN where it could not be told"),
    number("low", "as `unit` says", ENDS[0]),
    number("high", "as `unit` says", ENDS[1]),
    text("unit", "the unit of value, low and high"),
    BASIS,
    REASON,
)
