"""`energy_benchmark`: pytest-benchmark's `benchmark`, and the joules of one call beside its seconds.

    def test_embed(energy_benchmark):
        energy_benchmark(embed, "a sentence")

`benchmark` times the function as ever. Then it is called once more in rounds, between sensors that a process of
its own reads, for one second and twenty ticks of the slowest sensor at least: sensors show something new every
10 to 100 ms, and a window of a few such ticks would be mostly its edges. A rest of half a second stands on either
side; its power is taken off for the moments between rounds. Joules of a call are gross: while it runs, the idle of
what the boundary holds is inside, and what else runs on the machine. Work that goes on after the function has
returned (a GPU's kernels) is to be waited for inside it.

Without pytest-benchmark, or where no test asks for the fixture, no sensor is opened and nothing is imported.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from bench.report.call_limit import JudgedLimit, Limit
    from bench.report.call_text import CallRow
    from bench.run.calls import CallMeter

T = TypeVar("T")
_BENCHMARK = ("benchmark", "pytest_benchmark.plugin")  # pytest-benchmark, as its entry point or by -p
_MARKER = "energy_max(limit, boundary=None): fail where one call certainly takes more, as in '200 mJ'"
_NEEDS = "energy_benchmark needs pytest-benchmark, switched on: pip install 'joulemark[pytest]'"

_NO_SETUP = (
    "energy_benchmark.pedantic takes no setup and no teardown: sensors are too slow to tell them from the call; "
    "prepare before it, or let the function do both"
)

_LIMITS = pytest.StashKey["list[Limit]"]()


class EnergyUndecided(pytest.PytestWarning):
    """A limit lies inside the interval of a call's energy: neither kept nor exceeded, as far as anybody knows."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, in a group of their own."""
    group = parser.getgroup("energy", "joules per call (joulemark)")
    group.addoption(
        "--energy-max",
        metavar="LIMIT",
        help="Fail tests with energy_benchmark whose call certainly takes more, as in 5J or 200mJ; "
        "a test's own marks energy_max take its place.",
    )
    group.addoption(
        "--energy-unmeasured",
        choices=("fail", "skip"),
        default="fail",
        help="What a test with a limit does where no energy can be measured (default: fail).",
    )
    group.addoption(
        "--energy-min-time",
        metavar="SECONDS",
        type=float,
        default=1.0,
        help="Rounds of calls go on for so long at least; longer where a sensor needs it (default: 1).",
    )


def pytest_configure(config: pytest.Config) -> None:
    """The mark, the limit of the command line, and the fixture that fits what is installed."""
    config.addinivalue_line("markers", _MARKER)
    if (least_s := config.getoption("--energy-min-time")) is not None and not 0 < least_s <= 3600:
        raise pytest.UsageError(f"--energy-min-time {least_s:g}: expected seconds, above 0 and up to 3600")
    asked = config.getoption("--energy-max")
    overall = _limit(asked) if asked is not None else None
    known = any(config.pluginmanager.hasplugin(name) for name in _BENCHMARK)
    plugin: object = Energy(config, overall) if known else Without()
    config.pluginmanager.register(plugin, "joulemark-energy")


def _limit(text: object, boundary: object = None) -> "Limit":
    """Raises UsageError for what is no limit."""
    from bench.errors import BadInput
    from bench.report.call_limit import limit

    try:
        return limit(text, boundary)
    except BadInput as error:
        raise pytest.UsageError(str(error)) from error


class Without:
    """What stands in where pytest-benchmark is not: a test that asks for the fixture is told so."""

    @pytest.fixture
    def energy_benchmark(self) -> None:
        """Needs pytest-benchmark, which is not here."""
        pytest.fail(_NEEDS, pytrace=False)


class EnergyBenchmark:
    """Called like `benchmark`: times the function, then measures the energy of its calls."""

    def __init__(self, benchmark: Any, measure: "Callable[[Callable[[int], object]], CallRow]") -> None:
        self._benchmark, self._measure = benchmark, measure
        self.row: CallRow | None = None

    @property
    def extra_info(self) -> dict[str, Any]:
        """pytest-benchmark's own, which its JSON holds; `energy` is written into it."""
        info: dict[str, Any] = self._benchmark.extra_info
        return info

    def __call__(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """What the function returns. Raises what it raises."""
        result: T = self._benchmark(function, *args, **kwargs)
        self._meter(function, args, kwargs)
        return result

    def pedantic(
        self,
        target: Callable[..., T],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        **how: Any,
    ) -> T:
        """`benchmark.pedantic`, whose rounds and iterations shape its times alone. Fails on setup and teardown."""
        if how.get("setup") or how.get("teardown"):
            pytest.fail(_NO_SETUP, pytrace=False)
        result: T = self._benchmark.pedantic(target, args=args, kwargs=kwargs, **how)
        self._meter(target, args, kwargs or {})
        return result

    def _meter(self, function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        def loop(calls: int) -> None:
            for _ in range(calls):
                function(*args, **kwargs)

        self.row = self._measure(loop)


class Energy:
    """The fixture, the limits and the summary, where pytest-benchmark is."""

    def __init__(self, config: pytest.Config, overall: "Limit | None") -> None:
        self._config, self._overall = config, overall
        self._meter: CallMeter | None = None
        self._rows: list[CallRow] = []
        config.add_cleanup(self._close)

    @pytest.fixture
    def energy_benchmark(self, benchmark: Any, request: pytest.FixtureRequest) -> EnergyBenchmark:
        """pytest-benchmark's `benchmark`, and the joules of one call: `energy_benchmark(function, *args)`."""
        return EnergyBenchmark(benchmark, lambda loop: self._measured(request.node.name, benchmark, loop))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Reads every mark before the first test runs. Raises UsageError with the test whose mark is no limit."""
        for item in items:
            if marks := list(item.iter_markers("energy_max")):
                item.stash[_LIMITS] = [_of_mark(item.nodeid, mark) for mark in marks]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Judges a test's limits once its own assertions hold."""
        yield
        fixture = getattr(item, "funcargs", {}).get("energy_benchmark")
        marks = item.stash.get(_LIMITS, [])
        if fixture is not None or marks:
            self._judge(item, fixture, marks or ([self._overall] if self._overall else []))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """A table of all calls that were measured."""
        if not self._rows:
            return
        from bench.report.call_text import call_table

        terminalreporter.section("energy of one call")
        for line in call_table(self._rows):
            terminalreporter.write_line(line)

    def _measured(self, name: str, benchmark: Any, loop: Callable[[int], object]) -> "CallRow":
        from bench.errors import BadInput, CannotRun, SensorLost
        from bench.report.call_text import CallRow, extra_info
        from bench.run.calls import CallMeter

        if benchmark.disabled:
            return CallRow(name=name, why=_why_disabled(self._config))
        self._meter = self._meter or CallMeter(least_s=self._config.getoption("--energy-min-time"))
        try:
            with _untraced():
                calls = self._meter.measure(loop)
        except (CannotRun, SensorLost) as error:
            return CallRow(name=name, why=str(error))
        except BadInput as error:
            pytest.fail(str(error), pytrace=False)
        benchmark.extra_info["energy"] = extra_info(calls)
        return CallRow(name=name, calls=calls)

    def _judge(self, item: pytest.Item, fixture: EnergyBenchmark | None, limits: "list[Limit]") -> None:
        """Keeps the row for the summary, and ends the test as its limits say."""
        from dataclasses import replace

        from bench.report.call_limit import judge, unmeasured
        from bench.report.call_text import CallRow, judged_info

        row = fixture.row if fixture else None
        row = row or CallRow(name=item.name, why="the test never called energy_benchmark")
        judged = tuple(judge(one, row.calls.energies) if row.calls else unmeasured(one, row.why) for one in limits)
        self._rows.append(replace(row, judged=judged))
        if judged and fixture:
            fixture.extra_info["energy_limits"] = judged_info(judged)
        self._end(item, judged)

    def _end(self, item: pytest.Item, judged: "tuple[JudgedLimit, ...]") -> None:
        from bench.report.call_text import over_text, undecided_text

        over = [over_text(j) for j in judged if j.judgement == "over"]
        unknown = [over_text(j) for j in judged if j.judgement == "unmeasured"]
        for one in judged:
            if one.judgement == "undecided":
                item.warn(EnergyUndecided(undecided_text(one)))
        if over or (unknown and self._config.getoption("--energy-unmeasured") == "fail"):
            pytest.fail("\n".join([*over, *unknown]), pytrace=False)
        if unknown:
            pytest.skip("\n".join(unknown))

    def _close(self) -> None:
        if self._meter is not None:
            self._meter.close()


def _of_mark(test: str, mark: pytest.Mark) -> "Limit":
    """The limit of one mark, its arguments given by place or by name. Raises UsageError."""
    given = {**dict(zip(("limit", "boundary"), mark.args, strict=False)), **mark.kwargs}
    if len(mark.args) > 2 or set(given) - {"limit", "boundary"}:
        raise pytest.UsageError(f"{test}: energy_max takes limit and boundary, found {mark.args} {mark.kwargs}")
    try:
        return _limit(given.get("limit"), given.get("boundary"))
    except pytest.UsageError as error:
        raise pytest.UsageError(f"{test}: {error}") from error


def _why_disabled(config: pytest.Config) -> str:
    if hasattr(config, "workerinput"):
        return "tests run at once (pytest-xdist), and each would hold the others' energy; run without -n"
    return "benchmarks are disabled (--benchmark-disable)"


@contextmanager
def _untraced() -> Iterator[None]:
    """Without a debugger's or a coverage tool's hooks, as pytest-benchmark's own rounds."""
    tracer, profiler = sys.gettrace(), sys.getprofile()
    sys.settrace(None)
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.settrace(tracer)
        sys.setprofile(profiler)
