"""The tables of what was fitted on runs: coefficients and load curves."""

from bench.files.frames.columns import (
    BASIS,
    BOUNDARY,
    DOUBLE,
    ENDS,
    KEY,
    LEVEL,
    QUANTITY,
    RUN,
    FrameTable,
    number,
    text,
    truth,
    whole,
)

_FIT = text("fit_id", "one fit: the file under coefficients/, and the entry's number in it")
_CURVE = text("curve_id", "one load curve: the file under coefficients/, and the curve's number in it")
COEFFICIENTS = FrameTable(
    name="coefficients",
    row="one term or rate of one fit: energy of a run = idle_resident x duration + sum of term x achieved work",
    key=("fit_id", "kind", "name", "workload"),
    columns=(
        _FIT,
        *KEY,
        DOUBLE,
        BOUNDARY,
        *LEVEL,
        text(
            "levels", "batches and loads that its terms hold for, with ' | ' between them; missing: the one before"
        ),
        text(
            "kind",
            "term (above the resident idle; idle_* and load stand beside them) or rate (gross, idle inside)",
        ),
        text("name", "output_token, request, idle_resident, …"),
        text("workload", "the workload that a rate is of; missing for terms"),
        *QUANTITY,
    ),
)
FITS = FrameTable(
    name="fits",
    row="one fit: how it was made and how far to trust it",
    key=("fit_id",),
    columns=(
        _FIT,
        whole("runs", "runs behind it"),
        whole("excluded", "runs that were left out, each with its reason in the file"),
        whole("windows", "windows that it rests on"),
        number("condition_number", "1", "how nearly two terms are one; over 1000 they are not told apart"),
        number("held_out_error_ratio", "1", "median relative error on windows that the fit did not see"),
        number("residual_ratio", "1", "relative scatter about the fit"),
        text("facts", "all that the fit says of itself, as JSON"),
        text("notes", "what stands beside its figures, with ' | ' between them"),
    ),
)
FIT_RUNS = FrameTable(
    name="fit_runs",
    row="one run that one fit rests on",
    key=("fit_id", "run_id"),
    columns=(_FIT, RUN),
)
VALIDITY = FrameTable(
    name="validity",
    row="one range that the runs of a fit covered; outside it the fit is not to be trusted",
    key=("fit_id", "quantity"),
    columns=(
        _FIT,
        text("quantity", "prompt_tokens, batch, concurrency, …: of one request"),
        number("low", "as its name says", "the least that was run"),
        number("high", "as its name says", "the most that was run"),
    ),
)
CURVES = FrameTable(
    name="curves",
    row="one point of a load curve: one window of a server under one level of load",
    key=("curve_id", "point"),
    columns=(
        _CURVE,
        whole("point", "its place on the curve, from 0"),
        *KEY,
        DOUBLE,
        BOUNDARY,
        text("workload", "the workload's name"),
        RUN,
        number("offered_per_s", "1/s", "requests a second that were offered; NaN: users waited for their answers"),
        whole("users", "users who waited for their answers; missing: an open load"),
        number("answered_per_s", "1/s", "requests a second that were answered"),
        number("power_w", "W", "mean power meanwhile"),
        number("low_w", "W", ENDS[0]),
        number("high_w", "W", ENDS[1]),
        BASIS,
        truth("saturated", "the server did not keep up with what was offered"),
    ),
)
CURVE_LINES = FrameTable(
    name="curve_lines",
    row="one figure of the line through a load curve",
    key=("curve_id", "name"),
    columns=(
        _CURVE,
        text(
            "name", "idle (W at no request), request (J for each more), at_most (J a request at the highest rate)"
        ),
        *QUANTITY,
        number("most_per_s", "1/s", "the highest rate that was answered"),
        number("off_line_ratio", "1", "how far the farthest point lies from the line, of its power"),
    ),
)
