"""A made-up report with every case that a page must show; nothing here was measured."""

import math

from bench.nouns import (
    Check,
    CoefficientKey,
    Coefficients,
    FieldPassport,
    Passport,
    Quantity,
    Source,
    Verdict,
    Window,
    WindowEnergy,
)
from bench.report.views import HardwareFigure, PowerSeries, ReportInput, RunView

GPU = Source(
    domain="gpu:0",
    meter="nvml",
    boundary="gpu",
    basis="measured",
    device="GPU-11111111-2222-3333-4444-555555555555",
    device_name="Imaginary T4",
    gain_ratio_95=0.05,
    power_limit_w=70.0,
)
OTHER = Source(
    domain="gpu:1",
    meter="nvml",
    boundary="gpu",
    basis="excluded",
    device="GPU-99999999-2222-3333-4444-555555555555",
    reason="MIG is enabled: the board's counter covers other tenants",
)
HOST = Source(
    domain="host",
    meter="host_model",
    boundary="host",
    basis="modelled",
    device="cpu-model",
    device_name="Imaginary EPYC, 4 threads",
    reason="utilisation × watts per hardware thread; whole-server power at the wall",
)
PASSPORT = Passport(  # made up: no board is like this
    fields={
        "counter": FieldPassport(update_s=0.1003, window_s=0.1003, lag_s=0.0, origin="readings"),
        "instant": FieldPassport(update_s=0.1003, window_s=0.0251, lag_s=0.0083, noise_w=0.137, origin="steps"),
        "average": FieldPassport(update_s=0.1003, follows="instant", health="never settles"),
    },
    steps=16,
    id="20261121T095500Z-passport-00a1b2",
)
SILENT = Passport(fields={"instant": FieldPassport(health="never changed")})
S = 1_000_000_000
T0 = 5_000 * S
WINDOWS = tuple(
    Window(phase=p, label=n, start_ns=T0 + int(a * S), end_ns=T0 + int(b * S))
    for p, n, a, b in (
        ("idle", "bare", 0.5, 5.5),
        ("load", "model", 6, 13),
        ("idle", "resident", 13.5, 18.5),
        ("warmup", "warm", 19, 21),
        ("work", "1", 21.5, 31.5),
        ("work", "2", 32, 42),
    )
)
LEVELS = {
    "bare": (10.2, 31.0),
    "model": (24.0, 58.0),
    "resident": (26.4, 33.0),
    "warm": (61, 51),
    "1": (63.4, 52.7),
    "2": (63.1, 52.2),
}


def quantity(value: float, half: float, unit: str, basis: str = "measured") -> Quantity:
    return Quantity(value=value, low=value - half, high=value + half, unit=unit, basis=basis)


def _energy(source: Source, window: Window, scale: float, void: bool) -> WindowEnergy:
    gpu_w, host_w = LEVELS[window.label]
    power_w, wide = (gpu_w * scale, 0.051) if source is GPU else (host_w, 0.42)
    made = None if source is OTHER or (void and source is GPU and window.phase == "work") else power_w
    value = None if made is None else made * window.duration_s * 1.0000137
    return WindowEnergy(
        domain=source.domain,
        device=source.device,
        boundary=source.boundary,
        basis=source.basis,
        energy_j=value,
        low_j=None if value is None else value * (1 - wide),
        high_j=None if value is None else value * (1 + wide),
        start_ns=window.start_ns,
        end_ns=window.end_ns + 37_000_000,
        method={"measured": "counter", "modelled": "model", "excluded": "none"}[source.basis] if value else "none",
        witness_j=value * 1.004 if value and source is GPU else None,
        components={"tick_j": value * 0.0005, "gain_j": value * 0.0255} if value and source is GPU else {},
        flags=("only 7 counter ticks: 0.031 s of the 2.037 s are not the window's own",)
        if window.phase == "warmup" and source is GPU
        else (),
        reasons=() if value else (source.reason or "counter and integrated instant power are 8.1% apart",),
        phase=window.phase,
        label=window.label,
    )


def _power(scale: float) -> tuple[PowerSeries, ...]:
    times = tuple(n * 42.5 / 425 for n in range(425))

    def level(t: float, which: int) -> float:
        inside = [LEVELS[w.label][which] for w in WINDOWS if (w.start_ns - T0) / S <= t < (w.end_ns - T0) / S]
        return inside[0] if inside else LEVELS["bare" if t < 6 else "resident"][which]

    gpu = tuple(level(t, 0) * scale + 2.3 * math.sin(7 * t) * (level(t, 0) > 30) for t in times)
    smooth = tuple(sum(gpu[max(0, n - 9) : n + 1]) / len(gpu[max(0, n - 9) : n + 1]) for n in range(len(gpu)))
    host = tuple(level(t, 1) + 1.2 * math.sin(3 * t) for t in times)
    return tuple(
        PowerSeries(domain=domain, field=field, basis=basis, times_s=times, power_w=tuple(watts))
        for domain, field, basis, watts in (
            ("gpu:0", "instant", "measured", gpu),
            ("gpu:0", "average", "measured", smooth),
            ("host", "value", "modelled", host),
            ("host", "low", "modelled", [p * 0.6 for p in host]),
            ("host", "high", "modelled", [p * 1.4 for p in host]),
        )
    )


def run(
    number: int, title: str, cell: str, rates: dict[str, Quantity], scale: float = 1.0, void: bool = False
) -> RunView:
    verdicts: tuple[Verdict, ...] = ()
    if void:
        verdicts = (
            Verdict(
                name="throttled",
                level="void",
                domain="gpu:0",
                evidence="thermal or hardware slowdown inside a work window (event reasons 0x20)",
                remedy="cool the machine, check its power supply, and run the cell again",
            ),
        )
    elif number == 1:
        verdicts = (
            Verdict(
                name="power cap",
                level="flag",
                domain="gpu:0",
                evidence="the board ran at its power limit (event reasons 0x4)",
                remedy="none needed: the limit is part of the coefficient's key",
            ),
        )
    engine = cell.partition("/")[0]
    return RunView(
        id=f"2026-11-21T10-{number:02d}-00Z-{number:04x}",
        cell=cell,
        model_title=title,
        weights="synthetic",
        hardware="imaginary-t4",
        started_at=f"2026-11-21T10:{number:02d}:00Z",
        engine=engine,
        engine_version="5.23.0" if engine == "transformers" else "20250625",
        precision="fp16",
        device_name="Imaginary T4",
        notes=(
            "synthetic weights: power can differ with the data",
            "precision fell to fp16: this card has no bf16",
        ),
        energies=tuple(_energy(s, w, scale, void) for w in WINDOWS for s in (GPU, HOST, OTHER)),
        verdicts=verdicts,
        power=_power(scale),
        windows=WINDOWS,
        t0_ns=T0,
        rates=rates,
        seal_sha256=f"{number:064x}",
    )


def _rates(unit: str, gpu: float, name: str) -> dict[str, Quantity]:
    return {
        f"gpu/{name}": quantity(gpu, gpu * 0.053, unit),
        f"host/{name}": quantity(gpu * 0.83, gpu * 0.35, unit, "modelled"),
    }


def _key(model: str, engine: str, version: str) -> CoefficientKey:
    return CoefficientKey(
        model=model,
        precision="fp16",
        weights="synthetic",
        engine=engine,
        engine_version=version,
        hardware="imaginary-t4",
        power_limit_w=70.0,
        driver=None,
    )


def coefficients() -> tuple[Coefficients, ...]:
    mistral = Coefficients(
        key=_key("mistral-7b", "transformers", "5.23.0"),
        boundary="gpu",
        terms={
            "request": quantity(-0.41, 0.62, "J"),
            "prompt_token": quantity(0.0312, 0.0021, "J/token"),
            "output_token": quantity(1.8713, 0.114, "J/token"),
            "idle_resident": quantity(26.4, 1.3, "W"),
        },
        rates={
            "output_token@prompt-512-128": quantity(2.934, 0.17, "J/token"),
            "output_token@prompt-32-64": quantity(2.511, 0.14, "J/token"),
            "page@article-fr-summary": quantity(921.0, 51.0, "J/page"),
        },
        components={"output_token": {"statistical": 0.021, "gain": 0.0936, "synthetic_data": 0.0611}},
        domain={"prompt_tokens": (32, 2048), "output_tokens": (8, 64), "batch": (1, 1)},
        fit={"runs": 4, "excluded": 1, "held_out_error": 0.0213, "condition_number": 11.7},
        runs=("2026-11-21T10-01-00Z-0001",),
        not_identified={"context_token": "no two runs differ in context at the same output length"},
        notes=("synthetic weights: power can differ with the data",),
    )
    whisper = Coefficients(
        key=_key("whisper-large-v3", "whisper", "20250625"),
        boundary="gpu",
        terms={
            "audio_window": quantity(41.7, 3.2, "J/audio_window"),
            "output_token": quantity(0.455, 0.025, "J/token"),
        },
        rates={
            "output_token@speech-fr-60": quantity(0.71, 0.041, "J/token"),
            "audio_second@speech-fr-60": quantity(2.31, 0.13, "J/audio_s"),
        },
        domain={"audio_windows": (1, 4), "output_tokens": (12, 240)},
        fit={"runs": 3},
        runs=("2026-11-21T10-03-00Z-0003",),
        not_identified={},
    )
    host = Coefficients(
        key=_key("whisper-large-v3", "whisper", "20250625"),
        boundary="host",
        terms={
            "audio_window": quantity(33.0, 14.2, "J/audio_window", "modelled"),
            "output_token": quantity(0.37, 0.19, "J/token", "modelled"),
        },
        **{key: {} for key in ("rates", "domain", "fit", "not_identified")},
        runs=("2026-11-21T10-03-00Z-0003",),
    )
    return (mistral, whisper, host)


def demo_report(copies: int = 1) -> ReportInput:
    """Two domains with figures, one excluded, three models, a void run."""
    runs = []
    for copy in range(copies):
        n = copy * 5
        runs += [
            run(
                n + 1,
                "Mistral 7B v0.3",
                "transformers/mistral-7b:fp16/prompt-512-128",
                _rates("J/token", 2.934, "output_token"),
            ),
            run(
                n + 2,
                "Mistral 7B v0.3",
                "transformers/mistral-7b:fp16/prompt-512-128@batch=8",
                _rates("J/token", 0.6132, "output_token"),
            ),
            run(
                n + 3,
                "Whisper large-v3",
                "whisper/whisper-large-v3:fp16/speech-fr-60",
                _rates("J/audio_s", 2.31, "audio_second"),
                0.9,
            ),
            run(
                n + 4,
                "NLLB-200 3.3B",
                "transformers/nllb-3.3b:fp16/sentences-fr-en",
                _rates("J/token", 0.0734, "target_token"),
                0.8,
            ),
            run(n + 5, "NLLB-200 3.3B", "transformers/nllb-3.3b:fp16/article-fr-en", {}, 0.8, void=True),
        ]
    return ReportInput(
        title="Energy of inference on one imaginary T4",
        generated_by="Joulemark 0.1.0",
        hardware_title="Azure NC4as T4 v3: one NVIDIA T4, 4 vCPU (made up for this page)",
        hardware=(
            HardwareFigure(name="tdp_w", value=70, source="made up for this test"),
            HardwareFigure(name="vCPU is", value="a hardware thread", source="made up <for> this test"),
        ),
        sources=(GPU, OTHER, HOST),
        passports={"gpu:0": PASSPORT, "gpu:1": SILENT},
        runs=tuple(runs),
        coefficients=coefficients(),
        skipped=(("transformers/gpt-oss-20b:bf16/prompt-512-128", "needs 41.8 GiB, the board has 15.8 GiB"),),
        not_covered=("cooling, network and storage outside the machine", "the making of the hardware"),
        checks=(
            Check(name="nvml", status="ok", reason="counter, instant and average power answer"),
            Check(
                name="rapl",
                status="missing",
                reason="no powercap zones: a virtual machine",
                remedy="use bare metal",
            ),
        ),
        verify_command="joulemark verify results",
    )
