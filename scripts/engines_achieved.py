"""Requested against achieved work of every engine, and whether a fit's rows hold what was achieved.

In process with models of a few hundred thousand seeded parameters (tests/engines/tiny_models.py) and the intent
model; behind servers with the simulated server, whose log is the truth, and the intent API.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from engines_design import Design, designs
from perf_goals import Goal, Section
from sim.served import simulated_server
from tiny_models import MISTRAL, NLLB, WHISPER, clip, loading, prompt, speech, tiny, translation

from bench.errors import JoulemarkError
from bench.files.models import read_model, served_model
from bench.files.registry import engine_names, load_engine
from bench.nouns import Cell, Endpoint, LoadSpec, Outcome, Request, Usage

COUNTS, BATCH = (1, 7, 33), 3  # of tokens asked; alone, and so many at once
SENTENCES = ("un train pour Lyon demain", "book a hotel in York", "où manger une pizza près d'ici ?")
# tokens come fast; where nobody forbids it, a reply ends by itself after about twelve of them
SERVER = (
    "--decode-step-s",
    "0.004",
    "--prefill-token-s",
    "0.00001",
    "--reply-tokens",
    "12",
    "--reply-spread",
    "0.5",
)
_LAMA_ROWS = {"hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 2, "head_dim": 64}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Requests for an engine, in batches."""

    engine: str
    model: str
    load: LoadSpec
    batches: tuple[tuple[Request, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of them; `why` they could not be run."""

    engine: str
    model: str
    outcomes: tuple[Outcome, ...] = ()
    why: str | None = None
    skipped: bool = False
    truth: tuple[tuple[int, int], ...] | None = None  # a server's log: prompt and output tokens of each request

    @property
    def differing(self) -> int:
        """Requests that were answered with other work than was asked."""
        return sum(o.error is None and o.achieved != o.requested for o in self.outcomes)

    @property
    def told_right(self) -> bool:
        """Whether nothing failed, and a server's counts are those of its log."""
        mine = sorted((o.achieved.prompt_tokens or 0, o.achieved.output_tokens or 0) for o in self.outcomes)
        return (
            bool(self.outcomes)
            and all(o.error is None for o in self.outcomes)
            and (self.truth is None or mine == sorted(self.truth))
        )


def section() -> Section:
    """Every engine that is registered; one without a job of its own is said."""
    with tempfile.TemporaryDirectory() as name, _cache(Path(name) / "cache"):
        folder = Path(name)
        done = [ran(job) for job in local_jobs(folder)]
        done += served(folder)
        return found(done, designs(folder), engine_names())


@contextmanager
def _cache(folder: Path) -> Iterator[None]:
    """Converted models go into a folder of their own."""
    before = os.environ.get("JOULEMARK_CACHE")
    os.environ["JOULEMARK_CACHE"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("JOULEMARK_CACHE")
        if before is not None:
            os.environ["JOULEMARK_CACHE"] = before


def local_jobs(folder: Path) -> Iterator[Job]:
    """Tiny models for every engine that runs in process."""
    prompts = _batches(prompt)
    grouped = tiny("mistral", "causal-lm", {**MISTRAL.config, **_LAMA_ROWS}, max_context_tokens=256)
    intent = LoadSpec(model=read_model("intent-lstm"), precision="fp32", weights="pretrained", device="cpu")
    sound = clip(folder / "5.wav", 5.0)

    def spoken(count: int, index: int) -> Request:
        return speech((sound,), 5.0, 1, count, index)

    yield Job(engine="echo", model="none", load=loading(MISTRAL), batches=prompts)
    yield Job(engine="transformers", model="tiny mistral", load=loading(MISTRAL), batches=prompts)
    yield Job(engine="transformers", model="tiny m2m_100", load=loading(NLLB), batches=_batches(translation))
    if "transformers_static" in engine_names():
        yield Job(engine="transformers_static", model="tiny mistral", load=loading(MISTRAL), batches=prompts)
    yield Job(engine="whisper", model="tiny whisper", load=loading(WHISPER), batches=_batches(spoken))
    yield Job(engine="ctranslate2", model="tiny m2m_100", load=loading(NLLB), batches=_batches(translation))
    yield Job(engine="ctranslate2", model="tiny whisper, int8", load=loading(WHISPER, precision="int8"),
              batches=_batches(spoken))  # fmt: skip
    yield Job(engine="onnxruntime", model="intent-lstm", load=intent, batches=(_sentences(1), _sentences(3)))
    yield Job(engine="onnxruntime", model="tiny mistral", load=loading(MISTRAL), batches=prompts)
    yield Job(
        engine="llama_cpp", model="tiny mistral, q8_0", load=loading(grouped, precision="q8_0"), batches=prompts
    )
    if video := _video(folder):
        model = tiny("ffmpeg", "video", {"sampling_rate_hz": 16_000, "channels": 1})
        asked = Usage(requests=1, video_s=1.0)
        clips = tuple(Request(id=f"v{i}", video=video, asked=asked) for i in range(BATCH))
        yield Job(engine="ffmpeg", model="a second of video", load=loading(model, precision="none"),
                  batches=(clips[:1], clips))  # fmt: skip


def _batches(request: object) -> tuple[tuple[Request, ...], ...]:
    alone = tuple((request(count, i),) for i, count in enumerate(COUNTS))  # type: ignore[operator]
    return (*alone, tuple(request(COUNTS[1], i) for i in range(BATCH)))  # type: ignore[operator]


def _sentences(count: int) -> tuple[Request, ...]:
    return tuple(
        Request(id=f"s{i}", text=text, asked=Usage(requests=1)) for i, text in enumerate(SENTENCES[:count])
    )


def _video(folder: Path) -> Path | None:
    """A second of test pattern; None without ffmpeg."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return None
    path = folder / "one.mp4"
    source = ["-f", "lavfi", "-i", "testsrc=d=1:s=64x64:r=5", "-f", "lavfi", "-i", "sine=d=1"]
    subprocess.run([ffmpeg, "-v", "error", *source, "-shortest", str(path)], check=True)
    return path


def ran(job: Job) -> Done:
    """The job's outcomes, or why there are none."""
    engine = load_engine(job.engine)
    if (check := engine.check()).status == "missing":
        return Done(engine=job.engine, model=job.model, why=f"skipped: {check.reason}", skipped=True)
    try:
        with engine.load(job.load) as session:
            outcomes = [o for batch in job.batches for o in session.run(session.stage(batch))]
    except JoulemarkError as error:
        return Done(engine=job.engine, model=job.model, why=str(error))
    return Done(engine=job.engine, model=job.model, outcomes=tuple(outcomes))


def served(folder: Path) -> list[Done]:
    """The engines that ask servers: of the simulated one every token is known."""
    done = []
    for engine in ("openai_http", "ollama"):
        place = folder / engine
        place.mkdir()
        with simulated_server(place, *SERVER) as server:
            cell = Cell(engine=engine, model="simulated-model", precision="served", workload="w")
            load = _serving(cell, "causal-lm", server.url, {})
            asked = [Usage(requests=1, prompt_tokens=64, output_tokens=count) for count in (*COUNTS, 16, 16, 16)]
            requests = tuple(Request(id=f"r{i}", asked=one) for i, one in enumerate(asked))
            one = ran(Job(engine=engine, model="simulated server", load=load, batches=(requests,)))
            log = server.truth().requests[-len(requests) :]
        truth = tuple((r["prompt_tokens"], r["output_tokens"]) for r in log)
        done.append(Done(engine=engine, model=one.model, outcomes=one.outcomes, why=one.why, truth=truth))
    return [*done, *_over_http(folder)]


def _over_http(folder: Path) -> Iterator[Done]:
    """Requests without tokens: of the simulated server, and of the intent API, as a user deploys it."""
    place = folder / "http"
    place.mkdir()
    body = '{"model": "simulated-model", "prompt": "{text}", "max_tokens": 16}'
    with simulated_server(place, *SERVER) as server:
        yield _asked(server.url, "simulated server", {"path": "/v1/completions", "body": body})
    model = "intent API, fp32"
    try:
        from workloads.intent.serving import Variant, serving
    except (ImportError, SystemExit) as error:
        yield Done(engine="http", model=model, why=f"skipped: {error}", skipped=True)
        return
    with serving(Variant(model="fp32"), cache=folder / "intent") as url:
        yield _asked(url, model, {"path": "/api/intent?sentence={text}"})


def _asked(url: str, model: str, options: Mapping[str, str]) -> Done:
    """One sentence, and three at once."""
    cell = Cell(engine="http", model="api", precision="served", workload="w")
    load = _serving(cell, "api", url, options)
    return ran(Job(engine="http", model=model, load=load, batches=(_sentences(1), _sentences(3))))


def _serving(cell: Cell, family: str, url: str, options: Mapping[str, str]) -> LoadSpec:
    endpoint = Endpoint(url=url, options=options)
    model = served_model(cell, family)  # type: ignore[arg-type]
    return LoadSpec(model=model, precision="served", weights="served", endpoint=endpoint)


def found(done: Sequence[Done], fits: Sequence[Design], engines: Iterable[str]) -> Section:
    """What was asked and done, engine by engine."""
    uncovered = sorted(set(engines) - {one.engine for one in done})
    return Section(
        title="Requested against achieved work, every engine",
        head=("engine", "model", "requests", "differ", "asked and achieved"),
        rows=tuple(_row(one) for one in done),
        goals=tuple(_goals(done, fits, uncovered)),
    )


def _row(one: Done) -> tuple[str, ...]:
    said = one.why or next((o.error for o in one.outcomes if o.error), None) or _work(one)
    return one.engine, one.model, str(len(one.outcomes)), str(one.differing), said


def _work(one: Done) -> str:
    """The sums of what was asked and achieved, by unit; and what a server's own log says of them."""
    asked = sum((o.requested for o in one.outcomes), Usage())
    done = sum((o.achieved for o in one.outcomes), Usage())
    parts = []
    for field in fields(Usage):
        a, b = getattr(asked, field.name), getattr(done, field.name)
        if a is not None or b is not None:
            parts.append(f"{field.name} {_figure(a)}" + ("" if a == b else f" → {_figure(b)}"))
    if one.truth is not None:
        parts.append("its log counts the same" if one.told_right else "its log counts OTHERWISE")
    return ", ".join(parts)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _goals(done: Sequence[Done], fits: Sequence[Design], uncovered: Sequence[str]) -> Iterator[Goal]:
    run = [one for one in done if not one.skipped]
    wrong = [f"{one.engine} ({one.model}): {one.why or 'see its row'}" for one in run if not one.told_right]
    wrong += [f"{one.engine} ({one.model}): {one.differing} differ" for one in run if one.truth is None
              and one.differing and one.told_right]  # fmt: skip
    wrong += [f"{name} has no case here" for name in uncovered]
    skipped = sorted({f"{one.engine} ({one.model})" for one in done if one.skipped})
    engines = sorted({one.engine for one in run})
    requests = sum(len(one.outcomes) for one in run)
    said = f"{requests} requests of {len(engines)} engines"
    said += f"; skipped: {', '.join(skipped)}" if skipped else ""
    yield Goal(
        name="requested against achieved work: in process equal; a server's as its own log has it",
        asked="equal, or the difference is in the record",
        found="; ".join([said, *wrong]),
        met=not wrong,
    )
    for one in fits:
        yield one.goal()
