"""`doctor`: one line per sensor and engine, and whether this machine can measure at all."""

import platform
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench import __version__
from bench.errors import NoSensor
from bench.files.config import environment as variable
from bench.files.registry import engine_names, load_engine, meter_names
from bench.nouns import Check
from bench.run.host import Host, look
from bench.units import BYTES_PER_GIB

_HUB_TIMEOUT_S = 1.5
_DISK_GIB = 8.0
_TEST_DOUBLES = ("echo", "constant", "replay")


def examine() -> tuple[Check, ...]:
    """Every check, machine first, then sensors, then engines."""
    try:
        host = look()
    except NoSensor as error:
        return (Check(name="sensors", status="missing", reason=str(error), remedy="unset JOULEMARK_METERS"),)
    return (*_machine(host), *host.sensors.checks, *_engines(), hub())


def exit_code(checks: Sequence[Check]) -> int:
    """0 when something can be measured or modelled and run, 3 when not."""
    meters = meter_names()
    sensors = [c for c in checks if c.name.partition(" ")[0] in meters]  # "rapl dram:0" is one of rapl's
    engines = [c for c in checks if c.name.startswith("engine ")]
    usable = any(c.status != "missing" for c in sensors) and any(c.status != "missing" for c in engines)
    return 0 if usable else 3


def conclusion(checks: Sequence[Check]) -> str:
    """In a sentence, what this machine can do."""
    if exit_code(checks):
        return "This machine can't measure: it lacks an engine, or any sensor or model of its power."
    works = {c.name.split()[0] for c in checks if c.status == "ok"}
    if "nvml" in works:
        beside = "CPU energy is measured too (RAPL)" if "rapl" in works else "CPU energy is MODELLED"
        return f"GPU energy is measured here; {beside}. Next: make bench"
    if "rapl" in works:
        return "CPU energy is measured here (RAPL); no GPU is. Next: make bench"
    return "No power sensor answers here: all energy is MODELLED, and said to be. Next: make bench"


def hub() -> Check:
    """Whether pretrained weights can be downloaded from here."""
    url = variable("HF_ENDPOINT") or "https://huggingface.co"
    try:
        request = urllib.request.Request(url, method="HEAD")
        with urllib.request.urlopen(request, timeout=_HUB_TIMEOUT_S):
            pass
    except (urllib.error.URLError, OSError, ValueError) as error:
        return Check(
            name="model hub",
            status="degraded",
            reason=f"{url} does not answer ({error}): synthetic weights work, pretrained ones need a local folder",
            remedy="make bench WEIGHTS=pretrained WEIGHTS_PATH=FOLDER, or connect this machine",
        )
    return Check(name="model hub", status="ok", reason="answers: WEIGHTS=pretrained can download")


def _machine(host: Host) -> list[Check]:
    free_gib = shutil.disk_usage(Path.cwd()).free / BYTES_PER_GIB
    memory = host.memory_bytes
    memory_text = f"{memory / BYTES_PER_GIB:.1f} GiB of memory free" if memory else "free memory unknown"
    origin = "generated from this machine" if host.profile.generated else "declared"
    return [
        Check(name="hardware", status="ok", reason=f"{host.profile.name} ({origin}): {host.profile.title}"),
        Check(
            name="python",
            status="ok" if sys.version_info[:2] <= (3, 13) else "degraded",
            reason=f"{platform.python_version()}, joulemark {__version__}",
        ),
        Check(
            name="space",
            status="ok" if free_gib > _DISK_GIB else "degraded",
            reason=f"{free_gib:.0f} GiB of disk free, {memory_text}",
            remedy="" if free_gib > _DISK_GIB else f"free {_DISK_GIB:.0f} GiB for models and results",
        ),
    ]


def _engines() -> list[Check]:
    found = [load_engine(name).check() for name in engine_names() if name not in _TEST_DOUBLES]
    return [replace(c, name=f"engine {c.name.removeprefix('engine ')}") for c in found]
