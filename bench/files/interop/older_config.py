"""`config.yaml` of the older calculators: regions with PUE and g CO2e a kWh, the one to take, folders.

    paths:                      where they look for their analytics; may be absent
      data_dir, analytics_file, output_dir
    regions:
      france: {country: "FR", pue: 1.3, carbon_intensity_g_per_kwh: 60}
    default_region: "france"

Two of the three public ones read it (github.com/LaurealDente/env5001 at ee2eddf, github.com/lelierre-dev/env5001
at 7069da8; checked 2026-11-22); the third keeps constants in its code (bench.files.interop.older_constants). A
region becomes a place of estimates with `bench.carbon.place_of`.
"""

from dataclasses import dataclass
from pathlib import Path

from bench.errors import BadDeclaration, UnknownName
from bench.files.atomic import write_whole
from bench.files.interop.yaml_nodes import Node, nearest, read_yaml
from bench.files.interop.yaml_words import number, quoted, word

_PATHS = ("data_dir", "analytics_file", "output_dir")
_REGION = ("country", "pue", "carbon_intensity_g_per_kwh")
_MOST_PUE, _MOST_G_PER_KWH = 10.0, 1e4


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderRegion:
    """A region as the older calculators know it; `country` is a code of two letters, or whatever they wrote."""

    name: str
    country: str
    pue: float
    carbon_intensity_g_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderPaths:
    """Folders and the analytics file, as they stand there; "": not said."""

    data_dir: str = ""
    analytics_file: str = ""
    output_dir: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderConfig:
    """One `config.yaml`. Raises UnknownName where the default is none of the regions."""

    regions: tuple[OlderRegion, ...]
    default_region: str
    paths: OlderPaths = OlderPaths()

    def __post_init__(self) -> None:
        names = [one.name for one in self.regions]
        if self.default_region not in names:
            raise UnknownName("region", self.default_region, names)


def read_older_config(path: Path) -> OlderConfig:
    """The regions of a file. Raises BadInput; BadDeclaration with line, place and the nearest name."""
    root = read_yaml(path)
    held = root.named(("paths", "regions", "default_region"))
    regions = tuple(_region(name, node) for name, node in root.of("regions").named().items())
    if not regions:
        raise root.of("regions").wrong("one region or more")
    names = [one.name for one in regions]
    default = root.of("default_region")
    if default.text() not in names:
        raise BadDeclaration(
            str(path), default.line, f"default_region is {default.text()!r:.60}; {nearest(default.text(), names)}"
        )
    return OlderConfig(
        regions=regions,
        default_region=default.text(),
        paths=_paths(held["paths"]) if "paths" in held else OlderPaths(),
    )


def older_config_text(config: OlderConfig) -> str:
    """The file of that config, which the older calculators' own loaders read."""
    told = [(name, getattr(config.paths, name)) for name in _PATHS]
    lines = ["paths:", *(f"  {name}: {quoted(value)}" for name, value in told if value), ""] if any(
        value for _, value in told
    ) else []  # fmt: skip
    lines.append("regions:")
    for region in config.regions:
        lines += [
            f"  {word(region.name)}:",
            f"    country: {quoted(region.country)}",
            f"    pue: {number(region.pue)}",
            f"    carbon_intensity_g_per_kwh: {number(region.carbon_intensity_g_per_kwh)}",
        ]
    return "\n".join([*lines, "", f"default_region: {quoted(config.default_region)}", ""])


def write_older_config(path: Path, config: OlderConfig) -> None:
    """Writes the file whole or not at all. Raises BadInput where it cannot be written."""
    write_whole(path, older_config_text(config).encode())


def _region(name: str, node: Node) -> OlderRegion:
    node.named(_REGION)
    return OlderRegion(
        name=name,
        country=node.of("country").text(),
        pue=node.of("pue").number(1.0, _MOST_PUE),
        carbon_intensity_g_per_kwh=node.of("carbon_intensity_g_per_kwh").number(0.0, _MOST_G_PER_KWH),
    )


def _paths(node: Node) -> OlderPaths:
    return OlderPaths(**{name: one.text() for name, one in node.named(_PATHS).items()})
