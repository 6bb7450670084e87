"""What the sealed runs under results/engines and results/simulated show, as two tables of docs/engines.md."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from perf_goals import markdown_table

from bench.files.coefficient_files import coefficient_paths, read_coefficients
from bench.files.layout import run_folders
from bench.files.store import read_sealed
from bench.fit.load_curve import load_curves
from bench.nouns import Coefficients, LoadCurve, Quantity
from bench.report.numbers import quantity, shown
from bench.report.words import asked_beside, basis_word, level, rate_unit, rate_workload, tells_double
from bench.run.publish import measured

_RESULTS = Path(__file__).resolve().parent.parent / "results"
ENGINES = (_RESULTS / "engines" / "cpu-2-threads", _RESULTS / "simulated" / "servers")
CURVES = _RESULTS / "engines" / "intent-api-2-threads"


def sealed() -> Sequence[str]:
    """Both sections."""
    found = [
        one
        for folder in ENGINES
        for path in coefficient_paths(folder / "coefficients")
        for one in read_coefficients(path)
    ]
    curves = load_curves([measured(read_sealed(folder)) for folder in run_folders(CURVES)])
    return (
        "",
        "## Sealed runs",
        "",
        f"Gross, the idle of the loaded model included, from [{_name(ENGINES[0])}](../{_name(ENGINES[0])}) and "
        f"[{_name(ENGINES[1])}](../{_name(ENGINES[1])}); `joulemark verify` of a folder recomputes it. On two "
        "threads of a cloud machine without a sensor: MODELLED from how busy it was, so that a ratio of joules is "
        "one of times. SIMULATED: server and board are programs, and nothing was measured.",
        "",
        *markdown_table(("engine", "model", "work", "a request", "basis", "weights"), list(_rows(found))),
        "",
        "## The intent API under load",
        "",
        f"Sealed in [{_name(CURVES)}](../{_name(CURVES)}): one server a line, client and server on the same two "
        "threads, and both in its joules. Open rates of 50 to 400 requests a second for the line, 64 users who "
        "wait for their answers for the highest rate. J a request at a rate = idle ÷ rate + each request more.",
        "",
        *markdown_table(
            ("server", "at no request", "each request more", "most answered a second", "a request there", "basis"),
            [_curve(one) for one in curves],
        ),
    )  # fmt: skip


def _name(folder: Path) -> str:
    return folder.relative_to(_RESULTS.parent).as_posix()


def _rows(found: Sequence[Coefficients]) -> Iterator[tuple[str, ...]]:
    for one in sorted(found, key=lambda c: (c.key.engine, c.key.model, c.key.precision, level(c))):
        for name, rate in one.rates.items():
            if rate_unit(name) == "request":
                yield (
                    f"{one.key.engine}, {one.key.engine_version}{asked_beside(one.key)}",
                    f"{one.key.model}:{one.key.precision}",
                    ", ".join(filter(None, (rate_workload(name), level(one)))),
                    quantity(rate),
                    _basis(rate, one),
                    one.key.weights,
                )


def _basis(rate: Quantity, one: Coefficients) -> str:
    word = basis_word(rate.basis, simulated=tells_double(one.notes))
    return word.upper() if word == "modelled" else word


def _curve(one: LoadCurve) -> tuple[str, ...]:
    server = f"{one.key.precision}, {one.key.engine_version}"
    if one.idle is None or one.request is None or one.at_most is None:
        return (server, str(one.missing), "–", shown(one.most_per_s), "–", "–")
    basis = one.request.basis.upper() if one.request.basis == "modelled" else one.request.basis
    return (
        server, quantity(one.idle), quantity(one.request), shown(one.most_per_s), quantity(one.at_most), basis,
    )  # fmt: skip
