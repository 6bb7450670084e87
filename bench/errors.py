"""Every error Joulemark raises, on one screen. Each says what was found, what was needed, what to do.

JoulemarkError
├── BadInput            the request is wrong                           exit 2
│   ├── UnknownName     no such suite, model, workload, key …          (carries the nearest names)
│   ├── BadDeclaration  a TOML file or table is wrong                  (carries file and line)
│   ├── MixedFactors    two kinds of carbon figures met in one sum
│   └── MissingFactor   no open value of that kind of carbon figure is known
├── CannotRun           this machine can't                             exit 3
│   ├── NoEngine        an engine's library is missing or refuses
│   └── NoSensor        a sensor was asked for and is not there
├── SensorLost          a sensor or the sampler died during a run      the cell is void
├── BrokenResults       a result folder is damaged or was edited       exit 1
└── Interrupted         Ctrl-C or SIGTERM; the suite can be resumed    exit 130
"""

from collections.abc import Iterable
from difflib import get_close_matches

from bench.phrases import Phrase, joined


class JoulemarkError(Exception):
    """Any failure that Joulemark foresees; the command line prints it without a traceback."""

    exit_code = 1


class BadInput(JoulemarkError):
    """The request itself is wrong."""

    exit_code = 2


class UnknownName(BadInput):
    """A name that is not declared anywhere; the message offers the nearest ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        options = sorted(set(known))
        near = get_close_matches(name, options, n=3, cutoff=0.5)
        hint = Phrase("did you mean {names}?", names=_either(near)) if near else _listing(options)
        super().__init__(Phrase("unknown {kind} {name!r}: {hint}", kind=Phrase(kind), name=name, hint=hint))
        self.kind, self.name, self.near = kind, name, tuple(near)


class BadDeclaration(BadInput):
    """A declaration with a wrong key, unit or type: file, line, what was expected."""

    def __init__(self, file: str, line: int | None, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}" if line else f"{file}: {message}")
        self.file, self.line = file, line


class MixedFactors(BadInput):
    """Carbon figures of two kinds met in one sum, say an average and a marginal one: they never add."""


class MissingFactor(BadInput):
    """No open value is known of the figure that was asked for; nothing is ever put in its place."""


class CannotRun(JoulemarkError):
    """This machine cannot do what was asked."""

    exit_code = 3


class NoEngine(CannotRun):
    """An engine's library is missing or refuses; the message carries the command that mends it."""


class NoSensor(CannotRun):
    """A sensor that was asked for is not there."""


class SensorLost(JoulemarkError):
    """A sensor, or the process that reads them, died while a run was under way."""


class BrokenResults(JoulemarkError):
    """A result folder that cannot be read as it was sealed."""


class Interrupted(JoulemarkError):
    """Stopped from outside; what is sealed stays, and the same command resumes."""

    exit_code = 130


def _either(names: list[str]) -> Phrase:
    return joined(map(repr, names), Phrase(" or "))


def _listing(options: list[str]) -> Phrase:
    if not options:
        return Phrase("none is declared")
    shown = ", ".join(options[:12])
    if len(options) > 12:
        return Phrase("known are {shown} … ({n} in all)", shown=shown, n=len(options))
    return Phrase("known are {shown}", shown=shown)
