"""One peer a file, found by `open_witness()`: it watches the same windows. Never: enter a figure of ours."""

from importlib import metadata

from bench.nouns import Check

_EXTRA = "pip install 'joulemark[peers]'"


def library_check(name: str, distribution: str) -> Check:
    """Whether a peer's distribution is installed; nothing of it is imported."""
    version = library_version(distribution)
    if not version:
        return Check(name=name, status="missing", reason=f"the library {distribution} is not here", remedy=_EXTRA)
    return Check(name=name, status="ok", reason=f"{distribution} {version}")


def library_version(distribution: str) -> str:
    """The installed version of a distribution; "" where it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""
