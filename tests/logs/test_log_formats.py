"""The same log in every format that people keep it in gives the same sums."""

import gzip
import json
import subprocess
import sys

import duckdb
import pytest
from logs.logs_made import HEADER, row, write_csv, write_jsonl, write_parquet

from bench.errors import BadInput, UnknownName
from bench.run.log_pricing import Filling
from bench.run.logged import LogAsked, read_logs

ROWS = [row(), row(y=100), row("llama-3.1-70b", 300, 20, endpoint="code", language="en")]
H100 = Filling(names={"hardware": "h100", "batch": "8"})


def read(*files, filling=H100, **options):
    return read_logs(LogAsked(files=tuple(map(str, files)), filling=filling, **options))


@pytest.fixture
def expected(tmp_path):
    return read(write_csv(tmp_path / "expected.csv", ROWS))


def same(one, other):
    return one.rows == other.rows and one.total == other.total


def test_parquet(tmp_path, expected):
    assert same(read(write_parquet(tmp_path / "a.parquet", ROWS)), expected)


@pytest.mark.parametrize(
    ("delimiter", "name"), [(";", "a.csv"), ("\t", "a.tsv"), ("|", "a.txt")], ids=["semicolon", "tab", "bar"]
)
def test_csv_with_another_delimiter(tmp_path, expected, delimiter, name):
    assert same(read(write_csv(tmp_path / name, ROWS, delimiter=delimiter)), expected)


def test_csv_with_a_byte_order_mark(tmp_path, expected):
    assert same(read(write_csv(tmp_path / "a.csv", ROWS, encoding="utf-8-sig")), expected)


def test_names_of_others(tmp_path, expected):
    header = ("timestamp", "route", "lang", "model_name", "prompt_tokens", "completion_tokens")
    assert same(read(write_csv(tmp_path / "a.csv", ROWS, header)), expected)


def test_names_of_ones_own(tmp_path, expected):
    header = ("when", "where", "tongue", "which", "p", "q")
    columns = ("time=when,endpoint=where,language=tongue", "model=which", "in_tokens=p", "out_tokens=q")
    assert same(read(write_csv(tmp_path / "a.csv", ROWS, header), columns=columns), expected)


def test_packed_csv(tmp_path, expected):
    plain = write_csv(tmp_path / "b.csv", ROWS)
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))

    assert same(read(packed), expected)


def test_jsonl_with_zstandard(tmp_path, expected):
    file = tmp_path / "a.jsonl.zst"
    plain = write_jsonl(tmp_path / "b.jsonl", [dict(zip(HEADER, one, strict=True)) for one in ROWS])
    lines = f"read_csv('{plain}', delim = '\x01', header = false, quote = '', columns = {{'a': 'VARCHAR'}})"
    form = "FORMAT csv, header false, quote '', delimiter '\x01', compression zstd"
    duckdb.connect().execute(f"COPY (SELECT * FROM {lines}) TO '{file}' ({form})")

    assert same(read(file), expected)


def test_json_lines_with_usage_inside(tmp_path, expected):
    lines = [
        {
            "created": w,
            "endpoint": e,
            "language": g,
            "model": m,
            "usage": {"prompt_tokens": x, "completion_tokens": y},
        }
        for w, e, g, m, x, y in ROWS
    ]

    assert same(read(write_jsonl(tmp_path / "a.jsonl", lines)), expected)


def test_a_folder_and_a_pattern(tmp_path, expected):
    folder = tmp_path / "logs" / "october"
    folder.mkdir(parents=True)
    write_csv(folder / "1.csv", ROWS[:1])
    write_csv(folder / "2.csv", ROWS[1:])
    (folder / "notes.doc").write_text("no log")

    found = read(tmp_path / "logs")

    assert same(found, expected)
    assert any("notes.doc" in note for note in found.notes)
    assert same(read(folder / "*.csv"), expected)


def test_files_with_other_columns_are_joined_by_name(tmp_path, expected):
    header = ("model", "output_tokens", "input_tokens", "created", "endpoint", "language", "user")
    other = [(m, y, x, w, e, g, "u") for w, e, g, m, x, y in ROWS[1:]]
    files = [write_csv(tmp_path / "1.csv", ROWS[:1]), write_csv(tmp_path / "2.csv", other, header)]

    assert same(read(*files), expected)


def test_a_decimal_comma_is_read_where_it_is_plain(tmp_path):
    header = ("created", "model", "audio_seconds")
    comma = write_csv(tmp_path / "a.csv", [("2026-10-01", "whisper-tiny", "12,5")] * 2, header, delimiter=";")
    point = write_csv(tmp_path / "b.csv", [("2026-10-01", "whisper-tiny", "12.5")] * 2, header)

    assert same(read(comma, filling=Filling()), read(point, filling=Filling()))


def test_a_comma_that_may_be_thousands_is_refused(tmp_path):
    file = write_csv(
        tmp_path / "a.csv", [("2026-10-01", "whisper-tiny", "1,250")], ("day", "model", "audio_s"), delimiter=";"
    )

    with pytest.raises(BadInput, match="'1,250', a decimal comma or thousands"):
        read(file, filling=Filling())


def usage_page(results):
    bucket = {"object": "bucket", "start_time": 1790812800, "end_time": 1790899200, "results": results}
    return {"object": "page", "data": [bucket], "has_more": False, "next_page": None}


def test_openai_usage_counts_requests_and_prices_a_stand_in(tmp_path):
    result = {
        "object": "organization.usage.completions.result", "input_tokens": 11550, "output_tokens": 2110,
        "input_cached_tokens": 0, "num_model_requests": 10, "project_id": "p", "model": "gpt-4o", "batch": False,
    }  # fmt: skip
    file = tmp_path / "usage.json"
    file.write_text(json.dumps(usage_page([result])), encoding="utf-8")
    as_llama = Filling(names=H100.names, stand_ins={"gpt-4o": "llama-3.1-8b"})

    found = read(file, filling=as_llama)
    plain = read(write_csv(tmp_path / "a.csv", [row()] * 10))

    assert found.total.requests == 10
    assert tuple(found.total.kwh) == pytest.approx(tuple(plain.total.kwh), rel=1e-9)
    assert found.rows[0].keys == {"day": "2026-10-01", "endpoint": "p", "model": "gpt-4o"}
    assert any("gpt-4o priced as llama-3.1-8b" in note for note in found.notes)


def test_counts_with_lengths_of_each_request(tmp_path):
    header = (*HEADER, "count")
    total = write_csv(tmp_path / "a.csv", [(*row(x=11550, y=2110), 10)], header)
    each = write_csv(tmp_path / "b.csv", [(*row(), 10)], header)

    assert read(total).total.kwh.value == pytest.approx(read(each, per_request=True).total.kwh.value, rel=1e-12)


def test_daily_counts_in_yaml(tmp_path, expected):
    file = tmp_path / "week.yaml"
    file.write_text(
        "genai:\n  chatbots:\n  - {date: '2026-10-01', count: 2}\n  - {date: '2026-10-03', count: 1}\n"
        "  completions:\n  - {date: '2026-10-01', count: 0}\n",
        encoding="utf-8",
    )
    of_chat = Filling(names={"model": "llama-3.1-8b"}, lengths={"in_tokens": 1155, "out_tokens": 211})
    usual = Filling(names={**H100.names, "model": "gpt-j-6b"}, lengths={"in_tokens": 10, "out_tokens": 10})
    found = read(file, filling=Filling(names=usual.names, lengths=usual.lengths, services={"chatbots": of_chat}))
    alone = read(write_csv(tmp_path / "a.csv", [row()] * 3))

    assert {one.keys["endpoint"]: one.requests for one in found.rows if one.keys["day"] == "2026-10-01"} == {
        "chatbots": 2,
        "completions": 0,
    }
    assert found.total.kwh.value == pytest.approx(alone.total.kwh.value, rel=1e-9)
    assert found.partial
    assert found.missing == ("chatbots: 1 day without a row, not zero: 2026-10-02",)


def test_codecarbons_file_says_its_own(tmp_path):
    header = ("timestamp", "project_name", "duration", "emissions", "energy_consumed", "country_iso_code")
    rows = [
        ("2026-10-01T10:00:00", "asr", 9, 0.25, 0.5, "FRA"),
        ("2026-10-02T10:00:00", "asr", 9, 0.5, 1.0, "FRA"),
    ]

    found = read(write_csv(tmp_path / "emissions.csv", rows, header), filling=Filling())

    assert [(one.keys["day"], one.reported_kwh, one.reported_kg) for one in found.rows] == [
        ("2026-10-01", 0.5, 0.25),
        ("2026-10-02", 1.0, 0.5),
    ]
    assert found.total.reported_kwh == 1.5
    assert found.total.requests == 0
    assert not found.partial
    assert any("no interval" in note for note in found.notes)


def test_ecologits_beside_our_own(tmp_path):
    impacts = {"energy": {"value": {"min": 1e-5, "max": 3e-5}}, "gwp": {"value": {"min": 1e-6, "max": 3e-6}}}
    usage = {"prompt_tokens": 1155, "completion_tokens": 211}
    line = {"created": "2026-10-01T10:00:00Z", "model": "llama-3.1-8b", "usage": usage, "impacts": impacts}
    lines = [line] * 4

    found = read(write_jsonl(tmp_path / "a.jsonl", lines))

    assert found.total.reported_kwh == pytest.approx(8e-5)
    assert found.total.reported_kg == pytest.approx(8e-6)
    assert found.total.kwh.value > 0


def test_duckdb_is_imported_for_a_log_alone():
    loaded = "import sys, bench.cli.app; print('duckdb' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]


def test_a_purpose_that_is_unknown_is_refused(tmp_path):
    file = write_csv(tmp_path / "a.csv", ROWS)

    with pytest.raises(UnknownName, match="did you mean 'in_tokens'"):
        read(file, columns=("in_token=input_tokens",))
    with pytest.raises(BadInput, match="no such column; is it 'input_tokens'"):
        read(file, columns=("in_tokens=input_token",))
