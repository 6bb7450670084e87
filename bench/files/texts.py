"""Texts measured for translation: how one language runs beside another, and how many tokens a text is."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.errors import BadDeclaration, BadInput
from bench.files.payloads import Payloads, Text, read_content
from bench.nouns import ModelSpec

# an end of sentence in our four languages, with the quotation mark that may follow it
_SENTENCE = re.compile(r"[^.!?؟]+[.!?؟]+(?:\s?»[.]?|[\"”])?")
# rows of tokens_per_char.csv, by how they begin: 32 000 pieces (Arabic is spelt letter by letter), and 131 000
_SMALL_VOCABULARY = "mistral v1 SentencePiece"
_LARGE_VOCABULARY = "tekken"
_SMALL_MOST = 64_000


def parallel_texts(payloads: Payloads, source: str, target: str) -> tuple[tuple[Text, Text], ...]:
    """The committed texts that exist in both languages, as pairs."""
    pairs = []
    for text in payloads.texts.values():
        if text.language != source:
            continue
        twin = next((t for t in payloads.texts.values() if t.language == target and t.kind == text.kind), None)
        if twin is not None:
            pairs.append((text, twin))
    if not pairs:
        raise BadInput(f"no parallel texts for {source} → {target}: add them to workloads/data/text/texts.toml")
    return tuple(pairs)


def character_ratio(payloads: Payloads, source: str, target: str) -> float:
    """Characters of the target language per character of the source, over all committed parallel texts."""
    pairs = parallel_texts(payloads, source, target)
    return _characters(b for _, b in pairs) / _characters(a for a, _ in pairs)


def read_tokens_per_char(path: Path, tokenizer: str) -> Mapping[str, float]:
    """Tokens per character by language, for the rows whose tokenizer begins with `tokenizer`."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["tokenizer"].startswith(tokenizer)]
    except OSError as error:
        raise BadDeclaration(str(path), None, f"cannot be read: {error.strerror}") from error
    if not rows:
        raise BadDeclaration(str(path), None, f"no row for a tokenizer called {tokenizer!r}")
    # from the counts, not from the rounded quotient beside them
    return {row["lang"].lower(): int(row["tokens"]) / int(row["chars"]) for row in rows}


def stand_in_row(model: ModelSpec) -> str:
    """Whose tokens per character stand in for a tokenizer that is not at hand: by the size of the vocabulary.

    NLLB's 256 206 pieces cover Arabic as Tekken's do; in the small vocabulary it would be three times as long.
    """
    size = model.config.get("vocab_size")
    return _LARGE_VOCABULARY if isinstance(size, int) and size > _SMALL_MOST else _SMALL_VOCABULARY


def tokens_of(characters: float, language: str, tokens_per_char: Mapping[str, float]) -> int:
    """The tokens that so many characters of a language are taken to be: at least one."""
    if language not in tokens_per_char:
        known = ", ".join(sorted(tokens_per_char))
        raise BadInput(f"no tokens per character for language {language!r}: known are {known}")
    return max(1, round(characters * tokens_per_char[language]))


def pieces(text: Text, content: str, most_characters: int) -> tuple[str, ...]:
    """The requests a text is translated in: its lines or paragraphs; by sentences where one is too long."""
    parts = content.strip().split("\n\n") if text.kind == "article" else content.strip().split("\n")
    return tuple(piece for part in parts for piece in split(part.strip(), most_characters))


def split(paragraph: str, most_characters: int) -> tuple[str, ...]:
    """The paragraph in as few pieces as fit, cut between sentences."""
    if len(paragraph) <= most_characters:
        return (paragraph,)
    done: list[str] = []
    for sentence in sentences(paragraph):
        if len(sentence) > most_characters:
            raise BadInput(
                f"a sentence of {len(sentence)} characters does not fit {most_characters}: "
                f"{sentence[:60]!r}…; split it, or take a model with a longer context"
            )
        if done and len(done[-1]) + 1 + len(sentence) <= most_characters:
            done[-1] += " " + sentence
        else:
            done.append(sentence)
    return tuple(done)


def sentences(paragraph: str) -> Sequence[str]:
    """The sentences of a paragraph; what follows the last full stop is one too."""
    found = [m.group().strip() for m in _SENTENCE.finditer(paragraph)]
    rest = _SENTENCE.sub("", paragraph).strip()
    return [*found, rest] if rest else found


def _characters(texts: Iterable[Text]) -> int:
    # without line ends: they belong to the file, not to the language
    return sum(len(line) for text in texts for line in read_content(text).splitlines())
