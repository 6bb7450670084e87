"""The third older calculator's settings: two dictionaries of numbers at the head of a Python file.

    SIMULATION_PARAMS = {"TOPIC_SIZE_CHARS": 3000, …}      lengths of texts, tokens a character
    CONSTANTS = {"PUE": 1.2, "CARBON_INTENSITY": 475, …}   kWh a thousand tokens, kW, s, kWh a character

The file is parsed and never run. Source: github.com/Wiame-raki/FluidTopics_RSE at 1c6ed21, measure_prototype.py
("internal use": names of its settings, nothing copied; checked 2026-11-22).
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from bench.errors import BadDeclaration, BadInput
from bench.files.interop.yaml_nodes import nearest
from bench.files.interop.yaml_words import comment
from bench.units import S_PER_H

_MOST_BYTES = 1024**2
_MOST = 1e9  # chosen: beyond any length, power or time of these


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderConstants:
    """Its settings, by their names there in small letters; characters a text, kWh, kW, s, g a kWh."""

    topic_size_chars: float
    prompt_size_chars: float
    output_size_chars: float
    chatbot_context_topics: float
    tokens_per_char: float
    pue: float
    carbon_intensity: float
    llm_energy_per_1k_tokens: float
    llm_static_power_kw: float
    llm_avg_latency_s: float
    nmt_energy_per_char: float


_NAMES = tuple(one.name.upper() for one in fields(OlderConstants))
_BLOCKS: Mapping[str, tuple[str, ...]] = {"SIMULATION_PARAMS": _NAMES[:5], "CONSTANTS": _NAMES[5:]}


def read_older_constants(path: Path) -> OlderConstants:
    """The settings of a file. Raises BadInput; BadDeclaration with line, place and the nearest name."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}; name the Python file with CONSTANTS in it") from error
    if len(data) > _MOST_BYTES:
        raise BadInput(f"{path}: more than {_MOST_BYTES // 1024**2} MiB; is it the right file?")
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        raise BadDeclaration(str(path), line, f"no Python 3 that parses: {error!s:.80}") from error
    blocks = {
        statement.targets[0].id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }
    found: dict[str, float] = {}
    for block, names in _BLOCKS.items():
        if block not in blocks:
            raise BadDeclaration(str(path), None, f"no {block} = {{…}} in it; {nearest(block, blocks or _BLOCKS)}")
        found |= _numbers(str(path), block, blocks[block], names)
    return OlderConstants(**{name.lower(): value for name, value in found.items()})


def older_constants_text(constants: OlderConstants, notes: tuple[str, ...] = ()) -> str:
    """The two dictionaries as Python, to be pasted over those of its file; notes as comments above."""
    lines = list(map(comment, notes))
    for block, names in _BLOCKS.items():
        told = (f'    "{name}": {getattr(constants, name.lower())!r},' for name in names)
        lines += [f"{block} = {{", *told, "}", ""]
    return "\n".join(lines)


def with_measured_text(
    constants: OlderConstants, *, energy_kwh: float, duration_s: float, static_kw: float, tokens: float
) -> OlderConstants:
    """The constants by which a request of so many tokens costs what it was measured to, its idle share apart.

    `energy_kwh` holds all that the machine took in the request's `duration_s`, `static_kw` what it takes unasked.
    Raises BadInput where the idle share is more than the whole.
    """
    static_kwh = static_kw * duration_s / S_PER_H
    if not 0 <= static_kwh <= energy_kwh or tokens <= 0:
        raise BadInput(
            f"{energy_kwh:.4g} kWh a request, {static_kwh:.4g} kWh of it idle, over {tokens:g} tokens; needed is "
            "an idle share within the whole, and one token or more"
        )
    return replace(
        constants,
        llm_energy_per_1k_tokens=(energy_kwh - static_kwh) / tokens * 1e3,
        llm_static_power_kw=static_kw,
        llm_avg_latency_s=duration_s,
    )


def _numbers(file: str, block: str, value: ast.expr, names: tuple[str, ...]) -> dict[str, float]:
    if not isinstance(value, ast.Dict):
        raise BadDeclaration(file, value.lineno, f"{block} is no dictionary; needed is {block} = {{…}}")
    found: dict[str, float] = {}
    for key, held in zip(value.keys, value.values, strict=True):
        name = key.value if isinstance(key, ast.Constant) else None
        if name not in names:
            hint = nearest(str(name), names)
            raise BadDeclaration(file, held.lineno, f"{block}[{str(name)[:60]!r}] is not known; {hint}")
        if name in found:
            raise BadDeclaration(file, held.lineno, f"{block}[{name!r}] stands twice; leave one of them")
        found[str(name)] = _number(file, f"{block}[{name!r}]", held)
    if missing := [name for name in names if name not in found]:
        raise BadDeclaration(file, value.lineno, f"{block}[{missing[0]!r}] is missing")
    return found


def _number(file: str, path: str, held: ast.expr) -> float:
    found = held.value if isinstance(held, ast.Constant) else None
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= _MOST:
        raise BadDeclaration(file, held.lineno, f"{path} is {_words(held)}; needed is a number of 0 to {_MOST:g}")
    return float(found)


def _words(held: ast.expr) -> str:
    return f"{held.value!r:.60}" if isinstance(held, ast.Constant) else "an expression"
