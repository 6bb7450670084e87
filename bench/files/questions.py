"""A table of questions with their right answers → prompts in a declared form, labelled."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BadDeclaration
from bench.files import payloads, requests, texts, tokens
from bench.files.declaration import Table
from bench.nouns import ModelSpec, Request

_PLACE = "{question}"
_EXPECTED = "expected question, language (fr, en, es, ar) and answers, apart by '|'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question in one language, and every answer that is right."""

    text: str
    language: str
    answers: tuple[str, ...]


def read_questions(table: payloads.Questions) -> tuple[Question, ...]:
    """The table's questions in its order, checked. Raises BadDeclaration for a row that is none."""
    stored = table.stored
    found = []
    rows = csv.DictReader(payloads.read_bytes(stored).decode("utf-8").splitlines())
    for number, row in enumerate(rows, start=2):
        answers = tuple(one.strip() for one in (row.get("answers") or "").split("|"))
        text, language = (row.get("question") or "").strip(), row.get("language") or ""
        if not text or language not in payloads.LANGUAGES or not all(answers):
            raise BadDeclaration(str(stored.file), number, _EXPECTED)
        found.append(Question(text=text, language=language, answers=answers))
    if not found:
        raise BadDeclaration(stored.index, stored.line, f"{stored.file.name}: no question in it")
    return tuple(found)


def prompts(
    name: str,
    asked: Sequence[Question],
    forms: Table,
    *,
    model: ModelSpec,
    seed: int,
    output_tokens: int,
    tokens_per_char: Path,
) -> tuple[tuple[Request, ...], tuple[str, ...]]:
    """A request for each question, in the form of its language, and how the lengths came about."""
    tokenizer, note = tokens.open_tokenizer(model)
    row = texts.stand_in_row(model)
    per_char = texts.read_tokens_per_char(tokens_per_char, row)
    source = tokens.seeded_source(model, seed, note)
    made = []
    for index, one in enumerate(asked):
        form = forms.text(one.language)
        if _PLACE not in form:
            raise forms.wrong(one.language, f"expected {_PLACE} somewhere in it")
        text = form.replace(_PLACE, one.text)
        made.append(
            requests.own_prompt(
                f"{name}-{index:04d}",
                source,
                tokenizer,
                text=text,
                stand_in=texts.tokens_of(len(text), one.language, per_char),
                output_tokens=output_tokens,
                language=one.language,
                answers=one.answers,
            )
        )
    forms.finish()
    return tuple(made), (note,) if tokenizer else (note, f"prompt length from tokens per character of {row}")
