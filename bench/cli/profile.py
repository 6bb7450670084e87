"""`joulemark profile`: what this machine does at most and for how many joules, beside what is declared of it."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.output import give, note, say

Out = Annotated[Path, typer.Option(help="The result folder: runs are sealed in it, the profile written.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Seconds = Annotated[float, typer.Option(min=0.2, max=600, help="Seconds of each window.")]
Passport = Annotated[
    bool,
    typer.Option("--passport/--no-passport", help="Find out each GPU's sensor first, where OUT doesn't know it."),
]


def profile(
    out: Out = Path("results"), json: Json = False, seconds: Seconds = 5.0, passport: Passport = True
) -> None:
    """Calibrate this machine: idle, bandwidth, FLOP/s, and the joules of a byte and a FLOP."""
    from bench.report.profile_text import device_text, note_text
    from bench.run.calibrating import MODEL_NOTE, make_profile, profile_document

    made = make_profile(out, seconds, note, passports=passport)
    if json:
        give(profile_document(made))
        raise typer.Exit(int(made.falls_short))
    say(f"{made.profile.name}: {made.profile.title}")
    for one in made.devices:
        say("\n" + device_text(one.calibration, one.loaded, one.ceilings, one.published.verdicts, one.sealed.name))
    for device, why in made.skipped.items():
        say("\n" + note_text(f"{device}: not calibrated: {why}"))
    say("\n" + note_text(MODEL_NOTE)) if made.profile.host_model else None
    say(f"\nwritten: {made.path}; joulemark verify {out} recomputes it")
    raise typer.Exit(int(made.falls_short))
