"""Speaks the clips of workloads/data/speech/clips.toml again, and rewrites the keys that follow from it.

Needs espeak-ng and the extra `whisper`. Run from the checkout: .venv/bin/python scripts/make_clips.py
By hand: language, duration_s and sentences. Made here: file, speed_wpm, output_tokens and sha256.
The voices are synthetic (espeak-ng); no person was recorded.

     lead        sentence 1     gap      sentence 2      gap/2
    |<g/2>|=====================|<g>|====================|<g/2>|    exactly duration_s × 16 000 samples

The speaking rate is the one nearest to 160 words per minute that leaves gaps g of 0.25 to 0.6 s.
"""

import argparse
import hashlib
import io
import json
import subprocess
import tomllib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly
from whisper.tokenizer import get_tokenizer

FOLDER = Path(__file__).resolve().parent.parent / "workloads" / "data" / "speech"
RATE_HZ = 16_000
WINDOW_S = 30  # Whisper's audio window
VOICES = {"fr": "fr-fr", "en": "en-gb", "es": "es", "ar": "ar"}
GAP_S = (0.25, 0.6)
RMS = 0.02  # -34 dBFS: packs a bit per sample better than -28, and Whisper's features are normalised anyway
HEADER = """\
# Speech clips: 16 kHz mono FLAC of exactly duration_s, spoken by {voice} (synthetic, nobody recorded).
# By hand: language, duration_s, sentences (the transcript, one item per sentence).
# By scripts/make_clips.py: file, speed_wpm, sha256, and output_tokens: the transcript's tokens under
# Whisper's own multilingual tokenizer (openai-whisper 20250625), one number per 30 s audio window,
# shared out by when they are said.
licence = "CC0-1.0"
source = "texts written for this project; synthetic speech by {voice} (the program is GPL-3.0-or-later)"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A clip's samples, and when each sentence begins and ends in it."""

    samples: NDArray[np.float64]
    spans: tuple[tuple[float, float], ...]
    speed_wpm: int


def main() -> None:
    """Makes every clip, or with --check only says which ones would differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; name the clips that would differ")
    check = parser.parse_args().check
    voice = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, check=True).stdout
    voice = "eSpeak NG " + voice.split(":")[1].split()[0]
    print(voice)
    declared = tomllib.loads((FOLDER / "clips.toml").read_text(encoding="utf-8"))
    parts = [HEADER.format(voice=voice)]
    for name, clip in declared["clips"].items():
        spoken = fitted(clip["sentences"], VOICES[clip["language"]], clip["duration_s"])
        content = flac(spoken.samples)
        tokens = tokens_per_window(clip["sentences"], spoken.spans, clip["duration_s"])
        sha256 = hashlib.sha256(content).hexdigest()
        state = "same" if clip.get("sha256") == sha256 else "DIFFERENT"
        print(f"{name:8} {len(content):8} bytes  {spoken.speed_wpm} wpm  tokens {tokens}  {state}")
        if not check:
            (FOLDER / f"{name}.flac").write_bytes(content)
        parts.append(entry(name, clip, spoken.speed_wpm, tokens, sha256))
    if not check:
        (FOLDER / "clips.toml").write_text("\n".join(parts), encoding="utf-8")


def fitted(sentences: list[str], voice: str, duration_s: int) -> Spoken:
    """The sentences at the rate nearest to 160 words per minute that fills the duration with natural gaps."""
    for speed in sorted(range(140, 196), key=lambda wpm: abs(wpm - 160)):
        said = [speak(sentence, voice, speed) for sentence in sentences]
        gap_s = (duration_s - sum(map(len, said)) / RATE_HZ) / len(said)
        if GAP_S[0] <= gap_s <= GAP_S[1]:
            return joined(said, duration_s * RATE_HZ, speed)
    raise SystemExit(f"no rate between 140 and 195 wpm fits {duration_s} s: {sentences[0]!r}")


def speak(sentence: str, voice: str, speed_wpm: int) -> NDArray[np.float64]:
    """One sentence at 16 kHz, its outer silence trimmed."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed_wpm), "--stdout"]
    done = subprocess.run(command, input=sentence.encode(), capture_output=True, check=True)
    samples, rate_hz = soundfile.read(io.BytesIO(done.stdout))
    loud = np.flatnonzero(np.abs(samples) > 1e-3)
    assert rate_hz == 22_050
    return np.asarray(resample_poly(samples[loud[0] : loud[-1] + 1], 320, 441))


def joined(said: list[NDArray[np.float64]], length: int, speed_wpm: int) -> Spoken:
    """The sentences with equal gaps between them and half a gap at both ends, `length` samples exactly."""
    samples = np.zeros(length)
    gap = (length - sum(map(len, said))) // len(said)
    at, spans = gap // 2, []
    for sentence in said:
        samples[at : at + len(sentence)] = sentence
        spans.append((at / RATE_HZ, (at + len(sentence)) / RATE_HZ))
        at += len(sentence) + gap
    samples *= RMS / np.sqrt(np.mean(samples**2))
    return Spoken(samples=samples, spans=tuple(spans), speed_wpm=speed_wpm)


def flac(samples: NDArray[np.float64]) -> bytes:
    """The samples as 16-bit FLAC at the highest compression."""
    memory = io.BytesIO()
    soundfile.write(memory, samples, RATE_HZ, format="FLAC", subtype="PCM_16", compression_level=1.0)
    return memory.getvalue()


def tokens_per_window(sentences: list[str], spans: tuple[tuple[float, float], ...], duration_s: int) -> list[int]:
    """The transcript's tokens, shared among the 30 s windows as the time over which they are said."""
    encode = get_tokenizer(multilingual=True).encode
    total = len(encode(" " + " ".join(sentences)))
    weights = [0.0] * -(-duration_s // WINDOW_S)
    for sentence, (start_s, end_s) in zip(sentences, spans, strict=True):
        for window in range(len(weights)):
            inside_s = min(end_s, (window + 1) * WINDOW_S) - max(start_s, window * WINDOW_S)
            weights[window] += len(encode(" " + sentence)) * max(0.0, inside_s) / (end_s - start_s)
    edges = [round(total * sum(weights[:i]) / sum(weights)) for i in range(len(weights) + 1)]
    return [after - before for before, after in pairwise(edges)]


def entry(name: str, clip: dict[str, object], speed_wpm: int, tokens: list[int], sha256: str) -> str:
    """The clip's table in clips.toml. A JSON string is a TOML string."""
    sentences = clip["sentences"]
    assert isinstance(sentences, list)
    lines = [f"  {json.dumps(sentence, ensure_ascii=False)},\n" for sentence in sentences]
    return (
        f'[clips.{name}]\nlanguage = "{clip["language"]}"\nduration_s = {clip["duration_s"]}\n'
        f"sentences = [\n{''.join(lines)}]\n"
        f'file = "{name}.flac"\nspeed_wpm = {speed_wpm}\noutput_tokens = {tokens}\nsha256 = "{sha256}"\n'
    )


if __name__ == "__main__":
    main()
