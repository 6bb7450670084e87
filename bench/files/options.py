"""A plug-in's options, as people write them: one that is not known is a mistake, never nothing."""

from collections.abc import Mapping, Sequence

from bench.errors import UnknownName


def check_options(plugin: str, options: Mapping[str, str], known: Sequence[str]) -> None:
    """Raises UnknownName for an option that the plug-in does not have."""
    for name in options:
        if name not in known:
            raise UnknownName(f"option of {plugin}", name, known)
