"""Hardware profiles: one TOML file a machine or board. A number without its source does not load."""

from collections.abc import Iterator
from pathlib import Path

from bench.errors import UnknownName
from bench.files.config import places
from bench.files.declaration import Table, read_table
from bench.nouns import Fact, Figure, HardwareProfile, MeasuredFigure, Quantity

KINDS = ("vm", "gpu", "machine")
FIGURES = (
    "vcpu",
    "chip_threads",
    "memory_gib",
    "gpu_memory_gb",
    "bandwidth_gb_s",
    "tdp_w",
    "idle_w",
    "price_eur_per_h",
    "price_usd_per_h",
    "dense_bf16_tflops",
    "dense_fp16_tflops",
    "dense_fp32_tflops",
    "dense_fp8_tflops",
    "dense_int8_tops",
)
TEXTS = (
    "architecture",
    "form",
    "memory",
    "series",
    "host_cpu",
    "microarchitecture",
    "vcpu_is",  # "thread", "core" or "unverified"
    "vcpu_is_verified",  # "true" or "false": whether a page of the vendor says so
    "vcpu_is_source",
    "gpu_power",  # what a guest can read of its GPU
    "availability",
    "interconnect",
    "cpu_id",
    "azure_vm_size",
    "licence",
    "note",
)
MATCHES = ("gpu_name", "azure_vm_size")


def profile_names(also: Path | None = None) -> tuple[str, ...]:
    """Every profile's name, in order: the declared ones, and those in the folder `also`."""
    found = {path.stem for folder in _folders(also) for path in folder.glob("*.toml")}
    return tuple(sorted(found))


def read_profile(name: str, also: Path | None = None) -> HardwareProfile:
    """The profile called `name`, from `also` (generated and calibrated ones) before the declared ones.

    Raises UnknownName with the nearest names, BadDeclaration with file and line.
    """
    known = profile_names(also)
    if name not in known:
        raise UnknownName("hardware profile", name, known)
    path = next(p for folder in _folders(also) if (p := folder / f"{name}.toml").is_file())
    return _profile(name, read_table(path))


def read_profiles(also: Path | None = None) -> tuple[HardwareProfile, ...]:
    """Every profile, in the order of their names."""
    return tuple(read_profile(name, also) for name in profile_names(also))


def _folders(also: Path | None) -> Iterator[Path]:
    for folder in (also, places().profiles):
        if folder is not None and folder.is_dir():
            yield folder


def _profile(name: str, table: Table) -> HardwareProfile:
    kind = table.text("kind", one_of=KINDS)
    profile = HardwareProfile(
        name=name,
        title=table.text("title"),
        kind="vm" if kind == "vm" else "gpu" if kind == "gpu" else "machine",
        accelerator=table.optional_text("accelerator"),
        accelerator_count=table.number("accelerator_count", 0.0, least=0.0),
        figures=_figures(table.table("figures")),
        texts=_texts(table.table("texts")),
        match=_match(table.table("match")),
        generated=table.flag("generated", False),
        measured=tuple(_measured(table.table("calibrated"))),
        passports=_passports(table.table("passports")),
        host_model=_host_model(table),
    )
    if bool(profile.accelerator) != (profile.accelerator_count > 0):
        raise table.wrong("accelerator", "accelerator and accelerator_count belong together")
    table.finish()
    return profile


def _figures(table: Table) -> dict[str, Figure]:
    found = {}
    for key in FIGURES:
        figure = table.table(key)  # taken even when absent, so that a wrong key meets every known one
        if key not in table:
            continue
        source = figure.text("source")
        if not source.strip():
            raise figure.wrong("source", "a number needs a source; leave the figure out where there is none")
        found[key] = Figure(value=figure.number("value", least=0.0), source=source)
        figure.finish()
    table.finish()
    return found


def _measured(table: Table) -> Iterator[MeasuredFigure]:
    """[calibrated.DEVICE] by the clock, [calibrated.DEVICE.DOMAIN] in joules: a figure a key, with its run."""
    devices = table.keys()  # a Table is no mapping, and is walked by its names
    for device in devices:
        mine = table.table(device)
        keys = mine.keys()
        for key in keys:
            one = mine.table(key)
            if "value" in one:
                yield _measured_figure(device, None, key, one)
                continue
            names = one.keys()
            for name in names:
                yield _measured_figure(device, key, name, one.table(name))


def _measured_figure(device: str, domain: str | None, name: str, table: Table) -> MeasuredFigure:
    low, value, high = (table.number(key) for key in ("low", "value", "high"))
    if not low <= value <= high:
        raise table.wrong("value", f"expected it between low and high, found {low:g}, {value:g}, {high:g}")
    basis = table.text("basis", one_of=("measured", "modelled"))
    found = MeasuredFigure(
        device=device,
        domain=domain,
        name=name,
        quantity=Quantity(
            value=value,
            low=low,
            high=high,
            unit=table.text("unit"),
            basis="measured" if basis == "measured" else "modelled",
        ),
        run_id=table.text("run"),
        limited_by=table.text("limited_by", ""),
        stand_in=table.text("stand_in", ""),
    )
    table.finish()
    return found


def _passports(table: Table) -> dict[str, str]:
    domains = table.keys()
    return {domain: table.text(domain) for domain in domains}


def _host_model(table: Table) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    for key, fact in table.free("host_model").items():
        if not isinstance(fact, (str, int, float, bool)):
            raise table.wrong("host_model", f"{key}: expected a number, a text, true or false")
        found[key] = fact
    return found


def _texts(table: Table) -> dict[str, Figure | str]:
    options = {"vcpu_is": ("thread", "core", "unverified"), "vcpu_is_verified": ("true", "false")}
    found: dict[str, Figure | str] = {}
    for key in TEXTS:
        text = table.text(key, "", one_of=options.get(key, ()) if key in table else ())
        if text:
            found[key] = text
    table.finish()
    return found


def _match(table: Table) -> dict[str, tuple[str, ...]]:
    found = {key: names for key in MATCHES if (names := table.texts(key, ()))}
    table.finish()
    return found
