"""doctor and list: what this machine has and what Joulemark knows."""

from typing import Annotated

import typer

from bench.cli.output import give, note, say, table

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def doctor(json: Json = False) -> None:
    """What works here, what does not, why, what to do."""
    from bench.files.codec import plain
    from bench.run.doctor import conclusion, examine, verdict

    checks = examine()
    code = verdict(checks)
    if json:
        give({"checks": [plain(c) for c in checks]})
        raise typer.Exit(code)
    signs = {"ok": "✓", "degraded": "~", "missing": "✗"}
    rows = [(signs[c.status], c.name, c.reason + (f" → {c.remedy}" if c.remedy else "")) for c in checks]
    say(table(rows, ("", "CHECK", "WHAT WAS FOUND → WHAT TO DO")))
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
    """List suites, models, workloads, hardware, …"""
    from bench.run.listing import listing

    found = listing(what or None)
    if json:
        give({kind: [{"name": n, "about": a} for n, a in entries] for kind, entries in found.items()})
        return
    for kind, entries in found.items():
        say(f"\n{kind.upper()} ({len(entries)})" if len(found) > 1 else f"{kind.upper()} ({len(entries)})")
        say(table([("", name, about) for name, about in entries], ("", "NAME", "WHAT IT IS")))
