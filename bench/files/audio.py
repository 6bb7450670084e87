"""How long a sound file lasts, by its header: read by the standard library, soundfile or ffprobe."""

import shutil
import subprocess
import wave
from pathlib import Path

from bench.errors import BadInput, NoEngine


def read_duration_s(file: Path) -> float:
    """The duration of a sound file. Raises BadInput when it holds no sound, NoEngine without a reader."""
    readers = (_by_wave, _by_soundfile, _by_ffprobe)
    for reader in readers:
        duration_s = reader(file)
        if duration_s is not None:
            if duration_s <= 0:
                raise BadInput(f"{file.name} holds no sound (0 s): take it out of the manifest")
            return duration_s
    if shutil.which("ffprobe"):
        raise BadInput(f"{file.name} is no sound file that wave, soundfile or ffprobe can read: convert it to WAV")
    raise NoEngine(
        f"nothing here can read {file.name}: pip install 'joulemark[whisper]' (WAV, FLAC, OGG, MP3), "
        "apt-get install ffmpeg (anything), or declare duration_s beside the clip"
    )


def _by_wave(file: Path) -> float | None:
    if file.suffix.lower() != ".wav":
        return None
    try:
        with wave.open(str(file), "rb") as sound:
            return sound.getnframes() / sound.getframerate()
    except (wave.Error, EOFError):
        return None  # float or extensible WAV: the next reader knows them


def _by_soundfile(file: Path) -> float | None:
    try:
        import soundfile
    except (ImportError, OSError):  # OSError: the wheel without its library
        return None
    try:
        info = soundfile.info(str(file))
    except soundfile.SoundFileError:
        return None
    return float(info.frames / info.samplerate)


def _by_ffprobe(file: Path) -> float | None:
    if shutil.which("ffprobe") is None:
        return None
    command = ["ffprobe", "-v", "error", "-select_streams", "a:0"]
    command += ["-show_entries", "format=duration", "-of", "csv=p=0", f"file:{file}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    try:
        return float(done.stdout.strip())
    except ValueError:
        return None
