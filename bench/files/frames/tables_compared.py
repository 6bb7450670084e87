"""The tables of comparisons."""

from bench.files.frames.columns import BASIS, DOUBLE, FrameTable, number, text, truth, whole

_COMPARED = (
    text("comparison_id", "the comparison: its file's name under comparisons/"),
    text("work", "WORKLOAD@LEVELS that every candidate was asked"),
)
_SHOWN = (
    text("measure", "energy (gross J a unit), time (s a unit) or e2e (s, median of requests)"),
    text("boundary", "what an energy holds; missing: a time"),
    BASIS,
    DOUBLE,
)
_ROUNDS = whole("rounds", "rounds behind it; one alone has no interval")
LEVELS = FrameTable(
    name="levels",
    row="what one candidate of a comparison showed on one work",
    key=("comparison_id", "work", "candidate", "measure", "boundary", "basis"),
    columns=(
        *_COMPARED,
        text("candidate", "its name in the comparison"),
        *_SHOWN,
        text("unit", "the unit of value, low and high"),
        number("value", "as `unit` says", "the geometric mean of its rounds"),
        number("low", "as `unit` says", "lower end of the 95 % interval of rounds alone"),
        number("high", "as `unit` says", "upper end, likewise"),
        _ROUNDS,
    ),
)
RATIOS = FrameTable(
    name="ratios",
    row="one candidate's figure over another's, paired by round; of modelled energies a ratio of processor times",
    key=("comparison_id", "work", "one", "other", "measure", "boundary", "basis"),
    columns=(
        *_COMPARED,
        text("one", "the candidate above the line"),
        text("other", "the candidate below it"),
        *_SHOWN,
        number("value", "1", "one over other"),
        number("low", "1", "lower end of the 95 % interval"),
        number("high", "1", "upper end, likewise"),
        _ROUNDS,
    ),
)
DIFFERENCES = FrameTable(
    name="differences",
    row="one candidate's score less another's, or why there is none",
    key=("comparison_id", "work", "one", "other", "score"),
    columns=(
        *_COMPARED,
        text("one", "the candidate whose score it is"),
        text("other", "the candidate whose score is taken off"),
        text("score", "the metric, as in quality"),
        number("value", "as the metric says", "one less other"),
        number("low", "as the metric says", "lower end of the 95 % interval"),
        number("high", "as the metric says", "upper end, likewise"),
        truth("paired", "whether the interval is of pairs of answers; false: of two independent scores"),
        whole("same_answers", "questions that both answered alike"),
        whole("questions", "that both answered; missing: they did not answer the same ones"),
        text("reason", "why there is none"),
    ),
)
