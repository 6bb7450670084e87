"""The languages that Whisper knows, in the order of its vocabulary's tokens.

Source: openai-whisper 20250625 (MIT), whisper/tokenizer.py, LANGUAGES; checked 2026-11-21.
"""

from bench.nouns import ModelSpec

_CODES = """
en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi
ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd
gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue
"""
WHISPER_LANGUAGES: tuple[str, ...] = tuple(_CODES.split())
BESIDE_LANGUAGES = 51_766  # of a multilingual vocabulary: pieces, other special tokens, timestamps


def languages_of(model: ModelSpec) -> tuple[str, ...]:
    """The languages of a Whisper model: large-v3 has a token more than those before it. () for another model."""
    size = model.config.get("n_vocab")
    if model.architecture != "whisper" or not isinstance(size, int):
        return ()
    return WHISPER_LANGUAGES[: size - BESIDE_LANGUAGES]
