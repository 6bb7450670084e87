"""Messages are the same however their bytes were cut, and each has the moment at which it was whole."""

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.wire.framing import json_lines, server_sent_events

EVENTS = b'data: {"a": 1}\n\ndata: {"b": "\xc3\xa9"}\r\n\r\n: a comment\n\ndata: [DONE]\n\n'
LINES = b'{"a": 1}\n{"b": "\xc3\xa9"}\n'


def cut(data, at):
    """The bytes in pieces that end at these places, a nanosecond apart."""
    edges = [0, *sorted(at), len(data)]
    return [(n, data[a:b]) for n, (a, b) in enumerate(pairwise(edges))]


@given(st.lists(st.integers(0, len(EVENTS)), max_size=12))
def test_events_do_not_depend_on_how_their_bytes_were_cut(at):
    found = list(server_sent_events(cut(EVENTS, at)))

    assert [m.data for m in found] == [{"a": 1}, {"b": "é"}, None]
    assert [m.done for m in found] == [False, False, True]
    assert not any(m.wrong for m in found)


@given(st.lists(st.integers(0, len(LINES)), max_size=8))
def test_lines_do_not_depend_on_how_their_bytes_were_cut(at):
    assert [m.data for m in json_lines(cut(LINES, at))] == [{"a": 1}, {"b": "é"}]


def test_a_message_is_there_when_its_last_byte_is():
    """The event that is finished by the third piece has the third piece's moment."""
    pieces = [(10, b'data: {"a"'), (20, b": 1}\n"), (30, b"\ndata: [DO"), (40, b"NE]\n\n")]

    assert [m.at_ns for m in server_sent_events(pieces)] == [30, 40]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'data: {"a": 1\n\n', "no JSON"),
        (b'data: {"a": 1', "cut inside an event"),
        (b'{"error": "boom"}\n', "no event"),
    ],
)
def test_what_is_no_message_is_named(data, said):
    (found,) = server_sent_events([(1, data)])

    assert said in found.wrong


def test_a_last_event_without_its_blank_line_counts():
    """Some servers close the connection instead."""
    (found,) = server_sent_events([(1, b"data: " + json.dumps({"a": 1}).encode())])

    assert found.data == {"a": 1}


RETURNS = b'\xef\xbb\xbfdata: {"a": 1}\r\rdata: {"b": "\xe2\x80\xa8"}\r\n\r\ndata: [DONE]\n\n'


@given(st.lists(st.integers(0, len(RETURNS)), max_size=12))
def test_every_end_of_a_line_that_the_standard_knows_ends_one(at):
    """CR, LF and both, a byte order mark before them; a separator inside JSON is no end."""
    found = list(server_sent_events(cut(RETURNS, at)))

    assert [(m.data, m.done, m.wrong) for m in found] == [
        ({"a": 1}, False, None),
        ({"b": "\u2028"}, False, None),
        (None, True, None),
    ]


def test_a_separator_inside_json_does_not_end_a_line():
    lines = '\ufeff{"a": "\u2028\u0085"}\r\n{"b": 1}'.encode()

    assert [m.data for m in json_lines([(1, lines)])] == [{"a": "\u2028\u0085"}, {"b": 1}]


@pytest.mark.parametrize(("read", "start"), [(server_sent_events, b"data: "), (json_lines, b"")])
def test_a_long_line_in_many_pieces_is_read_once(read, start):
    """Two million bytes in 20 000 pieces: gathered anew for each they would be 20 GB, copied."""
    pieces = [(0, start + b'"'), *((n, b"x" * 100) for n in range(20_000)), (20_000, b'"\n\n')]
    began_s = time.process_time()

    assert [len(m.data) for m in read(pieces)] == [2_000_000]
    assert time.process_time() - began_s < 1.0
