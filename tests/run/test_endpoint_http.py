"""`joulemark run endpoint --engine http` on a small server: the user's own texts, and what is refused."""

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.errors import BadInput
from bench.files.cells import parse_cell
from bench.files.manifest import read_manifest
from bench.files.models import served_model
from bench.nouns import Cell, Timing
from bench.run.arrange import asked_timing

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")

BOARD = "GPU-00000000-0000-0000-0000-00000000000a"
SHORT = ("--window-s", "1", "--windows", "2", "--idle-s", "0.6", "--warmup-s", "0.1")
PROMPTS = '[[prompts]]\ntext = "Summarise «this»"\noutput_tokens = 5\n\n[[prompts]]\ntext = "And that & more"\n'
TEXTS = '[[texts]]\ntext = "Das Haus"\nsource_language = "de"\ntarget_language = "en"\n\n[[texts]]\ntext = "x"\n'


@contextmanager
def serving():
    """A server that answers whatever is posted, and all the bodies and paths that came."""
    came = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            came.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self._answer()

        def do_GET(self):
            came.append((self.path, ""))
            self._answer()

        def _answer(self):
            body = b'{"ok": true}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", came
    finally:
        server.shutdown()
        server.server_close()


def joulemark(environment, *arguments):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bench", *arguments],
        capture_output=True, text=True, env={**environment, "JOULEMARK_METERS": "nvml"}, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def asked(environment, url, out, *arguments):
    return joulemark(
        environment, "run", "endpoint", "--engine", "http", "--endpoint", url, "--model", "mine",
        "--device", BOARD, "--out", str(out), "--json", *SHORT, *arguments,
    )  # fmt: skip


@pytest.fixture
def environment(nvml_sim):
    return nvml_sim.environment([f"uuid {BOARD}", "point 0 90"])


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(PROMPTS)
    return path


@pytest.mark.slow
def test_any_endpoint_is_asked_the_users_own_texts(environment, tmp_path, manifest):
    """A request each, its text where the template says; no tokens are counted; the line is fitted and proved.

    The same template at another path is another key, and a level that was named twice is measured once.
    """
    out = tmp_path / "out"
    body = ("--set", 'body={"q": "{text}"}')
    with serving() as (url, came):
        for path in ("/fast", "/slow"):
            done = asked(environment, url, out, "--workload", str(manifest), "--set", f"path={path}", *body,
                         "--concurrency", "1", "--concurrency", "1")  # fmt: skip
            assert done.returncode == 0, done.stderr
            assert len(json.loads(done.stdout)["cells"]) == 1

    texts = {json.loads(text)["q"] for _, text in came}
    assert texts >= {"Summarise «this»", "And that & more"}
    seals = [json.loads(p.read_text()) for p in out.glob("runs/*/run.json")]
    assert {seal["spec"]["family"] for seal in seals} == {"api"}
    lines = [one for p in out.glob("runs/*/outcomes.jsonl") for one in p.read_text().splitlines()]
    assert all(json.loads(line)["achieved"] == {"requests": 1} for line in lines)
    for step in ("fit", "report", "verify"):
        assert joulemark(environment, step, str(out)).returncode == 0
    [fitted] = (p for p in out.glob("coefficients/*.json") if "schema" not in p.name)
    entries = json.loads(fitted.read_text())["coefficients"]
    versions = {e["key"]["engine_version"].partition(", ")[2] for e in entries}
    assert versions == {f'body={{"q": "{{text}}"}}, path={path}' for path in ("/fast", "/slow")}


@pytest.mark.slow
def test_the_family_is_that_of_the_work(environment, tmp_path):
    """The how-to's own line: sentences to be classified, and no family named."""
    with serving() as (url, came):
        done = asked(environment, url, tmp_path / "out", "--workloads", "intent-fr", "--workloads", "intent-fr",
                     "--set", "path=/api/intent?sentence={text}", "--set", "setup=max-batch-8")  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["cells"]) == 1
    [seal] = [json.loads(p.read_text()) for p in (tmp_path / "out").glob("runs/*/run.json")]
    assert (seal["spec"]["family"], seal["spec"]["endpoint"]["options"]["family"]) == ("classifier", "classifier")
    assert {path.partition("=")[0] for path, _ in came} == {"/api/intent?sentence"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--windows", "3", "--most-windows", "2"), "--most-windows 2: fewer than the 3"),
        (("--window-s", "inf"), "--window-s: expected a finite number"),
        (("--idle-s", "inf"), "--idle-s: expected a finite number"),
        (("--warmup-s", "nan"), "--warmup-s"),
        (("--workloads", "prompt-32-16"), "'prompt-32-16' is causal-lm, http of 'mine' does api"),
        (("--set", "family=classifier"), "does classifier"),
        (("--set", "body={output_tokens}"), "{output_tokens}"),
        (("--set", "path=/api/summary"), "--set path=/api/summary: the work's texts are sent nowhere; put {text}"),
        (("--set", "path=/api?q={Text}"), "{Text} stands for nothing; known are {text}"),
    ],
)
def test_what_cannot_be_kept_is_refused_before_anything_is_measured(
    environment, tmp_path, manifest, arguments, said
):
    with serving() as (url, _):
        done = asked(environment, url, tmp_path / "out", "--workload", str(manifest), *arguments)

    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("content", "kind"), [(PROMPTS, "prompts"), (TEXTS, "texts")])
def test_of_an_endpoint_every_text_is_one_request(tmp_path, content, kind):
    path = tmp_path / "own.toml"
    path.write_text(content)
    cell = Cell(engine="http", model="mine", precision="served", workload="own")
    [workload] = read_manifest(path, served_model(cell, "api"), 0)

    assert workload.family == "api"
    assert len(workload.requests) == 2
    assert all(r.text and not r.token_ids and r.asked.output_tokens is None for r in workload.requests)
    with pytest.raises(BadInput):
        read_manifest(path, served_model(cell, "classifier"), 0)


def test_a_timing_is_checked_by_one_rule():
    assert asked_timing(Timing(), {"windows": 2, "most_windows": 2}) == replace(
        Timing(), windows=2, most_windows=2
    )
    with pytest.raises(BadInput, match="fewer than the 3"):
        asked_timing(Timing(), {"windows": 3, "most_windows": 2})


@pytest.mark.parametrize("level", ["batch", "concurrency"])
def test_a_level_of_thousands_of_digits_is_no_traceback(level):
    """Python reads no number of more than 4300 digits."""
    with pytest.raises(BadInput, match="5000 digits"):
        parse_cell(f"http/mine:served/own@{level}={'9' * 5000}")
    assert parse_cell("http/mine:served/own@concurrency=256").concurrency == 256
