"""Whatever a text is made of, a server that decodes what it was sent finds the same text; or it is refused."""

import json
import xml.etree.ElementTree as ElementTree
from http.server import BaseHTTPRequestHandler
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from http_sessions import answering, send, session, silent

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")
from bench.errors import BadInput
from bench.nouns import Request, Usage

HARD = (
    "Tom & Jerry + 50% off; x=y", "été œuvre 日本語 😀", 'quote " back\\slash', "line\nbreak\ttab\r\nend",
    "{serial} {text} {output_tokens}", "%41%2B%20", "#hash ?q", "<b a='1'>bold</b>", "  inner   spaces", "...",
    "a/b/../c",
)  # fmt: skip
FORM = "application/x-www-form-urlencoded"
WAYS = {
    "path": {"path": "/p/{text}"},
    "query": {"path": "/q?t={text}"},
    "json": {"body": '{"t": "{text}"}'},
    "problem+json": {"body": '{"t": "{text}"}', "content_type": "application/vnd.own+json; charset=UTF-8"},
    "form": {"body": "a=1&t={text}", "content_type": FORM},
    "xml": {"body": "<t>{text}</t>", "content_type": "text/xml"},
    "attribute": {"body": '<t text="{text}"/>', "content_type": "application/soap+xml"},
    "plain": {"body": "{text}", "content_type": "text/plain; charset=utf-8"},
}


class Decoding(BaseHTTPRequestHandler):
    """Reads the text as a server of that type would."""

    protocol_version, log_message = "HTTP/1.1", silent
    heard: ClassVar[list] = []

    def do_GET(self):
        parts = urlsplit(self.path)
        self._heard(unquote(parts.path[3:]) if parts.path.startswith("/p/") else parse_qs(parts.query)["t"][0])

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        media = self.headers["Content-Type"].partition(";")[0]
        if media.endswith("json"):
            self._heard(json.loads(body)["t"])
        elif media.endswith("xml"):
            found = ElementTree.fromstring(body)
            self._heard(found.text or found.get("text"))
        else:
            self._heard(parse_qs(body)["t"][0] if media == FORM else body)

    def _heard(self, text):
        self.heard.append(text)
        send(self, b'{"ok": true}')


def asking(*texts):
    return [Request(id=t, text=t, asked=Usage(requests=1)) for t in texts]


@pytest.mark.parametrize("way", WAYS)
def test_the_same_text_arrives(way):
    Decoding.heard = []
    with answering(Decoding) as url, session(url, **WAYS[way], cache="measured") as opened:
        opened.stage(asking(*HARD))
        found = opened.run(asking(*HARD))

    assert [o.error for o in found] == [None] * len(HARD)
    assert set(HARD) <= set(Decoding.heard)


@pytest.mark.parametrize(("way", "text", "said"), [("path", "..", "another path"), ("xml", "nul\x01x", "XML")])
def test_a_text_that_cannot_stand_there_is_refused_before_any_window(way, text, said):
    with answering(Decoding) as url, session(url, **WAYS[way], cache="measured") as opened:
        with pytest.raises(BadInput, match=said):
            opened.stage(asking(text))
        assert opened.stage(asking(f"{text[:3]}.")) if way == "path" else True


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"path": "/q?t={Text}"}, "known are {text}"),
        ({"path": "/q?t={text}&n={number}"}, "{number} stands for nothing"),
        ({"body": '{"t": "{prompt}"}'}, "--set body="),
        ({"body": "a,{text}", "content_type": "text/csv"}, "content_type=text/csv"),
        ({"body": "{text}", "content_type": "multipart/form-data"}, "not known"),
        ({"body": "{text}", "content_type": "text/plain; charset=latin-1"}, "UTF-8"),
    ],
)
def test_a_template_that_would_send_something_else_is_refused(options, said):
    with answering(Decoding) as url, pytest.raises(BadInput, match=said), session(url, **options):
        pass


def test_braces_with_spaces_are_sent_as_they_are():
    Decoding.heard = []
    with answering(Decoding) as url, session(url, body="{ name } {text}", content_type="text/plain") as opened:
        opened.run(asking("x"))

    assert "{ name } x" in Decoding.heard
