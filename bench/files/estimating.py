"""What estimates look up: architectures, cards and prompt lengths, from tables and hardware profiles."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.estimators.asked import CARD_DOUBT, Catalogue, PromptLength, plain_name
from bench.estimators.roofline import Card, Shape
from bench.files.config import places
from bench.files.data_rows import read_rows
from bench.files.profiles import read_profiles
from bench.nouns import HardwareProfile

# The machine beside one card, at work, and what its power supply passes on. A server of 8: EcoLogits counts 1.2 kW
# without its GPUs (ecologits/impacts/llm.py 0.11.3, MPL-2.0). A workstation: chosen, an idle desktop and one or
# two busy cores. Supplies at half load: 80 PLUS Titanium asks for 94 to 96 %, Gold for 90 to 92 % and at full load
# for 87 to 89 (tomshardware.com/reviews/80-plus-psu-efficiency,4848-2.html; checked 2026-11-22).
# Blackwell multiplies floats of 4 bits twice as fast as of 8: 9 and 4.5 PFLOPS of a B200, dense
# (stas00/ml-engineering at 744d01e, compute/accelerator, citing NVIDIA's DGX B200 datasheet; checked 2026-11-22)
_FLOAT_4 = 2.0
_SERVER = (150.0, 0.94)
_DESK = (90.0, 0.88)
_WHOLE = (10.0, 0.88)  # a superchip's limit holds its CPU and memory


def read_catalogue(data: Path | None = None) -> Catalogue:
    """Every architecture, card and prompt length. Raises BadDeclaration with file and line."""
    folder = data or places().data
    named = read_rows(folder / "architectures.csv", _named, "an architecture")
    return Catalogue(
        shapes=tuple((plain_name(name), shape) for names, shape in named for name in names),
        cards=tuple(_cards(read_profiles())),
        prompts=read_rows(folder / "prompt_lengths.csv", _prompt, "a prompt length"),
    )


def _named(row: Mapping[str, str]) -> tuple[tuple[str, ...], Shape]:
    return (row["name"], *filter(None, row["also"].split(";"))), _shape(row)


def _shape(row: Mapping[str, str]) -> Shape:
    return Shape(
        name=row["name"],
        parameters=float(row["total_b"]) * 1e9,
        active=float(row["active_b"]) * 1e9,
        aside=float(row["aside_b"]) * 1e9,
        layers=int(row["layers"]),
        hidden=int(row["hidden"]),
        experts=int(row["experts"]),
        experts_per_token=int(row["experts_per_token"]),
        cache_per_token=float(row["kv_per_token"]),
        local_cache_per_token=float(row["local_kv_per_token"]),
        window=float(row["window"]),
        image_tokens=float(row["image_tokens"]),
        bits=float(row["bits"]),
        doubt=0.05 if "inferred" in row["source"] else 0.0,
    )


def _prompt(row: Mapping[str, str]) -> PromptLength:
    return PromptLength(
        task=row["task"], model=row["model"], tokens=float(row["tokens"]), doubt=float(row["doubt"])
    )


def _cards(profiles: Sequence[HardwareProfile]) -> Iterator[tuple[str, Card]]:
    """Boards, those on sockets and with the least memory first: what a bare "A100" is taken for."""
    boards = [p for p in profiles if p.kind == "gpu" and p.figures.get("gpu_memory_gb")]
    ratios = _Ratios(boards)
    for profile in sorted(boards, key=lambda p: (_form(p) == "PCIe", p.figures["gpu_memory_gb"].value, p.name)):
        words = re.findall(r"[a-z0-9]+", profile.name.removeprefix("nvidia-").lower())
        if words[0] in ("rtx", "gtx"):
            words = [words[0] + words[1], *words[2:]]
        yield " ".join(words), ratios.card(profile)


def _form(profile: HardwareProfile) -> str:
    return str(profile.texts.get("form", ""))


def _has_float_4(profile: HardwareProfile) -> bool:
    return profile.texts.get("architecture") == "Blackwell" and "dense_fp8_tflops" in profile.figures


class _Ratios:
    """Figures that a profile lacks, from the medians of those that have them: bandwidth and FLOPS a watt."""

    def __init__(self, boards: Sequence[HardwareProfile]) -> None:
        self._boards = boards

    def _ratio(self, above: str, below: str, like: HardwareProfile) -> float:
        def of(board: HardwareProfile) -> float | None:
            a, b = board.figures.get(above), board.figures.get(below)
            return a.value / b.value if a and b and b.value else None

        def alike(board: HardwareProfile) -> bool:
            if "bandwidth_gb_s" in (above, below):  # memory of one kind: HBM, GDDR or LPDDR
                return str(board.texts.get("memory", ""))[:3] == str(like.texts.get("memory", ""))[:3]
            return board.texts.get("architecture") == like.texts.get("architecture")

        near = sorted(r for board in self._boards if alike(board) and (r := of(board)))
        every = near or sorted(r for board in self._boards if (r := of(board)))
        return every[len(every) // 2]

    def card(self, profile: HardwareProfile) -> Card:
        figures = {name: figure.value for name, figure in profile.figures.items()}
        missing = 0
        if "tdp_w" not in figures:
            figures["tdp_w"] = figures["bandwidth_gb_s"] * self._ratio("tdp_w", "bandwidth_gb_s", profile)
            missing += 1
        if "bandwidth_gb_s" not in figures:
            figures["bandwidth_gb_s"] = figures["tdp_w"] * self._ratio("bandwidth_gb_s", "tdp_w", profile)
            missing += 1
        flops = figures.get("dense_bf16_tflops") or figures.get("dense_fp16_tflops")
        if flops is None:
            flops = figures["tdp_w"] * self._ratio("dense_fp16_tflops", "tdp_w", profile)
        eight = figures.get("dense_fp8_tflops", 0.0)
        host_w, supply = {"PCIe": _DESK, "superchip": _SERVER}.get(_form(profile), _SERVER)
        if "LPDDR" in str(profile.texts.get("memory", "")):
            host_w, supply = _WHOLE
        return Card(
            name=profile.name,
            bandwidth_b_s=figures["bandwidth_gb_s"] * 1e9,
            flops=flops * 1e12,
            flops_8=max(eight, flops) * 1e12,
            flops_4=(_FLOAT_4 * eight if _has_float_4(profile) else flops) * 1e12,
            limit_w=figures["tdp_w"],
            memory_b=figures["gpu_memory_gb"] * 1e9,
            host_w=host_w,
            supply_ratio=supply,
            doubt=CARD_DOUBT / 2 * missing,
        )
