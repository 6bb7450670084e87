import os
import socket
import wave
from pathlib import PurePath

import pytest

from bench.errors import BadInput, NoEngine, UnknownName
from bench.files.scan import scan
from bench.files.scan.spoken import language_by_name
from bench.files.scan.texts import read_text
from bench.run import scanning
from bench.run.scanning import counter, distributions, scan_folder, volumes_text


def words(text, language):
    """Tokens of the simplest kind."""
    return float(len(text.split()))


def scanned(folder, **said):
    return scan(folder, tokens=words, tokens_by="words", **said)


def sound(path, seconds):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(int(2 * 8000 * seconds)))


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("notes.fr.txt", "fr"),
        ("en/notes.fr.txt", "fr"),
        ("fr-CA/notes.txt", "fr"),
        ("zh-Hant/a/b/notes.txt", "zh"),
        ("en_GB/de/notes.md", "de"),
        ("talk.pt-br.vtt", "pt"),
        ("how_it_is.txt", "unknown"),
        ("my_docs/notes.txt", "unknown"),
        ("FR/notes.txt", "unknown"),
        ("report.v2.txt", "unknown"),
        ("fr.txt", "unknown"),
        (".fr.txt", "unknown"),
        ("french/notes.txt", "unknown"),
    ],
)
def test_names_and_folders_say_the_language_and_nothing_is_guessed(path, language):
    assert language_by_name(PurePath(path))[0] == language


@pytest.mark.parametrize(
    ("name", "content", "read"),
    [
        ("a.txt", "Bonjour à tous\r\nici", "Bonjour à tous\nici"),
        ("a.md", "# Title\n\n*text*", "# Title\n\n*text*"),
        ("a.html", "<title>x</title><p>One &amp; two<script>if(a<b){}</script><p>three", "One & two three"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,500\n<i>Hi</i>\nyou\n\n2\n0:03,000 --> 0:04,000\n7\n", "Hi you 7"),
        ("a.vtt", "WEBVTT\n\nNOTE no\n\nx\n00:01.000 --> 00:02.000 x:y\n<v Bob>Hello</v> you", "Hello you"),
        ("a.json", '{"key": "one", "list": [1, null, {"k": "two"}]}', "one\ntwo"),
        ("a.jsonl", '{"a": "one"}\n\n["two"]\n', "one\ntwo"),
    ],
)  # fmt: skip
def test_what_people_read_is_what_counts(tmp_path, name, content, read):
    (tmp_path / name).write_text(content, encoding="utf-8", newline="")
    assert read_text(tmp_path / name) == read


def test_utf_16_with_its_mark_is_read(tmp_path):
    (tmp_path / "a.txt").write_bytes("été".encode("utf-16"))
    assert read_text(tmp_path / "a.txt") == "été"
    (tmp_path / "b.txt").write_bytes(b"\xef\xbb\xbfabc")
    assert read_text(tmp_path / "b.txt") == "abc"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("latin.txt", "été".encode("latin-1"), r"is not UTF-8 text \(byte 0\)"),
        ("nul.txt", b"a\0b", "NUL"),
        ("a.srt", b"no timing", "no cue"),
        ("a.json", b"{", "is no JSON"),
        ("deep.json", b"[" * 200_000, "is no JSON"),
        ("a.jsonl", b'{"a": 1}\n{', "line 2 is no JSON"),
    ],
)
def test_what_is_no_text_says_why(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=reason):
        read_text(tmp_path / name)


def test_a_file_too_large_is_not_read(tmp_path):
    with (tmp_path / "a.txt").open("wb") as out:
        out.truncate(65 * 1024 * 1024)
    with pytest.raises(BadInput, match="larger than 64 MiB"):
        read_text(tmp_path / "a.txt")


def test_a_tree_with_all_that_can_be_in_it(tmp_path):
    sound(tmp_path / "fr" / "a.wav", 12.5)
    sound(tmp_path / "fr" / "b.wav", 2.5)
    (tmp_path / "fr" / "loop").symlink_to(tmp_path)
    (tmp_path / "link.txt").symlink_to(tmp_path / "fr" / "a.wav")
    (tmp_path / "one.en.txt").write_text("one two three")
    (tmp_path / "two.txt").write_text("one")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.txt").write_text("secret")
    (tmp_path / "bad.wav").write_bytes(b"RIFF nothing")
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "table.xlsx").write_bytes(b"PK")
    os.mkfifo(tmp_path / "pipe.txt")
    found = scanned(tmp_path)
    assert {(one.kind, one.language, one.length, one.tokens) for one in found.found} == {
        ("audio", "fr", 12.5, None),
        ("audio", "fr", 2.5, None),
        ("text", "en", 13.0, 3.0),
        ("text", "unknown", 3.0, 1.0),
    }
    assert found.left_out == {"hidden": 1, "links, not followed": 2, "neither files nor folders": 1}
    assert found.others == {".xlsx": 1}
    assert [one.path for one in found.unread] == ["bad.wav", "empty.txt"]
    assert "holds no text" in found.unread[1].reason
    assert found.folders == 2
    assert not found.stopped
    assert len(scanned(tmp_path, hidden=True).found) == 5


def test_a_language_of_ones_own_fills_in_where_names_say_none(tmp_path):
    (tmp_path / "one.en.txt").write_text("one")
    (tmp_path / "two.txt").write_text("deux")
    told = {one.language: one.said_by for one in scanned(tmp_path, language="fr").found}
    assert told == {"en": "the file's name", "fr": "--language"}
    with pytest.raises(UnknownName, match="did you mean 'fr'"):
        scanned(tmp_path, language="frr")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_opened_is_named(tmp_path):
    for name in ("shut.txt", "shut.wav"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0)
    (tmp_path / "folder").mkdir(mode=0)
    reasons = {one.path: one.reason for one in scanned(tmp_path).unread}
    assert reasons == dict.fromkeys(("folder", "shut.txt", "shut.wav"), "Permission denied")


def test_a_folder_that_may_not_be_listed_is_named(tmp_path, monkeypatch):
    (tmp_path / "shut").mkdir()
    (tmp_path / "one.txt").write_text("one")
    listed = os.scandir

    def refuses(folder):
        if str(folder).endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr("bench.files.scan.walk.os.scandir", refuses)
    found = scanned(tmp_path)
    assert [(one.path, one.reason) for one in found.unread] == [("shut", "Permission denied")]
    assert len(found.found) == 1


def test_a_folder_that_vanishes_is_named(tmp_path):
    (tmp_path / "a.txt").write_text("one")
    with pytest.raises(BadInput, match="nothing there"):
        scanned(tmp_path / "gone")
    with pytest.raises(BadInput, match="a file; needed is a folder"):
        scanned(tmp_path / "a.txt")


def test_a_huge_tree_stops_and_says_so(tmp_path):
    for at in range(30):
        (tmp_path / f"{at:02d}.txt").write_text("one two")
    found = scanned(tmp_path, most_files=10)
    assert len(found.found) == 10
    assert "--most-files" in found.stopped
    assert not scanned(tmp_path, most_files=30).stopped
    with pytest.raises(BadInput, match="1 or more"):
        scanned(tmp_path, most_files=0)


def test_names_that_do_not_print_are_shown_all_the_same(tmp_path):
    (tmp_path / "a\x1b[31m.txt").write_bytes(b"\0")
    with open(os.fsencode(tmp_path) + b"/\xff.txt", "wb"):
        pass
    with open(os.fsencode(tmp_path) + b"/\xff.mp3", "wb") as out:
        out.write(b"no sound")
    paths = {one.path for one in scanned(tmp_path).unread}
    assert paths == {"a?[31m.txt", "�.txt", "�.mp3"}


def test_nothing_leaves_the_machine(tmp_path, monkeypatch):
    def refuse(*_args, **_named):
        raise AssertionError("a scan opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    (tmp_path / "a.fr.txt").write_text("Bonjour à tous")
    sound(tmp_path / "a.wav", 1.0)
    assert len(scan_folder(tmp_path).found) == 2


def test_tokens_are_counted_piece_by_piece():
    seen = []

    def encode(text):
        seen.append(len(text))
        return [0] * len(text.split())

    assert scanning._tokens(encode, "word " * 5000, "en") == 5000
    assert seen == [10_000, 10_000, 5000]


def test_a_tokenizer_counts_or_the_table_does_where_it_knows_the_language(monkeypatch):
    count, name = counter("table")
    assert count("x" * 1000, "fr") == pytest.approx(220, abs=1)
    assert count("x" * 1000, "it") is None
    assert "tokens per character" in name
    with pytest.raises(UnknownName, match="did you mean 'tekken'"):
        counter("teken")

    def absent(short):
        raise NoEngine("no mistral-common")

    monkeypatch.setattr(scanning.tokens, "packaged", absent)
    assert counter("")[1] == name
    with pytest.raises(NoEngine):
        counter("v3")


def test_distributions_and_their_quantiles(tmp_path):
    for seconds in (1.0, 2.0, 3.0, 4.0, 10.0):
        sound(tmp_path / "fr" / f"{seconds}.wav", seconds)
    sound(tmp_path / "x.wav", 7.0)
    first, last = distributions(scanned(tmp_path))
    assert (first.language, last.language) == ("fr", "unknown")
    assert (first.lengths, last.lengths) == ((1.0, 2.0, 3.0, 4.0, 10.0), (7.0,))


def test_the_toml_that_a_scan_writes_is_one_that_volumes_reads(tmp_path):
    from bench.run.volumes import volumes

    sound(tmp_path / 'odd "name"' / "fr" / "a.wav", 12.0)
    for at in range(300):
        (tmp_path / 'odd "name"' / f"{at}.en.txt").write_text("word " * (at + 1))
    written = tmp_path / "volumes.toml"
    written.write_text(volumes_text(scanned(tmp_path / 'odd "name"')))
    found = volumes(written)
    flows = {one.flow.name: one.flow for one in found.flows}
    assert set(flows) == {"audio fr", "text en"}
    assert flows["text en"].input_lengths.mean == pytest.approx(5 * 301 / 2 - 1, rel=1e-5)
    assert flows["text en"].counted == 300
    assert flows["text en"].requests.p50 == 300
    assert any("put in place of what nobody has said" in line for line in found.assumed)
