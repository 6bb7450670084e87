"""A scanned folder as people and as machines read it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bench.cli.output import table
from bench.files.scan.found import UNKNOWN
from bench.phrases import Phrase, joined, number, told

if TYPE_CHECKING:
    from bench.files.scan import Scan
    from bench.run.scanning import Distribution

_HEAD = (
    Phrase("kind"),
    Phrase("language"),
    Phrase("files"),
    "P10",
    Phrase("median"),
    "P90",
    Phrase("total"),
    Phrase("unit"),
)
_KINDS = {"audio": Phrase("sound"), "video": Phrase("video"), "text": Phrase("texts")}
_UNITS = {"audio": "s", "video": "s", "text": Phrase("characters")}
_MOST_UNREAD = 20


def scan_table(found: "Scan", by_kind: Sequence["Distribution"]) -> str:
    """Lengths by kind and language, then what said the languages, what was not read and what was left out."""
    head = Phrase(
        "{folder}: {count} files read in {folders} folders, on this machine alone",
        folder=found.folder,
        count=len(found.found),
        folders=found.folders,
    )
    rows = [row for one in by_kind for row in _rows(one)]
    lines = [
        told(head),
        table(rows, _HEAD) if rows else told(Phrase("no sound, video or text that could be read")),
    ]
    return "\n".join([*lines, *map(told, (*_languages(found, by_kind), *_not_read(found)))])


def _languages(found: "Scan", by_kind: Sequence["Distribution"]) -> Iterator[str]:
    said = sorted({(one.language, by) for one in by_kind for by in one.said_by})
    if said:
        named = [Phrase("{language} by {name}", language=language, name=name) for language, name in said]
        yield Phrase("languages: {named}", named=joined(named))
    if unknown := sum(len(one.lengths) for one in by_kind if one.language == UNKNOWN):
        yield Phrase(
            "language unknown: of {count} files name and folders say none; give --language, or name folders "
            "fr, en …",
            count=unknown,
        )
    if any(one.kind == "text" for one in by_kind):
        yield Phrase("tokens: {name}", name=found.tokens_by)


def _not_read(found: "Scan") -> Iterator[str]:
    for one in found.unread[:_MOST_UNREAD]:
        yield Phrase("not read: {path}: {reason}", path=one.path, reason=one.reason)
    if (rest := len(found.unread) - _MOST_UNREAD) > 0:
        yield Phrase("not read: {rest} more, all of them with --json", rest=rest)
    for reason, count in sorted(found.left_out.items()):
        yield Phrase("left out: {count} {reason}", count=count, reason=Phrase(reason))
    if found.others:
        others = ", ".join(f"{count} {suffix}" for suffix, count in found.others.items())
        yield Phrase("of other kinds: {others}", others=others)
    if found.stopped:
        yield found.stopped


def _rows(one: "Distribution") -> Iterator[tuple[str, ...]]:
    from bench.stats import quantile

    for values, unit in ((one.lengths, _UNITS[one.kind]), (one.tokens, Phrase("tokens"))):
        if values:
            shown = [_shown(quantile(values, share)) for share in (0.1, 0.5, 0.9)]
            yield (_KINDS[one.kind], one.language, str(len(values)), *shown, _shown(sum(values)), unit)


def _shown(value: float) -> str:
    return number(value, ",.0f").replace(",", "\u202f") if value >= 1000 else number(value, ".4g")


def plain_scan(found: "Scan", by_kind: Sequence["Distribution"]) -> dict[str, Any]:
    """The JSON object (docs/how-to/volumes.md), but for its schema_version."""
    from bench.stats import quantile

    def spread(values: tuple[float, ...]) -> dict[str, float] | None:
        if not values:
            return None
        named = {"p10": 0.1, "p50": 0.5, "p90": 0.9, "least": 0.0, "most": 1.0}
        shares = {name: quantile(values, share) for name, share in named.items()}
        return {"n": len(values), **shares, "total": sum(values)}

    return {
        "folder": found.folder,
        "files": len(found.found),
        "distributions": [
            {
                "kind": one.kind,
                "language": one.language,
                "said_by": list(one.said_by),
                **(
                    {"characters": spread(one.lengths), "tokens": spread(one.tokens)}
                    if one.kind == "text"
                    else {"seconds": spread(one.lengths)}
                ),
            }
            for one in by_kind
        ],
        "tokens_by": found.tokens_by,
        "unread": [{"path": one.path, "reason": told(one.reason)} for one in found.unread],
        "left_out": dict(found.left_out),
        "others": dict(found.others),
        "stopped": told(found.stopped) or None,
    }
