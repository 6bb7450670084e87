"""The one list of all tables: pandas frames, CSV and Parquet files, and their description are made from it."""

from bench.files.frames.tables_compared import DIFFERENCES, LEVELS, RATIOS
from bench.files.frames.tables_fits import COEFFICIENTS, CURVE_LINES, CURVES, FIT_RUNS, FITS, VALIDITY
from bench.files.frames.tables_runs import (
    CEILINGS,
    COMPONENTS,
    LATENCIES,
    QUALITY,
    REQUESTS,
    RUNS,
    VERDICTS,
    WINDOWS,
    WORK,
)

TABLES = (
    RUNS, WINDOWS, COMPONENTS, WORK, REQUESTS, LATENCIES, VERDICTS, QUALITY, CEILINGS,
    COEFFICIENTS, FITS, FIT_RUNS, VALIDITY, CURVES, CURVE_LINES, LEVELS, RATIOS, DIFFERENCES,
)  # fmt: skip
