"""doctor and list: what this machine has and what Joulemark knows."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.output import give, note, say, table

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def doctor(
    json: Json = False,
    sensors: Annotated[
        bool, typer.Option("--sensors", help="Find out each power sensor too: a minute of known load a GPU.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Where the sensors' readings are sealed.")] = Path("results"),
) -> None:
    """What works here, what does not, why, what to do."""
    from bench.files.codec import plain
    from bench.report.passports import passport_table
    from bench.run.characterise import characterise_all
    from bench.run.doctor import conclusion, examine, exit_code

    checks = examine()
    code = exit_code(checks)
    found = characterise_all(out, note) if sensors else ()
    if json:
        passports = {domain: plain(one) for part in found for domain, one in part.passports.items()}
        give({"checks": [plain(c) for c in checks], **({"passports": passports} if sensors else {})})
        raise typer.Exit(code)
    signs = {"ok": "✓", "degraded": "~", "missing": "✗"}
    rows = [(signs[c.status], c.name, c.reason + (f" → {c.remedy}" if c.remedy else "")) for c in checks]
    say(table(rows, ("", "CHECK", "WHAT WAS FOUND → WHAT TO DO")))
    for part in found:
        say("\n" + passport_table(part.passports, part.sources, part.why))
    say("\n" + conclusion(checks))
    if code:
        note("this machine can't measure: no engine or no sensor, not even a modelled one")
    raise typer.Exit(code)


def list_(
    what: Annotated[
        str, typer.Argument(help="suites, models, workloads, engines, meters, hardware, coefficients.")
    ] = "",
    json: Json = False,
) -> None:
    """List suites, models, workloads, hardware, …: names alone, or of one kind what each is."""
    from bench.cli.list_text import brief
    from bench.run.listing import listing

    found = listing(what or None)
    if json:
        give({kind: [{"name": n, "about": a} for n, a in entries] for kind, entries in found.items()})
        return
    if not what:
        say(brief(found))
        return
    for kind, entries in found.items():
        say(f"{kind.upper()} ({len(entries)})")
        say(table([("", name, about) for name, about in entries], ("", "NAME", "WHAT IT IS")))
