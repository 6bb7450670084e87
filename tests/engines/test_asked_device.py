"""An engine works on the device that was asked for, or says why not: it never falls to another one silently."""

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_models import MISTRAL, NLLB, WHISPER, loading, tiny

from bench.engines import echo, ffmpeg
from bench.engines.llama_cpp import LlamaCppEngine
from bench.errors import CannotRun
from bench.files.registry import load_engine
from bench.nouns import LoadSpec

BOARD = "GPU-00000000-0000-0000-0000-00000000000a"
NO_DRIVER = pytest.mark.skipif(Path("/proc/driver/nvidia").exists(), reason="a machine without a GPU is meant")


def on(device: str, path: str | None = f"device={BOARD}") -> LoadSpec:
    return replace(loading(MISTRAL), device=device, path=path)  # type: ignore[arg-type]


def test_the_pretend_engine_pretends_on_the_asked_device() -> None:
    """The board that it was given unless the CPU is asked for; without one it can't."""
    engine = echo.open_engine()
    for device, found in (("auto", BOARD), ("cuda", BOARD), ("cpu", "cpu")):
        with engine.load(on(device)) as session:
            assert session.loaded.device == found

    with pytest.raises(CannotRun, match="name one, --weights-path device="), engine.load(on("cuda", None)):
        pass


def test_the_sound_track_of_a_video_is_work_of_the_cpu(tmp_path: Path) -> None:
    """It is refused before ffmpeg is looked for."""
    model = tiny("ffmpeg", "video", {"sampling_rate_hz": 16_000, "channels": 1})
    engine = ffmpeg.FfmpegEngine(search_path=str(tmp_path))

    with (
        pytest.raises(CannotRun, match="CPU alone here: ask for device=cpu"),
        engine.load(replace(loading(model), precision="none", device="cuda")),
    ):
        pass


def test_a_build_of_llama_cpp_without_cuda_is_said_before_a_file_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file takes minutes; the library itself need not be there to know."""
    monkeypatch.setenv("JOULEMARK_CACHE", str(tmp_path))
    monkeypatch.setattr("bench.engines.llama_cpp._built_with_cuda", lambda: False)
    asked = replace(loading(MISTRAL, precision="f16"), device="cuda")

    with pytest.raises(CannotRun, match=r"GGML_CUDA=on .*, or ask for device=cpu"):
        LlamaCppEngine().prepare(asked)

    assert not list(tmp_path.iterdir())


@NO_DRIVER
@pytest.mark.models
@pytest.mark.parametrize(
    ("name", "model"), [("transformers", MISTRAL), ("whisper", WHISPER), ("ctranslate2", NLLB)]
)
def test_an_engine_that_finds_no_board_refuses_and_names_the_remedy(
    name: str, model: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others' own tests hold the same; nothing is built before it is refused."""
    pytest.importorskip(name)
    monkeypatch.setenv("JOULEMARK_CACHE", str(tmp_path))
    asked = replace(loading(model), device="cuda")  # type: ignore[arg-type]

    with pytest.raises(CannotRun, match="ask for device=cpu"), load_engine(name).load(asked):
        pass

    assert not list(tmp_path.iterdir())
