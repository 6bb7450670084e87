"""Which hardware profile this machine is, and a generated one for a machine that nobody has declared."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bench.files.cloud import CloudMachine
from bench.files.machine import Machine
from bench.files.profiles import read_profiles
from bench.nouns import Fact, Figure, HardwareProfile, MeasuredFigure
from bench.units import BYTES_PER_GIB

_HERE = "read from /proc on the machine itself"


def match_profile(
    machine: Machine,
    cloud: CloudMachine | None,
    gpu_names: Sequence[str],
    known: Iterable[HardwareProfile] | None = None,
) -> HardwareProfile:
    """The declared profile of this cloud size, or a generated one named by the CPU, threads, memory and GPUs.

    `gpu_names` are NVML's. A size that is declared with GPUs which this machine does not show is not a match.
    """
    profiles = tuple(read_profiles() if known is None else known)
    boards = {p.name: p for p in profiles if p.kind == "gpu"}
    if cloud is not None:
        for profile in profiles:
            if _same_size(profile, cloud) and _same_gpus(profile, boards, gpu_names):
                return profile
    return _generated(machine, cloud, gpu_names, boards)


def host_model_options(profile: HardwareProfile) -> dict[str, str]:
    """What a profile tells the host model about its CPU, as that meter's options."""
    options = {
        key: text
        for key in ("vcpu_is", "vcpu_is_verified")
        if isinstance(text := profile.texts.get(key), str) and text
    }
    if (chip := profile.figures.get("chip_threads")) is not None:
        options["chip_threads"] = str(int(chip.value))
    return options


def render_profile(profile: HardwareProfile) -> str:
    """The profile as the TOML that `read_profile` reads back."""
    lines = [f"title = {_quoted(profile.title)}", f"kind = {_quoted(profile.kind)}"]
    if profile.accelerator:
        lines.append(f"accelerator = {_quoted(profile.accelerator)}")
        lines.append(f"accelerator_count = {_number(profile.accelerator_count)}")
    if profile.generated:
        lines.append("generated = true")
    if profile.figures:
        lines += ["", "[figures]", *(f"{k} = {_figure(f)}" for k, f in profile.figures.items())]
    if profile.texts:
        lines += ["", "[texts]"]
        lines += [f"{k} = {_quoted(t) if isinstance(t, str) else _figure(t)}" for k, t in profile.texts.items()]
    if profile.match:
        lines += ["", "[match]"]
        lines += [f"{k} = [{', '.join(map(_quoted, names))}]" for k, names in profile.match.items()]
    lines += [*_measured_lines(profile.measured), *_facts_lines("passports", profile.passports)]
    lines += _facts_lines("host_model", profile.host_model)
    return "\n".join(lines) + "\n"


def _measured_lines(measured: Sequence[MeasuredFigure]) -> Iterator[str]:
    """[calibrated.DEVICE] by the clock first, then [calibrated.DEVICE.DOMAIN] in joules."""
    for device in dict.fromkeys(one.device for one in measured):
        mine = [one for one in measured if one.device == device]
        for domain in sorted({one.domain or "" for one in mine}):
            path = ".".join(map(_key, ("calibrated", device, *([domain] if domain else []))))
            yield from ("", f"[{path}]")
            yield from (f"{_key(one.name)} = {_inline(one)}" for one in mine if (one.domain or "") == domain)


def _inline(one: MeasuredFigure) -> str:
    q = one.quantity
    numbers = [
        f"{name} = {_number(value)}" for name, value in (("value", q.value), ("low", q.low), ("high", q.high))
    ]
    texts = [("unit", q.unit), ("basis", q.basis), ("run", one.run_id), ("limited_by", one.limited_by)]
    texts.append(("stand_in", one.stand_in))
    return f"{{ {', '.join([*numbers, *(f'{name} = {_quoted(text)}' for name, text in texts if text)])} }}"


def _facts_lines(head: str, facts: Mapping[str, Fact]) -> list[str]:
    known = {key: fact for key, fact in facts.items() if fact is not None}
    return ["", f"[{head}]", *(f"{_key(k)} = {_fact(f)}" for k, f in known.items())] if known else []


def _fact(fact: Fact) -> str:
    if isinstance(fact, bool):
        return "true" if fact else "false"
    return repr(fact) if isinstance(fact, (int, float)) else _quoted(str(fact))


def _key(name: str) -> str:
    """A TOML key: bare where it may be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _same_size(profile: HardwareProfile, cloud: CloudMachine) -> bool:
    sizes = profile.match.get(f"{cloud.provider}_vm_size", ())
    return cloud.size.lower() in (size.lower() for size in sizes)


def _same_gpus(profile: HardwareProfile, boards: Mapping[str, HardwareProfile], gpu_names: Sequence[str]) -> bool:
    """Whether the GPUs shown are the declared ones; a machine that shows none (no driver yet) may be any."""
    if not gpu_names or profile.accelerator is None:
        return not gpu_names or profile.accelerator_count == 0
    board = boards.get(profile.accelerator)
    # a slice shows itself under the board's name and its own profile: "NVIDIA A10-4Q"
    return board is not None and all(is_board(name, board) or _is_slice(name, board) for name in gpu_names)


def is_board(gpu_name: str, board: HardwareProfile) -> bool:
    """Whether NVML calls this board so."""
    return gpu_name.lower() in (name.lower() for name in board.match.get("gpu_name", ()))


def _is_slice(gpu_name: str, board: HardwareProfile) -> bool:
    names = board.match.get("gpu_name", ())
    return any(re.fullmatch(re.escape(name) + r"-\d+[A-Z]", gpu_name, re.IGNORECASE) for name in names)


def _generated(
    machine: Machine,
    cloud: CloudMachine | None,
    gpu_names: Sequence[str],
    boards: Mapping[str, HardwareProfile],
) -> HardwareProfile:
    cpu = machine.cpu
    gib = None if machine.memory_bytes is None else round(machine.memory_bytes / BYTES_PER_GIB)
    counts = Counter(_gpu_stem(name, boards) for name in gpu_names)
    groups = [f"{n}x-{stem}" for stem, n in sorted(counts.items())]
    chip = _chip(machine)
    parts = [*groups, _slug(chip), f"{cpu.threads}-threads", *([f"{gib}-gib"] if gib is not None else [])]
    only = next(iter(counts)) if len(counts) == 1 and next(iter(counts)) in boards else None
    figures = {"vcpu": Figure(value=float(cpu.threads), source=_HERE)}
    if gib is not None:
        figures["memory_gib"] = Figure(value=float(gib), source=_HERE)
    texts: dict[str, Figure | str] = {
        "cpu_id": f"{cpu.vendor} family {cpu.family} model {cpu.model} stepping {cpu.stepping}"
    }
    if cpu.name:
        texts["host_cpu"] = cpu.name
    if cpu.microarchitecture:
        texts["microarchitecture"] = cpu.microarchitecture
    if cloud is not None:
        texts[f"{cloud.provider}_vm_size"] = cloud.size
    shown = ", ".join(f"{n} × {name}" for name, n in sorted(Counter(gpu_names).items()))
    return HardwareProfile(
        name="-".join(parts),
        title=f"{shown + ', ' if shown else ''}{chip}, {cpu.threads} threads"
        + ("" if gib is None else f", {gib} GiB"),
        kind="machine",
        accelerator=only,
        accelerator_count=float(counts[only]) if only else 0.0,
        figures=figures,
        texts=texts,
        match={"gpu_name": tuple(sorted(set(gpu_names)))} if gpu_names else {},
        generated=True,
    )


def _gpu_stem(gpu_name: str, boards: Mapping[str, HardwareProfile]) -> str:
    return next((name for name, board in boards.items() if is_board(gpu_name, board)), _slug(gpu_name))


def _chip(machine: Machine) -> str:
    cpu = machine.cpu
    maker = {"AuthenticAMD": "AMD", "GenuineIntel": "Intel"}.get(cpu.vendor or "", cpu.vendor or "unknown CPU")
    if cpu.microarchitecture:
        return f"{maker} {cpu.microarchitecture}"
    if cpu.family is None or cpu.model is None:
        return maker
    return f"{maker} family {cpu.family} model {cpu.model}"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _figure(figure: Figure) -> str:
    return f"{{ value = {_number(figure.value)}, source = {_quoted(figure.source)} }}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's too, but for DEL, which TOML wants escaped
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
