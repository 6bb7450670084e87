"""Requests with the work they ask for: made from clips, texts and prompts, ours and the user's alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BadInput
from bench.files.payloads import WHISPER_WINDOW_S, audio_windows
from bench.files.tokens import PromptSource, Tokenizer, cut, first_token
from bench.nouns import MOST_CHARACTERS, ModelSpec, Request, Usage

# Whisper decodes at most half its text context per audio window (n_text_ctx 448, openai-whisper 20250625,
# decoding.py: sample_len; 2026-11-21)
WHISPER_MOST_TOKENS = 224


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationJob:
    """A text to be translated, with the lengths it is taken to have."""

    text: str
    source_language: str
    target_language: str
    source_tokens: int
    target_tokens: int
    translation: str | None = None  # a right one, where there is one


def speech_request(
    name: str,
    clips: Sequence[Path],
    *,
    language: str,
    audio_s: float,
    output_tokens: int,
    index: int = 0,
    transcript: str | None = None,
) -> Request:
    """One request that plays the clips one after the other; its audio windows are those of the whole.

    What is said in them labels it, where it is short enough to be sealed beside every answer.
    """
    windows = audio_windows(audio_s)
    if output_tokens > windows * WHISPER_MOST_TOKENS:
        raise BadInput(
            f"{name}: {output_tokens} tokens do not fit {windows} audio windows of {WHISPER_WINDOW_S:g} s; "
            f"Whisper decodes at most {WHISPER_MOST_TOKENS} in each: check the transcript or the duration"
        )
    asked = Usage(requests=1, audio_s=audio_s, audio_windows=windows, output_tokens=output_tokens)
    return Request(
        id=f"{name}-{index:04d}",
        audio=tuple(clips),
        source_language=language,
        asked=asked,
        meant=short_enough(transcript),
    )


def short_enough(text: str | None) -> str | None:
    """The text, where all of it can be sealed beside an answer; None: it labels nothing."""
    return text if text is not None and len(text) < MOST_CHARACTERS else None


def video_request(name: str, video: Path, *, language: str, video_s: float) -> Request:
    """One request for the sound track of a video."""
    asked = Usage(requests=1, video_s=video_s)
    return Request(id=f"{name}-0000", video=video, source_language=language, asked=asked)


def sentence_requests(
    name: str, sentences: Sequence[tuple[str, str | None]], language: str
) -> tuple[Request, ...]:
    """One request per (sentence, label), to be classified; without a label no answer is right or wrong."""
    return tuple(
        Request(
            id=f"{name}-{index:04d}", text=text, source_language=language, asked=Usage(requests=1), meant=label
        )
        for index, (text, label) in enumerate(sentences)
    )


def prompt_requests(
    name: str, source: PromptSource, *, prompt_tokens: int, output_tokens: int, requests: int
) -> tuple[Request, ...]:
    """Prompts of an exact length, no two of which begin alike."""
    asked = Usage(requests=1, prompt_tokens=prompt_tokens, output_tokens=output_tokens)
    return tuple(
        Request(id=f"{name}-{index:04d}", token_ids=cut(source, prompt_tokens, index), asked=asked)
        for index in range(requests)
    )


def text_prompts(
    name: str, source: PromptSource, body: Sequence[int], *, text: str, output_tokens: int, requests: int
) -> tuple[Request, ...]:
    """The same text again and again behind a first token of its own, so that no prefix can be reused."""
    done = []
    for index in range(requests):
        head = () if source.bos is None else (source.bos,)
        token_ids = (*head, first_token(source, index), *body)
        asked = Usage(requests=1, prompt_tokens=len(token_ids), output_tokens=output_tokens)
        done.append(Request(id=f"{name}-{index:04d}", token_ids=token_ids, text=text, asked=asked))
    return tuple(done)


def own_prompt(
    request_id: str,
    source: PromptSource,
    tokenizer: Tokenizer | None,
    *,
    text: str,
    stand_in: int,
    output_tokens: int,
    language: str | None = None,
    answers: Sequence[str] = (),
) -> Request:
    """A prompt of the user's, as it is: BOS and the text's ids. `answers`: the right ones, where there are any."""
    head = () if source.bos is None else (source.bos,)
    token_ids = head + body_ids(tokenizer, source, text, stand_in)
    asked = Usage(requests=1, prompt_tokens=len(token_ids), output_tokens=output_tokens)
    return Request(
        id=request_id,
        token_ids=token_ids,
        text=text,
        source_language=language if answers else None,
        asked=asked,
        meant=short_enough("\n".join(answers)) if answers else None,
    )


def body_ids(tokenizer: Tokenizer | None, source: PromptSource, text: str, stand_in: int) -> tuple[int, ...]:
    """The text's ids under the tokenizer; without one, as many seeded ids as it is taken to have tokens."""
    if tokenizer is not None:
        return tuple(tokenizer.encode(text))
    return cut(source, stand_in + (source.bos is not None), 0)[-stand_in:]


def translation_requests(
    name: str, source: PromptSource, *, source_tokens: int, target_tokens: int, requests: int
) -> tuple[Request, ...]:
    """Translations of an exact length, of seeded ids."""
    asked = Usage(requests=1, source_tokens=source_tokens, target_tokens=target_tokens)
    return tuple(
        Request(
            id=f"{name}-{index:04d}",
            token_ids=cut(source, source_tokens, index),
            source_language="fr",  # only the language tag of the target depends on these, not the work
            target_language="en",
            asked=asked,
        )
        for index in range(requests)
    )


def text_translations(name: str, source: PromptSource, jobs: Sequence[TranslationJob]) -> tuple[Request, ...]:
    """One request per text: seeded ids stand in for its tokens, and the text stays beside them."""
    return tuple(
        Request(
            id=f"{name}-{index:04d}",
            token_ids=cut(source, job.source_tokens, index),
            text=job.text,
            source_language=job.source_language,
            target_language=job.target_language,
            asked=Usage(requests=1, source_tokens=job.source_tokens, target_tokens=job.target_tokens),
            meant=short_enough(job.translation),
        )
        for index, job in enumerate(jobs)
    )


def check_context(name: str, model: ModelSpec, requests: Sequence[Request]) -> None:
    """Raises BadInput when the longest request does not fit the model's context."""
    limit = model.max_context_tokens
    if limit is None:
        return
    longest = max(requests, key=lambda request: max(_context(request.asked)))
    for need, what in zip(_context(longest.asked), ("prompt and output", "source", "target"), strict=True):
        if need > limit:
            raise BadInput(
                f"{name}: {what} of {need} tokens do not fit the {limit} that {model.name} holds; "
                "choose a shorter workload or a model with a longer context"
            )


def _context(asked: Usage) -> tuple[int, int, int]:
    # Whisper's output_tokens are a total over audio windows, each with a context of its own
    output = 0 if asked.audio_windows else (asked.output_tokens or 0)
    return (asked.prompt_tokens or 0) + output, asked.source_tokens or 0, asked.target_tokens or 0


def usage_facts(requests: Sequence[Request]) -> Mapping[str, float]:
    """The least and the most that a request asks for, by unit: what a reader wants to know of a workload."""
    facts: dict[str, float] = {"requests": len(requests)}
    units = ("prompt_tokens", "output_tokens", "source_tokens", "target_tokens", "audio_s", "video_s")
    for unit in units:
        values = [v for r in requests if (v := getattr(r.asked, unit)) is not None]
        if values:
            facts[f"least_{unit}"], facts[f"most_{unit}"] = min(values), max(values)
    return facts
