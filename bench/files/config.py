"""Where things lie and what the environment asks for: the only reader of os.environ."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_CHECKOUT = _PACKAGE.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Folders of declarations, in a checkout or in an installation; each may hold nothing yet."""

    models: Path
    workloads: Path
    profiles: Path
    data: Path
    coefficients: tuple[Path, ...]  # folders of published coefficients
    checkout: Path | None  # None: installed from a wheel


def places() -> Places:
    """Where the declarations lie: beside the package in a checkout, inside it in an installation."""
    in_checkout = (_CHECKOUT / "workloads").is_dir() and (_CHECKOUT / "pyproject.toml").is_file()
    share = _CHECKOUT if in_checkout else _PACKAGE / "share"
    return Places(
        models=_PACKAGE / "models",
        workloads=share / "workloads",
        profiles=share / "hardware_profiles",
        data=_PACKAGE / "data",
        coefficients=_published(share, in_checkout),
        checkout=_CHECKOUT if in_checkout else None,
    )


def _published(share: Path, in_checkout: bool) -> tuple[Path, ...]:
    """Published coefficients lie beside the sealed runs that prove them; a wheel carries them alone."""
    if in_checkout:
        return tuple(sorted((share / "results" / "examples").glob("*/coefficients")))
    return (share / "coefficients",)


def cache_folder() -> Path:
    """Where converted models are kept from one run to the next: JOULEMARK_CACHE, else the user's cache folder.

    Source of the latter: XDG Base Directory Specification 0.8; checked 2026-11-21.
    """
    own = environment("JOULEMARK_CACHE")
    if own:
        return Path(own).expanduser()
    shared = environment("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "joulemark"


def environment(name: str) -> str | None:
    """The environment variable, or None when it is unset or empty."""
    return os.environ.get(name) or None


def inherited(*, without: Collection[str]) -> Mapping[str, str]:
    """The environment that a process of its own gets, less some variables."""
    return {name: value for name, value in os.environ.items() if name not in without}


def inherited_with(**more: str) -> Mapping[str, str]:
    """The environment that a process of its own gets, and some variables more."""
    return {**os.environ, **more}
