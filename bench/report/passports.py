"""Sensor passports → a plain table for a terminal: a line per field, what it is, and how that is known."""

from collections.abc import Mapping, Sequence

from bench.nouns import Domain, FieldPassport, Passport, Source

_HEAD = ("DOMAIN", "FIELD", "RENEWED", "LOOKS", "SEES", "LATE", "NOISE", "KNOWN BY")
_ORIGINS = {
    "steps": "known steps of load",
    "readings": "its readings",
    "published": "published class",
    "unknown": "-",
}


def passport_table(passports: Mapping[Domain, Passport], sources: Sequence[Source], why: str = "") -> str:
    """What each field of each measured sensor is; `why`: what could not be found out, and why."""
    if not passports:
        return "no power sensor is measured here: nothing to characterise"
    rows: list[tuple[str, ...]] = [_HEAD]
    for domain, passport in sorted(passports.items()):
        rows += [(domain, name, *_field(field)) for name, field in passport.fields.items()]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    names = {s.domain: s.device_name for s in sources}
    titles = [f"{domain}: {names.get(domain, '')}" for domain in sorted(passports)]
    return "\n".join([*titles, *lines, *_notes(passports, why)])


def _field(field: FieldPassport) -> tuple[str, ...]:
    return (
        _ms(field.update_s),
        _ms(field.window_s),
        "unknown" if field.seen_ratio is None else f"{field.seen_ratio:.0%}",
        _ms(field.lag_s),
        "-" if field.noise_w is None else f"{field.noise_w:.2g} W",
        field.health or known_by(field),
    )


def known_by(field: FieldPassport) -> str:
    """What is known of a field rests on this, in words; '-': on nothing."""
    return _ORIGINS[field.origin]


def _notes(passports: Mapping[Domain, Passport], why: str) -> list[str]:
    notes = [
        f"{domain}: its counter only adds up what `{field.follows}` shows"
        for domain, passport in sorted(passports.items())
        for field in passport.fields.values()
        if field.follows
    ]
    return [*notes, *([why] if why else [])]


def _ms(value_s: float | None) -> str:
    return "-" if value_s is None else f"{value_s * 1e3:.0f} ms" if value_s >= 0.01 else f"{value_s * 1e3:.1f} ms"
