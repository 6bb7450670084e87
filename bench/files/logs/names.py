"""Columns of request logs by the names that others give them, and what each is for.

Sources of the names (checked 2026-11-22): OpenAI's usage API, developers.openai.com/api/reference, organization/
usage/completions (start_time, num_model_requests, input_tokens, output_tokens, input_cached_tokens, model,
project_id) and its chat completions (created, usage.prompt_tokens, usage.completion_tokens); EcoLogits 0.8,
github.com/mlco2/ecologits (impacts.energy.value in kWh, impacts.gwp.value in kg CO2e, each a number or min and
max); CodeCarbon's emissions.csv, versions 2 and 3 (timestamp, project_name, energy_consumed in kWh, emissions in
kg, country_iso_code), as published beside models on huggingface.co; OpenTelemetry's gen_ai attributes
(gen_ai.request.model, gen_ai.usage.input_tokens); traces of Azure/AzurePublicDataset (TIMESTAMP, ContextTokens,
GeneratedTokens).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bench.errors import BadInput, UnknownName
from bench.phrases import Phrase

# what a column is for → the names it goes by, the surest first; small letters, - and spaces as _
ALIASES: Mapping[str, tuple[str, ...]] = {
    "time": (
        "timestamp", "created", "created_at", "start_time", "start_time_iso", "datetime", "date", "day", "time",
        "ts", "request_time", "requested_at", "time_generated", "timegenerated",
    ),
    "endpoint": (
        "endpoint", "service", "route", "operation", "api", "path", "kind", "application", "project_name",
        "project_id",
    ),
    "language": ("language", "lang", "locale", "source_language", "source_lang"),
    "model": ("model", "model_name", "model_id", "gen_ai.request.model", "deployment", "modelname"),
    "hardware": ("hardware", "gpu", "gpu_model", "accelerator", "instance_type"),
    "region": ("region", "location", "azure_region", "country_iso_code", "country"),
    "precision": ("precision", "dtype", "quantization"),
    "engine": ("engine", "backend", "runtime"),
    "batch": ("batch_size", "concurrency", "batch"),
    "cards": ("cards", "gpus", "n_gpus", "num_gpus"),
    "in_tokens": (
        "input_tokens", "prompt_tokens", "in_tokens", "in_tok", "tokens_in", "n_prompt_tokens",
        "input_token_count", "gen_ai.usage.input_tokens", "n_context_tokens_total", "prompttokens",
        "contexttokens",
    ),
    "out_tokens": (
        "output_tokens", "completion_tokens", "out_tokens", "out_tok", "tokens_out", "generated_tokens",
        "output_token_count", "gen_ai.usage.output_tokens", "n_generated_tokens_total", "completiontokens",
        "generatedtokens",
    ),
    "audio_seconds": ("audio_seconds", "audio_s", "audio_duration", "audio_duration_s", "duration_audio"),
    "chars": ("chars", "characters", "n_chars", "input_chars", "character_count"),
    "count": ("count", "num_model_requests", "n_requests", "num_requests", "requests", "request_count"),
    "reported_kwh": (
        "energy_consumed", "impacts.energy.value", "impacts.energy.value.mean", "energy_kwh",
        "impacts_energy_value", "impacts.energy.value.min",
    ),
    "reported_kg": (
        "emissions", "impacts.gwp.value", "impacts.gwp.value.mean", "gwp_kg", "impacts_gwp_value",
        "impacts.gwp.value.min",
    ),
}  # fmt: skip
NUMBERS = ("in_tokens", "out_tokens", "audio_seconds", "chars", "count", "reported_kwh", "reported_kg")
KEYS = ("endpoint", "language", "model", "hardware", "region", "precision", "engine", "batch", "cards")
_MEANS = Phrase("needed is KEY=COLUMN, as in --columns in_tokens=prompt_len")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """Which column is what: by purpose its name in the file. `ignored`: columns that nothing was made of."""

    columns: Mapping[str, str]
    ignored: tuple[str, ...]


def mapped(found: Sequence[str], said: Iterable[str], file: str) -> Mapped:
    """The purposes of a file's columns; `said` are texts KEY=COLUMN of the user's own, which come first.

    Raises BadInput, UnknownName with the nearest name.
    """
    plain: dict[str, str] = {}
    for name in found:
        plain.setdefault(_plain(name), name)
    columns = {key: _own(key, name, found, plain, file) for key, name in _said(said).items()}
    taken = set(columns.values())
    for key, aliases in ALIASES.items():
        if key in columns:
            continue
        own = next((plain[a] for a in aliases if a in plain and plain[a] not in taken), None)
        own = own or _last(aliases, plain, taken)
        if own is not None and not (key == "batch" and _plain(own) == "batch" and "num_model_requests" in plain):
            columns[key] = own  # `batch` of OpenAI's usage says whether it was a batch job
            taken.add(own)
    return Mapped(columns=columns, ignored=tuple(name for name in found if name not in taken))


def nearest_column(key: str, found: Iterable[str]) -> str:
    """What a column that is missing may be called in this file, else which columns there are."""
    listed = list(found)
    near = get_close_matches(key, listed, n=1, cutoff=0.5)
    return (
        Phrase("is it {near!r}? say --columns {key}={near}", near=near[0], key=key)
        if near
        else Phrase("columns are {listed}", listed=", ".join(listed[:12]))
    )


def _said(said: Iterable[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in said:
        for one in text.split(","):
            key, equals, name = (part.strip() for part in one.partition("="))
            if not equals or not name:
                raise BadInput(Phrase("--columns {one!r:.60}; {means}", one=one, means=_MEANS))
            if key not in ALIASES:
                raise UnknownName("key of --columns", key, ALIASES)
            if key in pairs:
                raise BadInput(Phrase("--columns says {key} twice; give it once", key=key))
            pairs[key] = name
    return pairs


def _own(key: str, name: str, found: Sequence[str], plain: Mapping[str, str], file: str) -> str:
    own = name if name in found else plain.get(_plain(name))
    if own is None:
        raise BadInput(
            Phrase(
                "{file}: --columns {key}={name}: no such column; {hint}",
                file=file,
                key=key,
                name=name,
                hint=nearest_column(name, found),
            )
        )
    return own


def _last(aliases: Sequence[str], plain: Mapping[str, str], taken: set[str]) -> str | None:
    """A field inside another by its own name, where one alone goes by it: usage.prompt_tokens."""
    ends: dict[str, list[str]] = {}
    for path, name in plain.items():
        if "." in path and name not in taken:
            ends.setdefault(path.rpartition(".")[2], []).append(name)
    return next((ends[a][0] for a in aliases if len(ends.get(a, ())) == 1), None)


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")
