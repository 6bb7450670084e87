"""Any HTTP endpoint: the template is filled and quoted, and only the right status is an answer."""

import json
import shutil
import ssl
import subprocess
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from fakes import spec
from http_sessions import answering, send, session, silent

from bench.errors import BadInput, CannotRun, UnknownName
from bench.files.known import spec_sha256
from bench.nouns import Endpoint, Request, Usage
from bench.wire.about import is_lasting

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")


class Answering(BaseHTTPRequestHandler):
    """Answers {"said": …} to GET and POST; 500 where the sentence asks for it."""

    protocol_version, log_message = "HTTP/1.1", silent
    heard: ClassVar[list] = []

    def do_GET(self):
        if self.path == "/health":
            page = {"model": "int8", "max_batch": 8, "warm": True, "of": None, "pid": 4711, "nested": {"a": 1}}
            send(self, json.dumps(page).encode())
        elif self.path == "/list":
            send(self, b"[1, 2]")
        else:
            self._answer(parse_qs(urlsplit(self.path).query).get("sentence", [""])[0])

    def do_POST(self):
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["sentence"])

    def _answer(self, sentence):
        self.heard.append(sentence)
        send(self, json.dumps({"said": sentence}).encode(), 500 if sentence == "boom" else 200)


@pytest.fixture
def address():
    Answering.heard = []
    with answering(Answering) as url:
        yield url


def asking(*sentences):
    return [Request(id=s, text=s, asked=Usage(requests=1)) for s in sentences]


HARD = 'où "est" l’hôtel & combien ? 50 % \\ {x}'


@pytest.mark.parametrize(
    "options",
    [{"path": "/api/intent?sentence={text}"}, {"path": "/api/intent", "body": '{"sentence": "{text}"}'}],
)
def test_a_sentence_arrives_as_it_is(address, options):
    """Quotes, percent signs and accents, in a query as in JSON."""
    with session(address, **options) as opened:
        found = opened.run(asking(HARD, "un train"))

    assert [o.error for o in found] == [None, None]
    assert {HARD, "un train"} <= set(Answering.heard)
    assert {o.achieved for o in found} == {Usage(requests=1)}


def test_another_status_is_no_answer(address):
    with session(address, path="/?sentence={text}") as opened:
        good, bad = opened.run(asking("fine"))[0], opened.run(asking("boom"))[0]

    assert good.error is None
    assert bad.cause == "status"
    assert "HTTP 500" in bad.error
    assert bad.achieved == Usage(requests=0)


def test_an_expected_status_that_does_not_come_is_said_before_any_window(address):
    with pytest.raises(CannotRun, match="expected 204"), session(address, path="/", status="204"):
        pass


def test_a_misspelt_option_is_named(address):
    with pytest.raises(UnknownName, match="path"), session(address, pth="/"):
        pass


def test_what_a_server_says_of_itself_is_kept(address):
    """Scalars of its page; what is nested is not."""
    with session(address, path="/?sentence={text}", about="/health") as opened:
        facts = {n: v for n, v in opened.loaded.facts.items() if n.startswith("about.")}

    told = {"model": "int8", "max_batch": 8, "warm": True, "of": None, "pid": 4711}
    assert facts == {f"about.{name}": value for name, value in told.items()}
    assert not is_lasting("about.pid")
    assert is_lasting("about.max_batch")
    assert is_lasting("pid")


@pytest.mark.parametrize(("page", "said"), [("/list", "one JSON object"), ("health", "begins with /")])
def test_a_page_that_says_nothing_is_refused(address, page, said):
    with (
        pytest.raises((BadInput, CannotRun), match=said),
        session(address, path="/?sentence={text}", about=page),
    ):
        pass


def test_a_setup_keeps_figures_apart(address):
    """In the version, and so in the key; a fact of its own beside it. Without one, nothing changes."""
    with (
        session(address, path="/?sentence={text}") as plain,
        session(address, "max-batch-8", path="/?sentence={text}") as labelled,
    ):
        said, told = plain.loaded, labelled.loaded

    assert told.engine_version == f"{said.engine_version}, setup max-batch-8"
    assert (told.facts["setup"], "setup" in said.facts) == ("max-batch-8", False)


def test_another_setup_is_another_cell():
    asked = spec()
    cells = [replace(asked, endpoint=Endpoint(url="http://h", setup=one)) for one in ("", "a", "b")]

    assert len({spec_sha256(one) for one in cells}) == 3


@pytest.fixture
def inside_tls(tmp_path, address):
    """A server that speaks TLS alone."""
    openssl = shutil.which("openssl") or pytest.skip("openssl makes the certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "1", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_other_scheme_is_named(address, inside_tls):
    """https of a plain server, http of one inside TLS; an untrusted certificate is another matter."""
    for right, wrong in ((address, "https" + address[4:]), (inside_tls, "http" + inside_tls[5:])):
        with pytest.raises(CannotRun, match=f"--endpoint {right}"), session(wrong, path="/"):
            pass
    with pytest.raises(CannotRun, match="certificate") as found, session(inside_tls, path="/"):
        pass
    assert "--endpoint" not in str(found.value)
