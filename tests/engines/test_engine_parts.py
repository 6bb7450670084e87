"""What engines share: precision, device identity, memory, padding, and checks that cost nothing."""

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from tiny_models import MISTRAL, clip, loading, prompt

from bench.engines import (
    Device,
    Stamp,
    gpu_identity,
    library_check,
    library_version,
    memory_guard,
    open_device,
    padded,
    runnable,
)
from bench.engines.echo import EchoEngine
from bench.engines.ffmpeg import FfmpegEngine
from bench.errors import BadInput, CannotRun, NoEngine, UnknownName
from bench.files.clips import read_clip
from bench.nouns import Request, Usage

T4 = Device(kind="cuda", torch_name="cuda:0", identity="GPU-0", name="Tesla T4")
CPU = Device(kind="cpu", torch_name="cpu", identity="cpu", name="CPU")
UUID = "8f3a1d2c-0b4e-5a6f-9c7d-1e2f3a4b5c6d"


def _torch(capability: tuple[int, int] = (8, 0), *, available: bool = True) -> SimpleNamespace:
    """A torch that has one board of the given compute capability."""
    board = SimpleNamespace(uuid=UUID, name="Tesla T4")
    cuda = SimpleNamespace(
        is_available=lambda: available,
        current_device=lambda: 0,
        get_device_properties=lambda _: board,
        get_device_capability=lambda _: capability,
    )
    return SimpleNamespace(
        float32="f32", bfloat16="bf16", float16="f16", cuda=cuda, OutOfMemoryError=_OutOfMemoryError
    )


class _OutOfMemoryError(RuntimeError):
    pass


def test_bf16_falls_to_fp16_on_a_card_without_it_and_says_so() -> None:
    """A T4 (compute capability 7.5) has no bf16: the precision that runs is the one in the record."""
    fallen, kept = runnable(_torch((7, 5)), "bf16", T4), runnable(_torch((8, 0)), "bf16", T4)

    assert (fallen.precision, fallen.dtype) == ("fp16", "f16")
    assert "7.5" in fallen.notes[0]
    assert (kept.precision, kept.dtype, kept.notes) == ("bf16", "bf16", ())


def test_what_a_device_cannot_compute_in_is_refused() -> None:
    """fp16 on a CPU, and a precision that nobody knows."""
    with pytest.raises(CannotRun, match="fp32 or bf16"):
        runnable(_torch(), "fp16", CPU)
    with pytest.raises(UnknownName, match="fp32"):
        runnable(_torch(), "fp23", CPU)


@pytest.mark.parametrize(
    "value", [UUID, f"GPU-{UUID}", UUID.upper(), bytes.fromhex(UUID.replace("-", "")), UUID.encode()]
)
def test_a_gpu_is_named_as_nvml_names_it(value: object) -> None:
    """Whatever form torch's UUID has, the meter's domain is found by it."""
    assert gpu_identity(value) == f"GPU-{UUID}"


def test_the_device_is_the_gpu_unless_the_cpu_is_asked_for() -> None:
    """auto takes the current GPU; asking for one that is not there is an error, not a CPU."""
    auto = replace(loading(MISTRAL), device="auto")

    assert open_device(_torch(), auto).identity == f"GPU-{UUID}"
    assert open_device(_torch(), loading(MISTRAL)).identity == "cpu"
    assert open_device(_torch(available=False), auto).identity == "cpu"
    with pytest.raises(CannotRun, match="no CUDA device"):
        open_device(_torch(available=False), replace(auto, device="cuda"))


@pytest.mark.parametrize(
    "error", [MemoryError(), _OutOfMemoryError("tried to allocate 20 GiB"), RuntimeError("can't allocate memory")]
)
def test_running_out_of_memory_is_foreseen(error: Exception) -> None:
    """Out of memory ends a cell in words; any other failure keeps its own traceback."""
    with pytest.raises(CannotRun, match="out of memory loading x"), memory_guard(_torch(), "loading x"):
        raise error
    with pytest.raises(RuntimeError, match="shape"), memory_guard(_torch(), "loading x"):
        raise RuntimeError("shape mismatch")


def test_rows_are_padded_and_masked() -> None:
    """A causal model's rows end together, an encoder's begin together; the mask shows what is real."""
    assert padded([[1], [2, 3]], 0, left=True) == ([[0, 1], [2, 3]], [[0, 1], [1, 1]])
    assert padded([[1], [2, 3]], 9, left=False) == ([[1, 9], [2, 3]], [[1, 0], [1, 1]])


def test_a_stamp_keeps_its_first_time_and_waits_for_the_device_once() -> None:
    """Later tokens cost no synchronisation."""
    waits: list[int] = []
    times = iter([10, 20])
    stamp = Stamp(lambda: waits.append(1), lambda: next(times))

    stamp()
    stamp()

    assert (stamp.at_ns, len(waits)) == (10, 1)


def test_a_missing_library_is_named_with_its_remedy() -> None:
    """doctor can print how to mend it, and version() raises rather than inventing one."""
    check = library_check("nosuch", {"no_such_module": "no-such-distribution"}, "whisper")

    assert (check.status, check.remedy) == ("missing", "pip install 'joulemark[whisper]'")
    with pytest.raises(NoEngine, match="joulemark"):
        library_version("no-such-distribution", "whisper")


def test_asking_an_engine_whether_it_can_run_imports_no_model_library() -> None:
    """check() and version() are asked for every plan: they must not cost torch's seconds."""
    code = (
        "import sys\n"
        "from bench.engines import ctranslate2, echo, ffmpeg, onnxruntime, transformers, whisper\n"
        "for e in (ctranslate2, echo, ffmpeg, onnxruntime, transformers, whisper): e.open_engine().check()\n"
        "for e in (echo, transformers, whisper): e.open_engine().version()\n"
        "heavy = {'torch', 'transformers', 'whisper', 'soundfile', 'numba', 'ctranslate2', 'onnxruntime'}\n"
        "loaded = heavy & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


def test_echo_takes_as_long_as_it_was_told() -> None:
    """Load, first output and end follow from the declared durations to the nanosecond."""
    clock = Clock()
    engine = EchoEngine(clock_ns=clock, sleep=clock.sleep)
    path = "load_s=2,per_request_s=0.5,per_prompt_token_s=0.01,per_output_token_s=0.1"

    with engine.load(loading(MISTRAL, path=path)) as session:
        loaded_at = clock.now_ns
        (outcome,) = session.run([prompt(4, 0, length=10)])

    assert loaded_at == 2_000_000_000
    assert outcome.first_output_ns - outcome.start_ns == 200_000_000  # 10 × 0.01 + 0.1
    assert outcome.end_ns - outcome.start_ns == 1_000_000_000  # 0.1 + 4 × 0.1 + 0.5


def test_echo_fails_and_falls_short_on_demand() -> None:
    """Tests of what comes above can have every failure an engine may show."""
    spec = loading(MISTRAL, path="per_request_s=0,fail_request=p1,short_tokens=2")
    with EchoEngine().load(spec) as session:
        good, failed = session.run([prompt(5, 0), prompt(5, 1)])

    assert (good.error, good.achieved.output_tokens) == (None, 3)
    assert failed.error is not None
    assert failed.achieved == Usage(requests=0)
    with (
        pytest.raises(CannotRun, match="disk full"),
        EchoEngine().load(loading(MISTRAL, path="fail_load=disk full")),
    ):
        pass
    with (
        pytest.raises(UnknownName, match="per_output_token_s"),
        EchoEngine().load(loading(MISTRAL, path="per_output=1")),
    ):
        pass
    with pytest.raises(BadInput, match="number"), EchoEngine().load(loading(MISTRAL, path="load_s=soon")):
        pass


def test_without_ffmpeg_the_remedy_is_said(tmp_path) -> None:
    """The video cell is skipped with its reason, never with a figure."""
    engine = FfmpegEngine(search_path=str(tmp_path))

    check = engine.check()

    assert (check.status, check.remedy) == ("missing", "apt-get install ffmpeg")
    with pytest.raises(NoEngine, match="apt-get install ffmpeg"), engine.load(loading(MISTRAL)):
        pass


def test_a_video_that_is_none_is_refused_when_staged(tmp_path) -> None:
    """A broken file ends before any window opens."""
    from tiny_models import tiny

    if FfmpegEngine().check().status == "missing":
        pytest.skip("ffmpeg is absent")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    model = tiny("ffmpeg", "video", {"sampling_rate_hz": 16_000, "channels": 1})

    with FfmpegEngine().load(loading(model, precision="none")) as session:
        for request in (Request(id="a", video=broken), Request(id="b", video=tmp_path / "none.mp4"), prompt(1, 0)):
            with pytest.raises(BadInput):
                session.stage([request])


@pytest.mark.models
def test_a_clip_is_read_as_it_is_and_resampled_where_it_must_be(tmp_path) -> None:
    """16 kHz samples come unchanged; another rate goes through ffmpeg and keeps its duration."""
    pytest.importorskip("soundfile")
    plain = read_clip(clip(tmp_path / "a.wav", 1.5))

    assert (plain.shape, plain.dtype, plain.flags.c_contiguous) == ((24_000,), "float32", True)
    if FfmpegEngine().check().status != "missing":
        assert abs(len(read_clip(clip(tmp_path / "b.wav", 1.5, rate_hz=8_000))) - 24_000) <= 16
