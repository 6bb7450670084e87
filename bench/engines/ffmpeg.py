"""Extraction of a video's sound track by ffmpeg, a child process per request: what is done before any model."""

import itertools
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BadInput, CannotRun, NoEngine
from bench.loading.child import signals_held
from bench.nouns import Check, Loaded, LoadSpec, Outcome, Request, Session, Usage

_REMEDY = "apt-get install ffmpeg"
_DEADLINE_S = 30.0  # for a look at a header; an extraction may take as long as it needs


def open_engine() -> "FfmpegEngine":
    """The engine; nothing is started before `load`."""
    return FfmpegEngine()


@dataclass(frozen=True, slots=True, kw_only=True)
class FfmpegEngine:
    """The ffmpeg command; `search_path` replaces PATH."""

    search_path: str | None = None

    def check(self) -> Check:
        """Whether ffmpeg and ffprobe are there."""
        absent = [name for name in ("ffmpeg", "ffprobe") if not shutil.which(name, path=self.search_path)]
        if absent:
            reason = f"no {' and no '.join(absent)} on the path"
            return Check(name="ffmpeg", status="missing", reason=reason, remedy=_REMEDY)
        return Check(name="ffmpeg", status="ok", reason=f"ffmpeg {self.version()}")

    def version(self) -> str:
        """The version that ffmpeg's first line of output names."""
        said = _said([self._command("ffmpeg"), "-version"]).stdout.split()
        return said[2] if said[:2] == ["ffmpeg", "version"] else "unknown"

    @contextmanager
    def load(self, spec: LoadSpec) -> Iterator[Session]:
        """A session that starts one ffmpeg per request. Raises NoEngine where it is absent, CannotRun for CUDA."""
        if spec.device == "cuda":
            raise CannotRun(
                "device 'cuda' was asked for, ffmpeg is used on the CPU alone here: ask for device=cpu"
            )
        ffmpeg, ffprobe = self._command("ffmpeg"), self._command("ffprobe")
        loaded = Loaded(
            engine="ffmpeg",
            engine_version=self.version(),
            precision="none",
            weights=spec.weights,
            device="cpu",
            device_name="CPU",
            parameters=0,
            notes=("no weights: a demultiplexer, a decoder and a resampler",),
            facts={key: str(value) for key, value in spec.model.config.items()} | {"threads": spec.threads},
        )
        yield _Session(ffmpeg, ffprobe, spec, loaded)

    def _command(self, name: str) -> str:
        found = shutil.which(name, path=self.search_path)
        if found is None:
            raise NoEngine(f"{name} is not on the path: {_REMEDY}")
        return found


class _Session:
    """The commands, and how long each staged video lasts."""

    def __init__(self, ffmpeg: str, ffprobe: str, spec: LoadSpec, loaded: Loaded) -> None:
        self._ffmpeg = ffmpeg
        self._ffprobe = ffprobe
        self._options = _output_options(spec.model.config, spec.threads)
        self._loaded = loaded
        self._batches = itertools.count()
        self._durations_s: dict[Path, float] = {}

    @property
    def loaded(self) -> Loaded:
        """What was really loaded."""
        return self._loaded

    def stage(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        """The same requests, once their videos' durations are known. Raises BadInput."""
        for request in requests:
            if request.video is None:
                raise BadInput(f"request {request.id!r} carries no video")
            if request.video not in self._durations_s:
                self._durations_s[request.video] = self._duration_s(request.video)
        return tuple(requests)

    def run(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        """Extracts the sound tracks, all of the batch at once, into nothing."""
        start_ns = time.monotonic_ns()
        children: list[subprocess.Popen[str]] = []
        with ExitStack() as ending:
            ending.callback(_end, children)
            with signals_held():  # not one of them is started and unknown
                for request in batch:
                    children.append(self._start(request))
            errors = [child.communicate()[1] for child in children]
            end_ns = time.monotonic_ns()
        batch_id = next(self._batches)
        return [
            Outcome(
                request_id=request.id,
                batch_id=batch_id,
                start_ns=start_ns,
                first_output_ns=None,
                end_ns=end_ns,
                requested=request.asked,
                achieved=self._achieved(request, child.returncode),
                error=f"ffmpeg exit {child.returncode}: {said.strip()[-200:]}" if child.returncode else None,
            )
            for request, child, said in zip(batch, children, errors, strict=True)
        ]

    def _start(self, request: Request) -> "subprocess.Popen[str]":
        source = [self._ffmpeg, "-nostdin", "-v", "error", "-i", f"file:{request.video}"]
        return subprocess.Popen(
            [*source, *self._options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )

    def _achieved(self, request: Request, exit_code: int) -> Usage:
        if exit_code or request.video is None:
            return Usage(requests=0)
        return Usage(requests=1, video_s=self._durations_s[request.video])

    def _duration_s(self, video: Path) -> float:
        if not video.is_file():
            raise BadInput(f"{video}: no such video; check the path in the declaration")
        question = ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", f"file:{video}"]
        done = _said([self._ffprobe, *question])
        try:
            return float(done.stdout)
        except ValueError as error:
            raise BadInput(f"{video}: ffprobe finds no duration ({done.stderr.strip()[-200:]})") from error


def _output_options(config: Mapping[str, object], threads: int | None) -> list[str]:
    rate, channels = str(config["sampling_rate_hz"]), str(config["channels"])
    limit = [] if threads is None else ["-threads", str(threads)]
    return ["-vn", "-ar", rate, "-ac", channels, *limit, "-f", "wav", "-"]


def _end(children: "Sequence[subprocess.Popen[str]]") -> None:
    """Ends those that still run: the batch was interrupted."""
    for child in children:
        if child.poll() is None:
            child.kill()
            child.communicate()


def _said(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE_S, check=False)
