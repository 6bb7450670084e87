"""Audio clips on disk as samples."""

import shutil
import subprocess
from pathlib import Path

import numpy
import numpy.typing

from bench.errors import BadInput, NoEngine

CLIP_RATE_HZ = (
    16_000  # what Whisper takes: openai-whisper 20250625, whisper/audio.py, SAMPLE_RATE; checked 2026-11-21
)
Samples = numpy.typing.NDArray[numpy.float32]


def read_clip(path: Path) -> Samples:
    """The clip, mono at 16 kHz, shape (n_samples,). Raises BadInput when nothing reads it.

    What libsndfile reads at 16 kHz needs nothing else; other rates and formats go through ffmpeg.
    """
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: libsndfile itself is absent
        raise NoEngine(f"soundfile does not import ({error}): pip install 'joulemark[whisper]'") from error
    if not path.is_file():
        raise BadInput(f"{path}: no such audio clip; check the path in the manifest")
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        return _by_ffmpeg(path)
    if rate_hz != CLIP_RATE_HZ:
        return _by_ffmpeg(path)
    return numpy.asarray(samples.mean(axis=1, dtype="float32"), dtype=numpy.float32)


def _by_ffmpeg(path: Path) -> Samples:
    if shutil.which("ffmpeg") is None:
        raise NoEngine(f"{path}: not a clip of 16 kHz that libsndfile reads: apt-get install ffmpeg")
    source = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path)]
    done = subprocess.run(
        [*source, "-f", "f32le", "-ac", "1", "-ar", str(CLIP_RATE_HZ), "-"], capture_output=True, check=False
    )
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip()[-200:]
        raise BadInput(f"{path}: ffmpeg reads no sound from it ({said}); give a clip that plays")
    return numpy.frombuffer(done.stdout, dtype="<f4").astype(numpy.float32)
