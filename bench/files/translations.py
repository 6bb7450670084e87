"""How long a translation is taken to be, and in words how that came about: of a declared text and of one's own."""

from collections.abc import Mapping

from bench.files import requests, texts


def translation_job(
    part: str, languages: tuple[str, str], ratio: float, per_char: Mapping[str, float]
) -> requests.TranslationJob:
    """A piece of text with its source tokens, and the target tokens that its translation is taken to have."""
    source, target = languages
    return requests.TranslationJob(
        text=part,
        source_language=source,
        target_language=target,
        source_tokens=texts.tokens_of(len(part), source, per_char),
        target_tokens=texts.tokens_of(len(part) * ratio, target, per_char),
    )


def length_notes(source: str, target: str, ratio: float, row: str) -> tuple[str, ...]:
    """How source and target lengths were derived, in words for the record."""
    return (
        f"source length: characters × tokens per character ({row}, {source}), "
        "a stand-in for the model's own tokenizer",
        f"target length: character ratio {ratio:.3f} of the committed parallel texts ({source} → {target}) "
        "× tokens per character",
    )
