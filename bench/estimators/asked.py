"""From what a person or a table says of a request to a Job: names are looked up, gaps are filled and said.

What may be read is a whitelist, the fields of Asked: no outcome (a time, a power, a throughput) is among them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from bench.errors import BadInput
from bench.estimators.roofline import FLOAT_4, Card, Job, Scope, Shape
from bench.phrases import Phrase

# Bits of a weight by the name of a precision. Mixed GGUF types: bits a weight of Llama 2 7B in the table of
# llama.cpp's examples/quantize/README.md (66d575c, MIT); 4-bit floats hold a scale of 8 bits for 32 or 16 weights
# (OCP MX 1.0; NVIDIA's NVFP4): 4.25 and 4.5. GPTQ and AWQ share a 16-bit scale and a zero among 128: 4.15.
_BITS = (
    (r"f32|fp32|float32", 32.0),
    (r"q8_0|q8", 8.5),
    (r"q6_k|q6", 6.56),
    (r"q5_k_m|q5_1|q5", 5.68),
    (r"q4_k_s", 4.58),
    (r"q4_k_m|q4_1|q4_k|q4$", 4.84),
    (r"q4_0|iq4", 4.55),
    (r"q3_k_l", 4.27),
    (r"q3_k_m|q3", 3.91),
    (r"q2_k|q2|iq2", 3.35),
    (r"mxfp4", 4.25),
    (r"nvfp4|fp4", FLOAT_4),
    (r"int4|w4a16|awq|gptq|4.?bit|nf4", 4.15),
    (r"fp8|f8|e4m3|int8|w8a8|8.?bit", 8.0),
    (r"bf16|fp16|f16|float16|bfloat16|16.?bit", 16.0),
)
_LOCAL = re.compile(r"llama\.?cpp|ollama|gguf|lm.?studio|mlx", re.IGNORECASE)
_FULL_LOAD = re.compile(r"offline|server|batch", re.IGNORECASE)
_SIZE = re.compile(r"(?<![a-z0-9.])(?:(\d+)x)?(\d+(?:\.\d+)?)\s*(b|m)(?![a-z0-9])", re.IGNORECASE)
_ACTIVE = re.compile(r"(?<![a-z0-9.])a(\d+(?:\.\d+)?)b(?![a-z0-9])", re.IGNORECASE)
_LOCAL_BITS = 4.84  # Q4_K_M, what Ollama's library serves unless a tag says otherwise (ollama.com/library)
_PICTURES = re.compile(r"vlm|image|video|vision", re.IGNORECASE)
_PICTURE_DOUBT = 0.5  # of the logarithm of its tokens
_PICTURE_TOKENS = 1000.0  # chosen: from 256 (Gemma 3) and 576 (LLaVA 1.5) to thousands (tiles of LLaVA-NeXT)
_USUAL_BATCH = 32.0  # of a served request whose batch nobody gives: chosen, between one and a full server
_USUAL_BATCH_DOUBT = 1.2  # of its logarithm: from 4 to 230 in 90 of 100
_MOST_BATCH = 1024.0
_LAYOUT_DOUBT = 0.2  # of how a server of several cards divides a model: chosen
PRECISION_DOUBT, SIZE_DOUBT, CARD_DOUBT = 0.15, 0.1, 0.4
_DEFAULT_DOUBT = 0.05  # of the bits that an engine takes unless told: the published checkpoint's


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The inputs of an estimate, and nothing else. None: not said."""

    model: str
    params_b: float | None = None
    active_params_b: float | None = None
    precision: str = ""
    gpu: str = ""
    n_gpus: float | None = None
    batch: float | None = None
    input_tokens: float | None = None
    output_tokens: float | None = None
    engine: str = ""
    task: str = ""
    scope: Scope = "gpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptLength:
    """The prompt to assume for a task, and for a model of it where one is named.

    `doubt` is the standard deviation of ln(tokens).
    """

    task: str
    model: str
    tokens: float
    doubt: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue:
    """What is known beforehand: models by their names, cards, lengths of prompts. Equal to itself alone."""

    shapes: tuple[tuple[str, Shape], ...]  # a name, without separators and in small letters → its architecture
    cards: tuple[
        tuple[str, Card], ...
    ]  # a name's words, in small letters → its card; the usual one of a kind first
    prompts: tuple[PromptLength, ...]


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """A model's name without separators: "meta-llama/Llama-3.1-8B" and "llama3.1:8b" share "llama3.18b"."""
    return re.sub(r"[^a-z0-9.]", "", name.lower())


def job_of(asked: Asked, catalogue: Catalogue) -> Job:
    """The Job of a request, with notes on what was filled in. Raises BadInput where there is nothing to go by."""
    named = _named(
        asked.model,
        asked.params_b,
        asked.active_params_b,
        asked.precision,
        asked.gpu,
        asked.engine,
        catalogue,
    )
    shape, card = named.shape, named.card
    notes, doubts = [*named.notes], [*named.doubts]
    output = asked.output_tokens
    if output is None:
        raise BadInput(Phrase("{model}: no output tokens; needed is how long the answers are", model=asked.model))
    prompt, prompt_doubt = _prompt(asked, shape, catalogue, notes)
    doubts += [shape.doubt, card.doubt]
    cards = asked.n_gpus or 1.0
    batch, batch_doubt = _batch(asked, notes)
    job = Job(
        shape=shape,
        card=card,
        bits=named.bits,
        cards=cards,
        batch=batch,
        batch_doubt=batch_doubt,
        prompt_tokens=prompt,
        output_tokens=output,
        scope=asked.scope,
        prompt_doubt=prompt_doubt,
        fits=asked.batch is not None and asked.input_tokens is None,
        fused=not _LOCAL.search(asked.engine),
        doubt=_joined(doubts),
        notes=tuple(notes),
    )
    return _filled(job, notes, doubts) if asked.batch is None and _full(asked) else job


def _joined(doubts: Sequence[float]) -> float:
    return float(sum(d * d for d in doubts) ** 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """What names alone say of a request, with notes on what was filled in."""

    shape: Shape
    card: Card
    bits: float
    notes: tuple[str, ...]
    doubts: tuple[float, ...]


@lru_cache(maxsize=1024)
def _named(
    model: str,
    params_b: float | None,
    active_params_b: float | None,
    precision: str,
    gpu: str,
    engine: str,
    catalogue: Catalogue,
) -> _Named:
    """Looked up once: a service is asked for the same models and cards over and over. Raises BadInput."""
    asked = Asked(
        model=model,
        params_b=params_b,
        active_params_b=active_params_b,
        precision=precision,
        gpu=gpu,
        engine=engine,
    )
    notes: list[str] = []
    doubts: list[float] = []
    shape = _shape(asked, catalogue, notes)
    card = _card(asked, catalogue, notes)
    bits = _bits(asked, shape, notes, doubts)
    return _Named(shape=shape, card=card, bits=bits, notes=tuple(notes), doubts=tuple(doubts))


def _prompt(asked: Asked, shape: Shape, catalogue: Catalogue, notes: list[str]) -> tuple[float, float]:
    """The prompt's tokens, and the standard deviation of their logarithm: nought where they were given."""
    if asked.input_tokens is not None:
        return asked.input_tokens, 0.0
    usual = next(p for p in catalogue.prompts if p.task in asked.task.lower() and p.model in ("", shape.name))
    tokens, doubt = usual.tokens, usual.doubt
    if _PICTURES.search(asked.task):
        tokens += shape.image_tokens or _PICTURE_TOKENS
        doubt = _PICTURE_DOUBT
    notes.append(Phrase("prompt of {tokens:g} tokens assumed", tokens=tokens))
    return tokens, doubt


def _full(asked: Asked) -> bool:
    """Whether a server is said to be under full load."""
    return not _LOCAL.search(asked.engine) and bool(_FULL_LOAD.search(asked.task))


def _batch(asked: Asked, notes: list[str]) -> tuple[float, float]:
    """The batch, or the likely one where none is said, and the standard deviation of its logarithm."""
    if asked.batch is not None or _full(asked):
        return asked.batch or 1.0, 0.0
    if _LOCAL.search(asked.engine):
        notes.append(Phrase("batch of 1 assumed, as on a desk"))
        return 1.0, 0.0
    notes.append(Phrase("batch of {batch:g} assumed", batch=_USUAL_BATCH))
    return _USUAL_BATCH, _USUAL_BATCH_DOUBT


def _filled(job: Job, notes: list[str], doubts: list[float]) -> Job:
    """The same under full load: as many copies as fit with their weights in half of a card's memory, each as full
    as memory allows."""
    own = 1.0
    while own < job.cards and job.weight_bytes > own * job.card.memory_b / 2:
        own *= 2
    full = replace(replace(job, cards=own, batch=_MOST_BATCH))
    notes.append(
        Phrase(
            "{cards:g} copies at full load assumed, {running:.0f} sequences each",
            cards=job.cards / own,
            running=full.running,
        )
    )
    return replace(full, doubt=_joined([*doubts, _LAYOUT_DOUBT]), notes=tuple(notes))


def _bits(asked: Asked, shape: Shape, notes: list[str], doubts: list[float]) -> float:
    """Bits of a weight: what the precision says, else the model's name, else how the model is published."""
    said = asked.precision.lower()
    if "may be fp8" in said:
        notes.append(Phrase("weights of 8 bits assumed"))
        doubts.append(PRECISION_DOUBT)
        return 8.0
    for text, edge in ((said, ""), (asked.model.lower(), "(?<![a-z0-9])")):
        for pattern, bits in _BITS:
            if re.search(f"{edge}(?:{pattern})", text):
                return bits
    local = bool(_LOCAL.search(asked.engine))
    bits = min(_LOCAL_BITS, shape.bits) if local else shape.bits
    notes.append(Phrase("weights of {bits:g} bits assumed", bits=bits))
    doubts.append(PRECISION_DOUBT if local else _DEFAULT_DOUBT)
    return bits


def _shape(asked: Asked, catalogue: Catalogue, notes: list[str]) -> Shape:
    plain = plain_name(asked.model)
    found = max(((n, s) for n, s in catalogue.shapes if n in plain), key=lambda one: len(one[0]), default=None)
    said = asked.params_b
    if found is not None:
        shape = found[1]
        if said is None or 0.7 < said * 1e9 / shape.parameters < 1.4 or 0.7 < said * 1e9 / shape.active < 1.4:
            return shape
        notes.append(
            Phrase(
                "{shape} is known with {parameters:.3g} B, the row says {said:g} B",
                shape=shape.name,
                parameters=shape.parameters / 1000000000.0,
                said=said,
            )
        )
    if said is None:
        said = _size(asked.model)
    if said is None:
        raise BadInput(
            Phrase("{model}: neither a known model nor a number of parameters; give params_b", model=asked.model)
        )
    active = asked.active_params_b or _active(asked.model) or said
    notes.append(Phrase("layers and cache inferred from {said:g} B parameters", said=said))
    return inferred(asked.model, said * 1e9, min(active, said) * 1e9)


def inferred(name: str, parameters: float, active: float) -> Shape:
    """A decoder with that many weights: layers grow with the cube root of those at work, 32 at 7 B (Llama's).

    Its cache is that of eight heads of 128 a layer, which most of 3 to 400 B have (architectures.csv).
    """
    layers = max(12, round(32 * (active / 7e9) ** (1 / 3)))
    sparse = parameters > 1.2 * active
    return Shape(
        name=name,
        parameters=parameters,
        active=active,
        aside=0.0,
        layers=layers,
        hidden=max(512, round((active / (12 * layers)) ** 0.5)),
        experts=64 if sparse else 1,
        experts_per_token=max(1, round(64 * active / parameters / 2)) if sparse else 1,
        cache_per_token=layers * 2048.0,
        doubt=2 * SIZE_DOUBT if sparse else SIZE_DOUBT,
    )


def _size(name: str) -> float | None:
    found = [
        (float(times or 1)) * float(size) * (1.0 if unit in "bB" else 1e-3)
        for times, size, unit in _SIZE.findall(re.sub(r"[_:/-]", " ", name))
    ]
    return max(found, default=None)


def _active(name: str) -> float | None:
    found = _ACTIVE.search(re.sub(r"[_:/-]", " ", name))
    return float(found[1]) if found else None


def _card(asked: Asked, catalogue: Catalogue, notes: list[str]) -> Card:
    said = re.sub(r"\(.*?\)", " ", asked.gpu.lower())
    words = set(re.findall(r"[a-z0-9]+", re.sub(r"(rtx|gtx)\s+", r"\1", said)))
    best: tuple[int, Card] | None = None
    for name, card in catalogue.cards:
        first, *rest = name.split()
        if any(word.startswith(first) and not word[len(first) :][:1].isdigit() for word in words):
            score = sum(any(r in word for word in words) for r in rest)
            if best is None or score > best[0]:
                best = (score, card)
    if best is not None:
        return best[1]
    notes.append(Phrase("card {gpu!r} is not declared: a middling one assumed", gpu=asked.gpu))
    return unknown_card(catalogue.cards)


def unknown_card(cards: Sequence[tuple[str, Card]]) -> Card:
    """A card of which nothing is known: the medians of those on PCIe, and twice the doubt."""
    every = [card for _, card in cards]

    def middle(name: str) -> float:
        values = sorted(float(getattr(card, name)) for card in every)
        return values[len(values) // 2]

    names = ("bandwidth_b_s", "flops", "flops_8", "flops_4", "limit_w", "memory_b", "host_w", "supply_ratio")
    return Card(name="unknown", doubt=CARD_DOUBT, **{name: middle(name) for name in names})
