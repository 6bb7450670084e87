"""Token ids of an exact count: cut from real text by a tokenizer that ships in a package, else seeded.

No two prompts of a workload share their first token after BOS, so that no engine can reuse another's prefix.
mistral-common brings Mistral's tokenizers, openai-whisper brings Whisper's: data files, used offline.
"""

import importlib.util
import math
import random
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bench.errors import BadInput, NoEngine, UnknownName
from bench.nouns import ModelSpec

# our names → files of mistral-common 1.13.1's data folder (checked 2026-11-21)
_MISTRAL_FILES = {
    "v1": "tokenizer.model.v1",
    "v2": "mistral_instruct_tokenizer_240216.model.v2",
    "v3": "mistral_instruct_tokenizer_240323.model.v3",
    "v7": "mistral_instruct_tokenizer_241114.model.v7",
    "tekken": "tekken_240911.json",
}
PACKAGED = tuple(_MISTRAL_FILES)
# Special ids lie at either end of a vocabulary, so seeded ids keep to the middle. The widest of our models:
# below 1027 (Mistral v3: control and byte pieces; its own file in mistral-common 1.13.1), and from 199 998 of
# 201 088 (gpt-oss; https://huggingface.co/hokar3361/gpt-oss-coderjs-v0.1/blob/main/tokenizer_config.json);
# both checked 2026-11-21
_FIRST_ORDINARY = 1100
_LAST_ORDINARY_RATIO = 0.99
# GPT-2's pre-tokeniser, as openai-whisper 20250625 hands it to tiktoken (whisper/tokenizer.py, MIT)
_WHISPER_PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokenizer:
    """A tokenizer that ships in a package: text → ids without BOS."""

    name: str
    version: str
    bos: int
    size: int
    encode: Callable[[str], list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSource:
    """Where prompts are cut from: a stream of ids of real text, or, where it is empty, a seed."""

    seed: int
    bos: int | None
    stream: tuple[int, ...]  # the texts' ids, one after the other
    starts: tuple[int, ...]  # offsets into the stream whose ids are all different
    low: int  # seeded ids lie in [low, high)
    high: int
    note: str

    @property
    def capacity(self) -> int:
        """How many prompts can be cut before two share their first token."""
        return len(self.starts) or self.high - self.low


def open_tokenizer(model: ModelSpec) -> tuple[Tokenizer | None, str]:
    """The model's own tokenizer, or None, and a note for the record that says which, or why none."""
    if model.tokenizer is None:
        return None, f"seeded token ids: no tokenizer of {model.name} ships in a package"
    short = model.tokenizer.removeprefix("mistral-common").removeprefix("mistral_common").lstrip(":/ ")
    file = _MISTRAL_FILES.get(short, short)
    if file not in _MISTRAL_FILES.values():
        raise UnknownName("tokenizer", model.tokenizer, [f"mistral-common:{k}" for k in _MISTRAL_FILES])
    try:
        tokenizer = _mistral(file)
    except ImportError:
        remedy = "pip install 'joulemark[transformers]'"
        return None, f"seeded token ids: {model.tokenizer} needs mistral-common, which is absent: {remedy}"
    vocabulary = _vocabulary(model)
    if tokenizer.size > vocabulary:
        raise BadInput(
            f"tokenizer {model.tokenizer!r} has {tokenizer.size} ids, model {model.name!r} holds "
            f"{vocabulary}: declare the tokenizer that belongs to the model"
        )
    return tokenizer, f"token ids by {tokenizer.name} (mistral-common {tokenizer.version})"


def packaged(short: str) -> Tokenizer:
    """A tokenizer of mistral-common by our name for it: tekken, v1, v3 … Raises UnknownName, NoEngine."""
    if short not in _MISTRAL_FILES:
        raise UnknownName("tokenizer", short, _MISTRAL_FILES)
    try:
        return _mistral(_MISTRAL_FILES[short])
    except ImportError as error:
        remedy = "pip install 'joulemark[transformers]'"
        raise NoEngine(f"tokenizer {short} needs mistral-common, which is absent: {remedy}") from error


def prompt_source(model: ModelSpec, texts: Sequence[str], seed: int) -> PromptSource:
    """Where this model's prompts come from: the texts under its own tokenizer, or seeded ids."""
    tokenizer, note = open_tokenizer(model)
    if tokenizer is None:
        return seeded_source(model, seed, note)
    stream = tuple(token for text in texts for token in tokenizer.encode(text))
    offsets: dict[int, list[int]] = {}
    for offset, token in enumerate(stream):
        offsets.setdefault(token, []).append(offset)
    rng = random.Random(seed)
    starts = [rng.choice(places) for _, places in sorted(offsets.items())]
    rng.shuffle(starts)
    low, high = _ordinary(model)
    return PromptSource(
        seed=seed, bos=tokenizer.bos, stream=stream, starts=tuple(starts), low=low, high=high, note=note
    )


def seeded_source(model: ModelSpec, seed: int, note: str) -> PromptSource:
    """Prompts of seeded ids from the ordinary middle of the model's vocabulary."""
    low, high = _ordinary(model)
    bos = model.config.get("bos_token_id")
    # a decoder of Mistral's kind begins with BOS; Phi-4-mini's, gpt-oss' and NLLB's tokenizers add none
    begins = bos if model.architecture == "mistral" and isinstance(bos, int) else None
    return PromptSource(seed=seed, bos=begins, stream=(), starts=(), low=low, high=high, note=note)


def cut(source: PromptSource, count: int, index: int) -> tuple[int, ...]:
    """The prompt number `index`: exactly `count` ids, BOS among them."""
    if not 0 <= index < source.capacity:
        raise BadInput(
            f"prompt {index} cannot begin with a token of its own: only {source.capacity} are to be had; "
            "ask for fewer requests or declare more texts"
        )
    head = () if source.bos is None else (source.bos,)
    left = count - len(head)
    if left < 1:
        raise BadInput(f"a prompt of {count} tokens holds nothing but BOS: ask for at least {len(head) + 1}")
    if not source.stream:
        return (*head, _own_token(source, index), *_seeded(source, left - 1, index))
    at = source.starts[index]
    if at + left <= len(source.stream):
        return head + source.stream[at : at + left]
    again = 1 + (at + left) // len(source.stream)  # a long prompt goes round the texts more than once
    return head + (source.stream * again)[at : at + left]


def first_token(source: PromptSource, index: int) -> int:
    """The first id after BOS of prompt number `index`; no other index has it."""
    return cut(source, 2 if source.bos is not None else 1, index)[-1]


def prompt_ids(model: ModelSpec, count: int, index: int, seed: int, texts: Sequence[str] = ()) -> tuple[int, ...]:
    """One prompt of exactly `count` ids for this model. For many of them: `prompt_source`, then `cut`."""
    source = prompt_source(model, texts, seed) if texts else seeded_source(model, seed, "")
    return cut(source, count, index)


def whisper_tokens(text: str) -> int:
    """The text's tokens under Whisper's multilingual tokenizer, as the decoder writes them (a space leads).

    Raises NoEngine when openai-whisper's data file or tiktoken is absent.
    """
    found = importlib.util.find_spec("whisper")  # finds the folder; imports nothing
    folders = list(found.submodule_search_locations or ()) if found else []
    asset = Path(folders[0]) / "assets" / "multilingual.tiktoken" if folders else None
    absent = NoEngine(
        "counting a transcript's tokens needs Whisper's tokenizer, which is absent: "
        "pip install 'joulemark[whisper]', or declare output_tokens beside the clip"
    )
    if asset is None or not asset.is_file():
        raise absent
    try:
        import tiktoken
    except ImportError as error:
        raise absent from error
    lines = (line.split() for line in asset.read_text(encoding="ascii").splitlines() if line)
    ranks = {b64decode(token): int(rank) for token, rank in lines}
    encoding = tiktoken.Encoding(
        name="whisper-multilingual", pat_str=_WHISPER_PATTERN, mergeable_ranks=ranks, special_tokens={}
    )
    return len(encoding.encode_ordinary(" " + text.strip()))


def _mistral(file: str) -> Tokenizer:
    """The tokenizer in that file of mistral-common. Imported here: it is heavy, and an extra."""
    import mistral_common

    path = Path(mistral_common.__file__).parent / "data" / file
    if file.startswith("tekken"):
        from mistral_common.tokens.tokenizers.tekken import Tekkenizer

        inner = Tekkenizer.from_file(path)
    else:
        from mistral_common.tokens.tokenizers.sentencepiece import SentencePieceTokenizer

        inner = SentencePieceTokenizer(str(path))
    return Tokenizer(
        name=file,
        version=metadata.version("mistral-common"),
        bos=int(inner.bos_id),
        size=int(inner.n_words),
        encode=lambda text: [int(i) for i in inner.encode(text, bos=False, eos=False)],
    )


def _vocabulary(model: ModelSpec) -> int:
    size = model.config.get("vocab_size", model.config.get("n_vocab"))
    if not isinstance(size, int) or size < 2:
        raise BadInput(f"model {model.name!r} declares no vocab_size in [config]: its prompts need one")
    return size


def _ordinary(model: ModelSpec) -> tuple[int, int]:
    size = _vocabulary(model)
    return min(_FIRST_ORDINARY, size // 4), max(2, int(size * _LAST_ORDINARY_RATIO))


def _own_token(source: PromptSource, index: int) -> int:
    """An id that no other index has: a seeded walk that visits every id once before it repeats."""
    span = source.high - source.low
    rng = random.Random(source.seed)
    start, step = rng.randrange(span), rng.randrange(1, max(2, span))
    while math.gcd(step, span) != 1:
        step += 1
    return source.low + (start + index * step) % span


def _seeded(source: PromptSource, count: int, index: int) -> list[int]:
    return random.Random(f"{source.seed}:{index}").choices(range(source.low, source.high), k=count)
