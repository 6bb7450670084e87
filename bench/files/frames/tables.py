"""The one list of all tables: pandas frames, CSV and Parquet files, and their description are made from it."""

from bench.files.frames.columns import (
    BASIS,
    BOUNDARY,
    ENDS,
    KEY,
    LEVEL,
    RUN,
    SPAN,
    USAGE,
    WINDOW,
    Table,
    number,
    text,
    time,
    truth,
    whole,
)

_FIT = text("fit_id", "one fit: the file under coefficients/, and the entry's number in it")
_CURVE = text("curve_id", "one load curve: the file under coefficients/, and the curve's number in it")
_DOUBLE = truth(
    "test_double", "no sensor stands behind it: a simulated board, a declared power, replayed readings"
)
_REASON = text("reason", "why there is no number; missing where there is one")
_QUANTITY = (
    number("value", "as `unit` says", "the figure; NaN where it could not be told"),
    number("low", "as `unit` says", ENDS[0]),
    number("high", "as `unit` says", ENDS[1]),
    text("unit", "the unit of value, low and high"),
    BASIS,
    _REASON,
)

RUNS = Table(
    name="runs",
    row="one sealed run: a cell, a metered command, a sensor under known steps of load, or a calibration",
    key=("run_id",),
    columns=(
        RUN,
        text(
            "kind",
            "run (a cell), meter (a command), passport (known steps of load), calibration; models are of cells",
        ),
        time("started_at", "when it began"),
        text("verdict", "sound, flag (figures stand, with doubts) or void (the figures it was made for do not)"),
        text("reason", "why it is void"),
        text("cell", "ENGINE/MODEL:PRECISION/WORKLOAD@LEVELS, as it was asked for"),
        *KEY[:5],
        text("family", "speech, translation, causal-lm, classifier, video or api"),
        text("workload", "the workload's name"),
        *LEVEL,
        text("hardware", "the hardware profile of the machine"),
        text("device", "what did the work: cpu, or GPU- and its UUID"),
        text("device_name", "the same in words"),
        whole("parameters", "parameters of the model; 0 where a server does not say"),
        text("server_url", "the address of the server that was asked"),
        text("setup", "how the server was started, in the user's words"),
        whole("seed", "what synthetic weights and schedules are drawn from"),
        number("precision_ratio", "1", "half-width of the 95 % interval of its own repeats over their mean"),
        text("precision_domain", "the domain that precision_ratio is of"),
        text("notes", "what the workload and the engine say of themselves"),
    ),
)
WINDOWS = Table(
    name="windows",
    row="the energy of one domain in one window of a run",
    key=("run_id", "phase", "label", "domain"),
    columns=(
        *WINDOW,
        text("domain", "gpu:0, cpu-package:0, dram:0, platform, host, wall: one sensor's or model's part"),
        text("device", "the device's own name: GPU- and its UUID, intel-rapl:0, …"),
        text("device_name", "the same in words"),
        _DOUBLE,
        BOUNDARY,
        BASIS,
        text("verdict", "sound, flag (the number stands, with doubts), void (no number) or excluded (no sensor)"),
        number("energy_j", "J", "energy of the span below, idle and other work inside; NaN: void or excluded"),
        number("low_j", "J", ENDS[0]),
        number("high_j", "J", ENDS[1]),
        number("power_w", "W", "energy_j / span_s"),
        number("span_s", "s", "how long the energy's span is: the window, widened to ticks of the sensor"),
        *SPAN,
        text("method", "counter, power (integrated), model or none"),
        number("witness_j", "J", "the same span by another field of the same board"),
        text("flags", "the doubts of this figure and of its run's verdicts, with ' | ' between them"),
        text("reason", "why there is no number"),
    ),
)
COMPONENTS = Table(
    name="components",
    row="one part of the uncertainty of one energy; none of void ones",
    key=("run_id", "phase", "label", "domain", "component"),
    columns=(
        *WINDOW,
        text("domain", "as in windows"),
        text("component", "tick, gain, view, lag: standard; unseen_low, unseen_high: bounds; model_low, …: ends"),
        number("component_j", "J", "its size; of model_low and model_high the energy itself at that end"),
        whole("freedom", "degrees of freedom, where few values told it"),
    ),
)
WORK = Table(
    name="work",
    row="one window of a run, and the work that was achieved wholly inside it",
    key=("run_id", "phase", "label"),
    columns=(
        *WINDOW,
        *SPAN,
        number("duration_s", "s", "the window itself, without the ticks beside it"),
        whole("batches", "batches that ran wholly inside it"),
        whole("failed", "requests that failed, of those"),
        *USAGE,
    ),
)
REQUESTS = Table(
    name="requests",
    row="one request that was sent",
    key=("run_id", "number"),
    columns=(
        RUN,
        whole("number", "its place among the run's requests, from 0"),
        text("phase", "of the window that holds all of it; missing: none does (warm-up is not kept)"),
        text("label", "of that window"),
        text("request_id", "the workload's item; items come again"),
        whole("batch_id", "requests that ran together share it, and its times"),
        *SPAN,
        number("duration_s", "s", "end_ns - start_ns: of the whole batch"),
        number(
            "send_lag_s", "s", "how late it left, after the moment that the schedule meant; servers only, as below"
        ),
        number("send_s", "s", "until its last byte was handed over"),
        number("ttft_s", "s", "from the moment meant to the first piece of output"),
        number("tpot_s", "s", "each output token after the first"),
        number("e2e_s", "s", "from the moment meant to the end"),
        text("error", "what went wrong; missing: nothing"),
        text("cause", "its kind: refused, timeout, dropped, busy, …"),
        text("said", "the class that a classifier named"),
        text("meant", "the class that a right answer names"),
        *USAGE,
        whole("asked_output_tokens", "tokens that were asked for, where output_tokens came"),
        whole("asked_target_tokens", "likewise of a translation"),
    ),
)
LATENCIES = Table(
    name="latencies",
    row="how long one part of a server's requests took in one run",
    key=("run_id", "quantity"),
    columns=(
        RUN,
        text("quantity", "send_lag, send, ttft, tpot, itl (between pieces of output) or e2e"),
        whole("count", "values; of itl those of all requests together"),
        number("mean_s", "s", "their mean"),
        number("least_s", "s", "the shortest"),
        number("most_s", "s", "the longest"),
        number("p50_s", "s", "the median"),
        number("p90_s", "s", "nine in ten are shorter; NaN where too few requests tell it, as below"),
        number("p95_s", "s", "19 in 20 are shorter"),
        number("p99_s", "s", "99 in 100 are shorter"),
        text("reason", "which quantiles too few requests tell"),
    ),
)
VERDICTS = Table(
    name="verdicts",
    row="one reason to doubt a run",
    key=("run_id", "number"),
    columns=(
        RUN,
        whole("number", "its place among the run's verdicts, from 0; voids come first"),
        text("name", "the rule's name, as in docs/method.md"),
        text("level", "flag (the figures stand) or void (they do not)"),
        text("domain", "the domain that it touches; missing: every one"),
        text("evidence", "what was found"),
        text("remedy", "what helps"),
    ),
)
QUALITY = Table(
    name="quality",
    row="one score of a run's answers, or why there is none; none of synthetic weights",
    key=("run_id", "metric", "part"),
    columns=(
        RUN,
        text(
            "metric",
            "macro_f1, accuracy, f1, exact_match: shares; wer: a ratio that can pass 1; chrf, bleu: of 100",
        ),
        text("part", "the class or the language that it is of; missing: all of them"),
        number("value", "as the metric says", "the score"),
        number("low", "as the metric says", "lower end of the 95 % interval, where there is one"),
        number("high", "as the metric says", "upper end, likewise"),
        whole("requests", "labelled requests that were scored, each once"),
        text("voice", "synthetic where the speech was: such a score is no natural speech's"),
        text("library", "what computed it, with its version"),
        text("rules", "the name of the normalisation of texts"),
        text("reason", "why there is no number"),
    ),
)
COEFFICIENTS = Table(
    name="coefficients",
    row="one term or rate of one fit: energy of a run = idle_resident x duration + sum of term x achieved work",
    key=("fit_id", "kind", "name", "workload"),
    columns=(
        _FIT,
        *KEY,
        _DOUBLE,
        BOUNDARY,
        *LEVEL,
        text("levels", "loads that its terms describe together, with ' | ' between them; missing: the one before"),
        text(
            "kind",
            "term (above the resident idle; idle_* and load stand beside them) or rate (gross, idle inside)",
        ),
        text("name", "output_token, request, idle_resident, …"),
        text("workload", "the workload that a rate is of; missing for terms"),
        *_QUANTITY,
    ),
)
FITS = Table(
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
FIT_RUNS = Table(
    name="fit_runs",
    row="one run that one fit rests on",
    key=("fit_id", "run_id"),
    columns=(_FIT, RUN),
)
VALIDITY = Table(
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
CURVES = Table(
    name="curves",
    row="one point of a load curve: one window of a server under one level of load",
    key=("curve_id", "point"),
    columns=(
        _CURVE,
        whole("point", "its place on the curve, from 0"),
        *KEY,
        _DOUBLE,
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
CURVE_LINES = Table(
    name="curve_lines",
    row="one figure of the line through a load curve",
    key=("curve_id", "name"),
    columns=(
        _CURVE,
        text(
            "name", "idle (W at no request), request (J for each more), at_most (J a request at the highest rate)"
        ),
        *_QUANTITY,
        number("most_per_s", "1/s", "the highest rate that was answered"),
        number("off_line_ratio", "1", "how far the farthest point lies from the line, of its power"),
    ),
)

CEILINGS = Table(
    name="ceilings",
    row="one figure of a machine that a calibration found, or why it did not",
    key=("run_id", "device", "domain", "name"),
    columns=(
        RUN,
        text("device", "cpu, or a board's domain"),
        text("domain", "where its joules were read; missing: told by the clock alone"),
        text("name", "KERNEL_rate, KERNEL_gross or KERNEL_above_idle, as in triad_rate; idle_bare, idle_resident"),
        *_QUANTITY,
        text("limited_by", "what bounds a rate besides the device"),
        text("stand_in", "what was read in a sensor's place; missing: a sensor, or a model of one"),
    ),
)
_COMPARED = (
    text("comparison_id", "the comparison: its file's name under comparisons/"),
    text("work", "WORKLOAD@LEVELS that every candidate was asked"),
)
_SHOWN = (
    text("measure", "energy (gross J a unit), time (s a unit) or e2e (s, median of requests)"),
    text("boundary", "what an energy holds; missing: a time"),
    BASIS,
    _DOUBLE,
)
_ROUNDS = whole("rounds", "rounds behind it; one alone has no interval")
LEVELS = Table(
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
RATIOS = Table(
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
DIFFERENCES = Table(
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
        text("reason", "why there is none"),
    ),
)

TABLES = (
    RUNS, WINDOWS, COMPONENTS, WORK, REQUESTS, LATENCIES, VERDICTS, QUALITY, CEILINGS,
    COEFFICIENTS, FITS, FIT_RUNS, VALIDITY, CURVES, CURVE_LINES, LEVELS, RATIOS, DIFFERENCES,
)  # fmt: skip
