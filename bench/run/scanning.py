"""A folder of files → the distributions of their lengths, and a file of volumes made of them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.errors import NoEngine, UnknownName
from bench.estimators.lengths import condensed
from bench.files import tokens
from bench.files.config import places
from bench.files.scan import Scan, scan
from bench.files.scan.found import UNKNOWN, Kind
from bench.files.scan.scanning import MOST_FILES, Tokens
from bench.files.texts import read_tokens_per_char

TABLE = "table"  # tokens per character, in place of a tokenizer
_NEWEST = "tekken"
_PIECE = 10_000  # characters; a cut adds a token at most
_KINDS: tuple[Kind, ...] = ("audio", "video", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Lengths of the files of a kind and a language: seconds, or characters with their tokens."""

    kind: Kind
    language: str
    lengths: tuple[float, ...]  # in order
    tokens: tuple[float, ...]  # in order; empty where none were counted
    said_by: tuple[str, ...]


def scan_folder(
    folder: Path,
    *,
    language: str = "",
    tokenizer: str = "",
    hidden: bool = False,
    most_files: int = MOST_FILES,
) -> Scan:
    """The lengths of every file below a folder. Raises BadInput, UnknownName, NoEngine."""
    count, name = counter(tokenizer)
    return scan(folder, tokens=count, tokens_by=name, language=language, hidden=hidden, most_files=most_files)


def counter(tokenizer: str) -> tuple[Tokens, str]:
    """What counts a text's tokens, and its name: a tokenizer, or the table if asked for or if none is here."""
    if tokenizer != TABLE:
        try:
            own = tokens.packaged(tokenizer or _NEWEST)
            return partial(_tokens, own.encode), f"{own.name}, mistral-common {own.version}"
        except UnknownName as error:
            raise UnknownName("tokenizer", tokenizer, [*tokens.PACKAGED, TABLE]) from error
        except NoEngine:
            if tokenizer:
                raise
    return _by_table()


def _tokens(encode: Callable[[str], list[int]], text: str, language: str) -> float:
    """Tokens of a text, piece by piece: a text without a space would take its length squared."""
    del language
    return float(sum(len(encode(text[at : at + _PIECE])) for at in range(0, len(text), _PIECE)))


def _by_table() -> tuple[Tokens, str]:
    ratios = read_tokens_per_char(places().data / "tokens_per_char.csv", _NEWEST)

    def count(text: str, language: str) -> float | None:
        return len(text) * ratios[language] if language in ratios else None

    return count, f"tokens per character of {_NEWEST}, of {', '.join(sorted(ratios))} alone"


def distributions(found: Scan) -> tuple[Distribution, ...]:
    """By kind and language, the most files first within a kind; the unknown last."""
    made = []
    for kind in _KINDS:
        of_kind = found.of(kind)
        by_count = Counter(one.language for one in of_kind)
        for language, _ in sorted(by_count.items(), key=lambda one: (one[0] == UNKNOWN, -one[1], one[0])):
            own = found.of(kind, language)
            counted = [one.tokens for one in own if one.tokens is not None]
            made.append(
                Distribution(
                    kind=kind,
                    language=language,
                    lengths=tuple(sorted(one.length for one in own)),
                    tokens=tuple(sorted(counted)) if len(counted) == len(own) else (),
                    said_by=tuple(sorted({one.said_by for one in own if one.said_by})),
                )
            )
    return tuple(made)


# Models that Joulemark knows stand in for those that the project has, until they are put right
_MODELS: dict[Kind, str] = {"audio": "whisper-tiny", "video": "whisper-tiny", "text": "mistral-7b"}
_OUTPUT_TOKENS = 250


def volumes_text(found: Scan) -> str:
    """A file of volumes (bench.files.volumes) of the lengths that were found; what it cannot know is `assumed`.

    A flow for each kind and language: lengths differ from language to language.
    """
    lines = [
        f"# Lengths of {len(found.found)} files, by joulemark volumes --scan. Put right what is in `assumed`, and",
        "# take it out of that list: it is no part of what was counted.",
        f'title = "{_text(Path(found.folder).resolve().name)}"',
        "months = 12",
        '# region = "francecentral"    # for grams',
    ]
    for one in distributions(found):
        assumed = ["model", "per_month", *(["output_tokens"] if one.kind == "text" else [])]
        key = "characters" if one.kind == "text" else "audio_seconds"
        values = ", ".join(f"{value:.6g}" for value in condensed(one.lengths))
        lines += [
            "",
            "[[flow]]",
            f'name = "{one.kind} {one.language}"',
            f'model = "{_MODELS[one.kind]}"',
            f"per_month = {len(one.lengths)}  # as many as were found",
            f"{key} = {{values = [{values}]}}",
            f"counted = {len(one.lengths)}",
        ]
        if one.kind == "text":
            lines += [f"languages = {{{one.language} = 1}}", f"output_tokens = {_OUTPUT_TOKENS}"]
        lines.append(f"assumed = [{', '.join(f'{chr(34)}{name}{chr(34)}' for name in assumed)}]")
    return "\n".join(lines) + "\n"


def _text(name: str) -> str:
    """A name as TOML's basic string holds it."""
    return "".join(char if char.isprintable() and char not in '"\\' else "_" for char in name) or "files"
