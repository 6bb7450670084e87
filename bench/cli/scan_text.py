"""A scanned folder as people and as machines read it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bench.cli.output import table

if TYPE_CHECKING:
    from bench.files.scan import Scan
    from bench.run.scanning import Distribution

_HEAD = ("kind", "language", "files", "P10", "median", "P90", "total", "unit")
_MOST_UNREAD = 20


def scan_table(found: "Scan", by_kind: Sequence["Distribution"]) -> str:
    """Lengths by kind and language, then what said the languages, what was not read and what was left out."""
    rows = [row for one in by_kind for row in _rows(one)]
    said = sorted({f"{one.language} by {by}" for one in by_kind for by in one.said_by})
    unknown = sum(len(one.lengths) for one in by_kind if one.language == "unknown")
    lines = [f"{found.folder}: {_files(len(found.found))} read in {found.folders} folders, on this machine alone"]
    lines += [table(rows, _HEAD)] if rows else ["no sound, video or text that could be read"]
    lines += [f"languages: {', '.join(said)}"] if said else []
    unnamed = f"{_files(unknown)} whose name and folders say none; give --language, or name folders fr, en …"
    lines += [f"language unknown: {unnamed}"] if unknown else []
    lines += [f"tokens: {found.tokens_by}"] if any(one.kind == "text" for one in by_kind) else []
    lines += [f"not read: {one.path}: {one.reason}" for one in found.unread[:_MOST_UNREAD]]
    rest = len(found.unread) - _MOST_UNREAD
    lines += [f"not read: {rest} more, all of them with --json"] if rest > 0 else []
    lines += [f"left out: {count} {reason}" for reason, count in sorted(found.left_out.items())]
    others = ", ".join(f"{count} {suffix}" for suffix, count in found.others.items())
    lines += [f"of other kinds: {others}"] if others else []
    lines += [found.stopped] if found.stopped else []
    return "\n".join(lines)


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"


def _rows(one: "Distribution") -> list[tuple[str, ...]]:
    from bench.stats import quantile

    found = [(one.lengths, "s" if one.kind != "text" else "characters")]
    found += [(one.tokens, "tokens")] if one.tokens else []
    rows = []
    for values, unit in found:
        middle = [f"{quantile(values, share):.4g}" for share in (0.1, 0.5, 0.9)]
        rows.append((one.kind, one.language, str(len(values)), *middle, f"{sum(values):.6g}", unit))
    return rows


def plain_scan(found: "Scan", by_kind: Sequence["Distribution"]) -> dict[str, Any]:
    """The JSON object (docs/how-to/volumes.md), but for its schema_version."""
    from bench.stats import quantile

    def told(values: tuple[float, ...]) -> dict[str, float] | None:
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
                    {"characters": told(one.lengths), "tokens": told(one.tokens)}
                    if one.kind == "text"
                    else {"seconds": told(one.lengths)}
                ),
            }
            for one in by_kind
        ],
        "tokens_by": found.tokens_by,
        "unread": [{"path": one.path, "reason": one.reason} for one in found.unread],
        "left_out": dict(found.left_out),
        "others": dict(found.others),
        "stopped": found.stopped or None,
    }
