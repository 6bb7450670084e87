"""The libraries that score texts: which are here, in which version."""

from importlib import metadata

from bench.errors import NoEngine

EXTRA = "quality"


def library(name: str) -> str:
    """The library with its version, "jiwer 4.0.0", without importing it. Raises NoEngine where it is absent."""
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError as error:
        raise NoEngine(f"{name} is not installed: pip install 'joulemark[{EXTRA}]'") from error
