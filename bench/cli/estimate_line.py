"""`joulemark estimate` without typer, which asks pydantic to read any option: that takes longer than the estimate.

bench.cli.estimate declares the same options for `--help` and the reference; a test holds the two together.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from bench.errors import BadInput, JoulemarkError, UnknownName
from bench.phrases import ENGLISH, Phrase, speaking

NUMBERS = (
    "in_tokens", "out_tokens", "audio_seconds", "chars", "cards", "batch", "params_b", "active_params_b", "count",
)  # fmt: skip
PLACE_NUMBERS = ("pue", "g_per_kwh", "market_factor")
TEXTS = ("model", "language", "hardware", "engine", "precision", "scope")
OTHERS = ("region", "grid", "market_kind", "market_scope", "csv_style", "results")
FLAGS = ("shadow", "explain", "csv", "json")
_ALSO = {"in_tok": "in_tokens", "out_tok": "out_tokens"}
_VALUED = (*NUMBERS, *PLACE_NUMBERS, *TEXTS, *OTHERS)


def read_line(argv: Sequence[str]) -> dict[str, list[str]]:
    """The options of a command line, each with what was said. Raises BadInput, UnknownName."""
    found: dict[str, list[str]] = {}
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        plain = name[2:].replace("-", "_")
        own = _ALSO.get(plain, plain)
        if not word.startswith("--") or own not in (*_VALUED, *FLAGS):
            raise UnknownName(
                "option of estimate", word[:60], [f"--{n.replace('_', '-')}" for n in _VALUED + FLAGS]
            )
        if own in FLAGS:
            found[own] = [word]
            continue
        if not equals:
            following = next(words, None)
            if following is None:
                raise BadInput(Phrase("{name} stands without a value; needed is one after it", name=name))
            value = following
        if own in found and own != "results":
            raise BadInput(Phrase("{name} is said twice; give it once", name=name))
        found.setdefault(own, []).append(value)
    return found


def show(said: dict[str, list[str]]) -> None:
    """Prints the estimate of these options, read as text. Raises as bench.run.estimating.estimate."""
    from bench.cli import estimate_text
    from bench.cli.output import give, say
    from bench.estimators.priced import plain_estimate
    from bench.estimators.wanted import number, wanted_of
    from bench.report.stored import in_language
    from bench.run.estimating import estimate

    one = {name: values[0] for name, values in said.items()}
    as_csv = bool({"csv", "csv_style"} & set(said))
    if as_csv and "json" in said:
        raise BadInput(Phrase("--csv and --json are two answers to one question; ask for one of them"))
    wanted = wanted_of(
        {name: one.get(name) for name in TEXTS} | {name: number(name, one.get(name)) for name in NUMBERS}
    )
    found = estimate(
        wanted,
        region=one.get("region", ""),
        grid_scope=one.get("grid", "life_cycle"),
        pue=number("pue", one.get("pue")),
        g_per_kwh=number("g_per_kwh", one.get("g_per_kwh")),
        market_factor=number("market_factor", one.get("market_factor")),
        market_kind=one.get("market_kind", ""),
        market_scope=one.get("market_scope", "direct"),
        shadow="shadow" in said,
        results=[Path(path) for path in said.get("results", [])],
    )
    if as_csv:
        estimate_text.write_csv(found, one.get("csv_style", "plain"))
    elif "json" in said:
        give(in_language(plain_estimate(found, explain="explain" in said)))
    else:
        say(estimate_text.estimate_table(found, explain="explain" in said))


def main(argv: Sequence[str]) -> int:
    """Runs one command line, without the word `estimate`; returns the exit code."""
    from bench.cli.language import taken
    from bench.cli.output import fail
    from bench.files.locales import own_language

    spoken = ENGLISH
    try:
        said, line = taken(argv)
        spoken = said or own_language()
        with speaking(spoken):
            show(read_line(line))
    except JoulemarkError as error:
        with speaking(spoken):
            return fail(error, as_json="--json" in argv)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone: nobody to tell
    return 0
