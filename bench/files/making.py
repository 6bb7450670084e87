"""A workload's declaration → its requests for one model: one function for each kind of work."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.files import payloads, questions, requests, texts, tokens
from bench.files.declaration import Table
from bench.files.questions import read_questions
from bench.files.translations import length_notes, translation_job
from bench.nouns import Fact, Family, ModelSpec, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What a kind of workload is made with."""

    name: str
    table: Table
    model: ModelSpec
    seed: int
    declared: payloads.Payloads
    tokens_per_char: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRequests:
    """What a kind of workload is made into; the notes say how the lengths came about."""

    requests: tuple[Request, ...]
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Fact] | None = None


def make(family: Family, making: Making) -> MadeRequests:
    """The requests of one kind: by the family, and by whether a text or a number of tokens is declared.

    Raises BadDeclaration for a wrong key, or a payload that is not what it was.
    """
    from_text = "text" in making.table
    match family:
        case "speech":
            return _speech(making)
        case "video":
            return _video(making)
        case "causal-lm":
            if "questions" in making.table:
                return _questions(making)
            return _text_prompt(making) if from_text else _prompts(making)
        case "translation":
            return _text_translation(making) if from_text else _translations(making)
        case "classifier":
            return _sentences(making)
    raise making.table.wrong("family", f"no workload can be declared for {family!r} yet")


def _speech(making: Making) -> MadeRequests:
    clips = [payloads.pick("clip", name, making.declared.clips) for name in making.table.texts("clips")]
    if not clips:
        raise making.table.wrong("clips", "expected at least one clip")
    for clip in clips:
        payloads.read_bytes(clip.stored)
    languages = {clip.language for clip in clips}
    if len(languages) > 1:
        raise making.table.wrong("clips", f"expected one language, found {', '.join(sorted(languages))}")
    request = requests.speech_request(
        making.name,
        [clip.stored.file for clip in clips],
        language=clips[0].language,
        audio_s=sum(clip.duration_s for clip in clips),
        output_tokens=sum(sum(clip.output_tokens) for clip in clips),
        transcript=" ".join(clip.transcript for clip in clips),
    )
    characters = sum(len(clip.transcript) for clip in clips)
    said = ", ".join(str(n) for clip in clips for n in clip.output_tokens)
    facts: dict[str, Fact] = {"transcript_characters": characters, "output_tokens_per_clip_window": said}
    note = "decode length: the transcript's tokens under Whisper's own multilingual tokenizer"
    return MadeRequests(requests=(request,), notes=(note, "synthetic speech (espeak-ng)"), facts=facts)


def _video(making: Making) -> MadeRequests:
    video = payloads.pick("video", making.table.text("video"), making.declared.videos)
    payloads.read_bytes(video.stored)
    request = requests.video_request(
        making.name, video.stored.file, language=video.language, video_s=video.duration_s
    )
    return MadeRequests(requests=(request,), notes=("generated picture, synthetic speech (espeak-ng)",))


def _sentences(making: Making) -> MadeRequests:
    declared = payloads.pick("sentences", making.table.text("sentences"), making.declared.sentences)
    language = making.table.text("language", one_of=payloads.LANGUAGES)
    found = payloads.read_sentences(declared, language)
    facts: dict[str, Fact] = {
        "language": language,
        "least_characters": min(len(sentence) for sentence, _ in found),
        "most_characters": max(len(sentence) for sentence, _ in found),
    }
    return MadeRequests(requests=requests.sentence_requests(making.name, found, language), facts=facts)


def _source(making: Making) -> tokens.PromptSource:
    """Where the prompts are cut from: the declared texts."""
    names = making.table.texts("texts")
    content = [payloads.read_content(payloads.pick("text", name, making.declared.texts)) for name in names]
    return tokens.prompt_source(making.model, content, making.seed)


def _prompts(making: Making) -> MadeRequests:
    source = _source(making)
    made = requests.prompt_requests(
        making.name,
        source,
        prompt_tokens=making.table.integer("prompt_tokens", least=2),
        output_tokens=making.table.integer("output_tokens", least=1),
        requests=making.table.integer("requests", least=1),
    )
    return MadeRequests(requests=made, notes=(source.note,))


def _text_prompt(making: Making) -> MadeRequests:
    source = _source(making)
    tokenizer, note = tokens.open_tokenizer(making.model)
    article = payloads.pick("text", making.table.text("text"), making.declared.texts)
    text = making.table.text("instruction") + "\n\n" + payloads.read_content(article).strip()
    row = texts.stand_in_row(making.model)
    per_char = texts.read_tokens_per_char(making.tokens_per_char, row)
    body = requests.body_ids(tokenizer, source, text, texts.tokens_of(len(text), article.language, per_char))
    made = requests.text_prompts(
        making.name,
        source,
        body,
        text=text,
        output_tokens=making.table.integer("output_tokens", least=1),
        requests=making.table.integer("requests", least=1),
    )
    notes = (
        (note,) if tokenizer else (note, f"prompt length from tokens per character of {row} ({article.language})")
    )
    return MadeRequests(
        requests=made, notes=notes, facts={"text_characters": len(text), "language": article.language}
    )


def _questions(making: Making) -> MadeRequests:
    """A prompt for each question, in the declared form of its language."""
    declared = payloads.pick("questions", making.table.text("questions"), making.declared.questions)
    made, notes = questions.prompts(
        making.name,
        read_questions(declared),
        making.table.table("form"),
        model=making.model,
        seed=making.seed,
        output_tokens=making.table.integer("output_tokens", least=1),
        tokens_per_char=making.tokens_per_char,
    )
    return MadeRequests(requests=made, notes=notes)


def _translations(making: Making) -> MadeRequests:
    source = tokens.seeded_source(making.model, making.seed, "seeded token ids")
    made = requests.translation_requests(
        making.name,
        source,
        source_tokens=making.table.integer("source_tokens", least=1),
        target_tokens=making.table.integer("target_tokens", least=1),
        requests=making.table.integer("requests", least=1),
    )
    return MadeRequests(requests=made, notes=(source.note,))


def _text_translation(making: Making) -> MadeRequests:
    text = payloads.pick("text", making.table.text("text"), making.declared.texts)
    target = making.table.text("target_language", one_of=payloads.LANGUAGES)
    if target == text.language:
        raise making.table.wrong("target_language", f"the text is {target} already")
    ratio = texts.character_ratio(making.declared, text.language, target)
    row = texts.stand_in_row(making.model)
    per_char = texts.read_tokens_per_char(making.tokens_per_char, row)
    limit = making.model.max_context_tokens or 1024
    room = min(limit / per_char[text.language], limit / (per_char[target] * ratio))
    parts = texts.pieces(text, payloads.read_content(text), int(room))
    right = _right_translations(making, text, target, len(parts))
    jobs = [
        replace(translation_job(part, (text.language, target), ratio, per_char), translation=twin)
        for part, twin in zip(parts, right, strict=True)
    ]
    source = tokens.seeded_source(making.model, making.seed, "seeded token ids stand in for the text's own")
    notes = (source.note, *length_notes(text.language, target, ratio, row))
    facts: dict[str, Fact] = {"character_ratio": ratio, "text_characters": sum(map(len, parts))}
    return MadeRequests(requests=requests.text_translations(making.name, source, jobs), notes=notes, facts=facts)


def _right_translations(making: Making, text: payloads.Text, target: str, count: int) -> Sequence[str | None]:
    """The same pieces of the text's twin, which says the same line by line; None for all where they were cut."""
    pairs = texts.parallel_texts(making.declared, text.language, target)
    twin = next(other for one, other in pairs if one.stored.name == text.stored.name)
    whole = [texts.pieces(one, payloads.read_content(one), sys.maxsize) for one in (text, twin)]
    return whole[1] if len(whole[0]) == len(whole[1]) == count else [None] * count
