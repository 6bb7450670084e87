"""One contract for every engine: exactly the asked work, counted, stamped in order; tiny models."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tiny_models import (
    GPT_OSS,
    MISTRAL,
    NLLB,
    PHI,
    WHISPER,
    Case,
    clip,
    loading,
    prompt,
    speech,
    tiny,
    translation,
)

from bench.engines import echo, ffmpeg, transformers, transformers_static, whisper
from bench.nouns import Outcome, Request, Session, Usage

LANGUAGE_MODELS = {"mistral": MISTRAL, "phi3": PHI, "gpt_oss": GPT_OSS}
STATIC = ("mistral-static", "m2m_100-static")
REAL = pytest.mark.models
NAMES = [
    "echo",
    pytest.param("ffmpeg", marks=pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is absent")),
    *(pytest.param(name, marks=REAL) for name in (*LANGUAGE_MODELS, "m2m_100", "whisper", "whisper-60s", *STATIC)),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module", params=NAMES)
def case(request: pytest.FixtureRequest, folder: Path) -> Case:
    name = request.param
    if name == "echo":
        return Case(name=name, open_engine=echo.open_engine, load=loading(MISTRAL), request=prompt)
    if name == "ffmpeg":
        return _video_case(folder)
    opener = transformers_static.open_engine if name in STATIC else transformers.open_engine
    if name.startswith("m2m_100"):
        return Case(name=name, open_engine=opener, load=loading(NLLB), request=translation)
    if name.startswith("whisper"):
        return _speech_case(name, folder)
    load = loading(LANGUAGE_MODELS[name.removesuffix("-static")])
    return Case(name=name, open_engine=opener, load=load, request=prompt)


def _speech_case(name: str, folder: Path) -> Case:
    if name == "whisper":
        clips, seconds, windows = (clip(folder / "5.wav", 5.0),), 5.0, 1
    else:  # a sequence of clips, a second more than one audio window
        clips = (clip(folder / "20.wav", 20.0), clip(folder / "11.wav", 11.0))
        seconds, windows = 31.0, 2

    def request(count: int, index: int) -> Request:
        return speech(clips, seconds, windows, count, index)

    return Case(name=name, open_engine=whisper.open_engine, load=loading(WHISPER), request=request)


def _video_case(folder: Path) -> Case:
    video = folder / "one.mp4"
    source = ["-f", "lavfi", "-i", "testsrc=d=1:s=64x64:r=5", "-f", "lavfi", "-i", "sine=d=1"]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-shortest", str(video)], check=True)
    model = tiny("ffmpeg", "video", {"sampling_rate_hz": 16_000, "channels": 1})

    def request(count: int, index: int) -> Request:
        return Request(id=f"v{index}", video=video, asked=Usage(requests=1, video_s=1.0))

    return Case(
        name="ffmpeg",
        open_engine=ffmpeg.open_engine,
        load=loading(model, precision="none"),
        request=request,
        counts_tokens=False,
        sees_first_output=False,
    )


@pytest.fixture(scope="module")
def session(case: Case) -> Session:
    with case.open_engine().load(case.load) as session:
        yield session


def _ran(session: Session, requests: list[Request]) -> list[Outcome]:
    return list(session.run(session.stage(requests)))


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("count", [1, 7, 33])
def test_every_request_gets_exactly_the_work_it_asks_for(
    case: Case, session: Session, count: int, batch: int
) -> None:
    """No token fewer, none more, whatever the batch; a count that is not asked for is still reported."""
    requests = [case.request(count, index) for index in range(batch)]

    outcomes = _ran(session, requests)

    assert [o.request_id for o in outcomes] == [r.id for r in requests]
    assert [o.requested for o in outcomes] == [r.asked for r in requests]
    assert [o.achieved for o in outcomes] == [r.asked for r in requests]
    assert [o.error for o in outcomes] == [None] * batch


def test_times_are_in_order_and_a_batch_shares_them(case: Case, session: Session) -> None:
    """start ≤ first output ≤ end, the next batch starts after the last one's end, and ids differ."""
    first = _ran(session, [case.request(7, 0), case.request(7, 1)])
    second = _ran(session, [case.request(7, 2)])

    assert len({(o.batch_id, o.start_ns, o.first_output_ns, o.end_ns) for o in first}) == 1
    assert first[0].batch_id != second[0].batch_id
    assert first[0].start_ns < first[0].end_ns <= second[0].start_ns < second[0].end_ns
    if case.sees_first_output:
        assert first[0].start_ns <= first[0].first_output_ns <= first[0].end_ns
    else:
        assert first[0].first_output_ns is None


def test_the_first_output_is_seen_long_before_the_last(case: Case, session: Session) -> None:
    """first_output_ns is the first token's time, not the batch's end under another name."""
    if not (case.sees_first_output and case.counts_tokens) or case.name == "echo":
        pytest.skip("no first token to be seen here")
    session.run(session.stage([case.request(33, 0)]))  # the libraries' first call is slow

    (outcome,) = _ran(session, [case.request(33, 1)])

    assert outcome.end_ns - outcome.first_output_ns > 0.2 * (outcome.end_ns - outcome.start_ns)


def test_the_record_says_what_was_loaded(case: Case, session: Session) -> None:
    """Engine, version, device and precision are there, and weights that are not real are called synthetic."""
    loaded = session.loaded

    assert loaded.engine_version == case.open_engine().version() != ""
    assert (loaded.device, loaded.precision) == ("cpu", case.load.precision)
    if loaded.parameters and case.name != "echo":
        assert any(note.startswith("synthetic weights") for note in loaded.notes)
        assert loaded.facts["weights_seed"] == 0
        assert {"torch_version", "dtype", "attention", "kv_cache", "threads"} <= set(loaded.facts)


def test_the_engine_says_that_it_can_run(case: Case) -> None:
    """check() never raises, and here, where the library is installed, finds nothing missing."""
    check = case.open_engine().check()

    assert check.status == "ok"
    assert check.name == case.open_engine.__module__.rpartition(".")[2]
