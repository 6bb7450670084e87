"""Names as people read them: `audio_second` → energy per audio second, `gpu:0` → GPU 0."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from bench.nouns import Basis, CoefficientKey, Coefficients, Domain, Source
from bench.nouns.compared import Made
from bench.nouns.levels import over_batches, over_loads
from bench.phrases import Phrase, told
from bench.physics.doubles import DOUBLE, pretends
from bench.units import counted

_DOMAINS: Mapping[str, str] = MappingProxyType(
    {
        "gpu": Phrase("GPU"),
        "cpu": Phrase("CPU"),
        "cpu-package": Phrase("CPU package"),
        "dram": Phrase("DRAM"),
        "host": Phrase("whole host"),
    }
)
_TERMS: Mapping[str, str] = MappingProxyType(
    {
        "request": Phrase("per request"),
        "prompt_token": Phrase("per prompt token"),
        "cached_token": Phrase("per cached token"),
        "output_token": Phrase("per output token"),
        "prompt_token_sq": Phrase("per prompt token squared"),
        "context_token": Phrase("per output token and token of context"),
        "decode_step": Phrase("per decode step"),
        "batch_pass": Phrase("per pass of a batch over what it was given"),
        "source_token": Phrase("per source token"),
        "target_token": Phrase("per target token"),
        "audio_window": Phrase("per audio window of 30 s"),
        "video_second": Phrase("per video second"),
        "load": Phrase("loading the model, once"),
        "idle_bare": Phrase("idle, no model loaded"),
        "idle_resident": Phrase("idle, model resident"),
    }
)
# Of a server: its model was there before us, and its idle is that of the machine with it
_SERVED_TERMS: Mapping[str, str] = MappingProxyType(
    {
        "load": Phrase("opening the session, once: the model was loaded before"),
        "idle_bare": Phrase("idle, before the session"),
        "idle_resident": Phrase("idle, between its windows"),
    }
)
_SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        "_gb_s": "GB/s",
        "_tflops": "TFLOP/s",
        "_tops": "TOP/s",
        "_eur_per_h": "EUR/h",
        "_usd_per_h": "USD/h",
        "_gib": "GiB",
        "_gb": "GB",
        "_mib": "MiB",
        "_mhz": "MHz",
        "_w": "W",
        "_s": "s",
    }
)
SPAN_NOTE = Phrase(
    "the bounds of a MODELLED figure are a span between the servers that its model knows: no coverage is claimed"
)
BESIDE = Phrase(
    "beside ours: what another tool says of a span that begins a little before the window and ends a little after "
    "it; it never comes into a figure of ours"
)
PEERS_MODEL = Phrase("(modelled): a model of that tool's own, of its own boundary, and no measurement")
_INITIALS = frozenset({"tdp", "vcpu", "tgp", "cpu", "gpu"})


def person(domain: Domain) -> str:
    """A domain in words: `gpu:0` → GPU 0."""
    name, colon, number = domain.partition(":")
    return f"{told(_DOMAINS.get(name, name))} {number}".strip() if colon else told(_DOMAINS.get(domain, domain))


def term_name(term: str, weights: str = "") -> str:
    """A coefficient's term in words; with weights that a server holds, in those that are true of it."""
    if weights == "served" and term in _SERVED_TERMS:
        return told(_SERVED_TERMS[term])
    return told(_TERMS.get(term, term.replace("_", " ")))


def rate_name(rate: str) -> str:
    """A rate in words, without the domain before it and the workload after it: `gpu/page@w` → per page."""
    short = rate_unit(rate)
    known = _TERMS.get(short)
    return told(known or Phrase("per {unit}", unit=Phrase(short.replace("_", " "))))


def rate_unit(rate: str) -> str:
    """What a rate is per: `gpu/audio_second@speech-fr-30` and `gross_audio_second` → audio_second."""
    return rate.partition("@")[0].rpartition("/")[2].removeprefix("gross_")


def rate_workload(rate: str) -> str:
    """The workload at which a rate was found; '' when it names none."""
    return rate.partition("@")[2]


def rate_domain(rate: str) -> str:
    """The domain or boundary that a rate begins with; '' when it names none."""
    return rate.partition("@")[0].rpartition("/")[0]


def level(one: Coefficients) -> str:
    """Batch and concurrency where they are not 1, and the load where it was open or named: `batch 8`.

    Of terms that describe several batches or loads together all of them: `2 batches together: batch=1, batch=8`.
    """
    if one.levels:
        batches, loads = over_batches(one.levels), over_loads(one.levels)
        kind = ("levels" if loads else "batches") if batches else "loads"
        return f"{len(one.levels)} {kind} together: {', '.join(one.levels)}"
    said = [f"{name} {n}" for name, n in (("batch", one.batch), ("concurrency", one.concurrency)) if n != 1]
    said += [f"{one.rate:g} requests/s"] if one.rate is not None else []
    said += [one.load.replace("_", " ")] if one.load else []
    return ", ".join(said)


def basis_word(basis: str, *, simulated: bool) -> str:
    """A basis as people read it: what a simulated sensor gave is never called measured."""
    return told(Phrase("SIMULATED") if simulated and basis == "measured" else Phrase(basis))


def is_simulated(sources: Iterable[Source]) -> bool:
    """Whether what counts as measured here came from a program that plays a sensor."""
    return any(pretends(one) and one.basis == "measured" for one in sources)


def tells_double(remarks: Iterable[str]) -> bool:
    """Whether flags or notes say that no sensor stands behind a figure."""
    return any(DOUBLE in remark for remark in remarks)


def bounds_head(bases: Iterable[Basis]) -> str:
    """What the bounds in a table are, for its head: a model has no coverage to claim (docs/method.md)."""
    modelled = set(bases) - {"excluded"}
    if modelled == {"modelled"}:
        return told(Phrase("span of the model"))
    return told(Phrase("95 %, or span of the model") if "modelled" in modelled else Phrase("95 %"))


def bounded(one: Coefficients) -> str:
    """The boundary, and that a GPU did the work where the name does not say so: `host, work on a GPU`."""
    beside = one.key.device == "gpu" and one.boundary != "gpu"
    boundary = Phrase(one.boundary)
    return told(Phrase("{boundary}, work on a GPU", boundary=boundary) if beside else boundary)


def weights_name(weights: str, precision: str) -> str:
    """What was computed with: `synthetic weights`; a sound track's extraction has none."""
    return told(
        Phrase("no weights") if precision == "none" else Phrase("{weights} weights", weights=Phrase(weights))
    )


def engine_name(engine: str, version: str) -> str:
    """The engine and its version, once: `ollama 0.33`, whose server says its name itself."""
    return version if version.startswith(f"{engine} ") else f"{engine} {version}"


def asked_beside(key: CoefficientKey | Made) -> str:
    """What the engine's version does not tell: `, weights from pruned, at http://127.0.0.1:8000`; "": nothing."""
    told = (("weights from {}", key.weights_path), ("at {}", key.endpoint))
    return "".join(", " + words.format(value) for words, value in told if value)


def with_threads(key: CoefficientKey) -> str:
    """The same, after how many threads the engine was given where it says so."""
    return (f", {counted(key.threads, 'thread')}" if key.threads is not None else "") + asked_beside(key)


def served_by(engine: str, engine_version: str) -> str:
    """The engine, and how its server was set up where that was said: the same model is another's elsewhere."""
    setup = engine_version.partition(", setup ")[2]
    return f"{engine}, {setup}" if setup else engine


def declared_name(name: str) -> tuple[str, str]:
    """A declared figure's name in words, and the unit that its name ends with: `tdp_w` → (TDP, W)."""
    short, unit = next(
        ((name.removesuffix(end), unit) for end, unit in _SUFFIXES.items() if name.endswith(end)), (name, "")
    )
    words = short.replace("_", " ")
    return (words.upper() if words in _INITIALS else words), unit
