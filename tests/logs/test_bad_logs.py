"""What is wrong with a log is said: the place, what was found, what is needed."""

import pytest
from logs.logs_made import HEADER, row, write_csv, write_parquet

from bench.errors import BadDeclaration, BadInput, UnknownName
from bench.run.log_pricing import Filling
from bench.run.logged import LogAsked, read_logs

H100 = Filling(
    names={"hardware": "h100", "model": "llama-3.1-8b"}, lengths={"in_tokens": 10.0, "out_tokens": 10.0}
)


def read(*files, **options):
    return read_logs(LogAsked(files=tuple(map(str, files)), filling=H100, **options))


def test_a_file_that_is_not_there_has_its_nearest(tmp_path):
    write_csv(tmp_path / "october.csv", [row()])

    with pytest.raises(BadInput, match=r"did you mean .*october\.csv"):
        read(tmp_path / "octobre.csv")


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.jsonl", "a.yaml", "a.csv.gz"])
def test_an_empty_file(tmp_path, name):
    (tmp_path / name).touch()

    with pytest.raises(BadInput, match="an empty file"):
        read(tmp_path / name)


def test_a_header_alone(tmp_path):
    with pytest.raises(BadInput, match="no row"):
        read(write_csv(tmp_path / "a.csv", []))
    with pytest.raises(BadInput, match="no row"):
        read(write_parquet(tmp_path / "a.parquet", []))


def test_an_empty_folder_and_an_unknown_kind(tmp_path):
    with pytest.raises(BadInput, match="a folder without a log"):
        read(tmp_path)
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(BadInput, match=r"\.xlsx is no kind of log"):
        read(tmp_path / "a.xlsx")


def test_two_kinds_at_once(tmp_path):
    with pytest.raises(BadInput, match="several kinds"):
        read(write_csv(tmp_path / "a.csv", [row()]), write_parquet(tmp_path / "b.parquet", [row()]))


def test_parquet_that_is_cut_off(tmp_path):
    whole = write_parquet(tmp_path / "a.parquet", [row()] * 50).read_bytes()
    cut = tmp_path / "cut.parquet"
    for end in (len(whole) // 2, len(whole) - 1):
        cut.write_bytes(whole[:end])
        with pytest.raises(BadInput, match="cut off"):
            read(cut)
    cut.write_bytes(whole[: len(whole) // 3] + whole[-8:])
    with pytest.raises(BadInput, match=r"cut\.parquet: cannot be read"):
        read(cut)


def test_a_text_that_says_it_is_parquet_or_json(tmp_path):
    (tmp_path / "a.parquet").write_text("model,input_tokens\n")
    with pytest.raises(BadInput, match="no Parquet file"):
        read(tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text('{"model": "llama-3.1-8b", "inp\n')
    with pytest.raises(BadInput, match="cannot be read"):
        read(tmp_path / "a.jsonl")


def test_files_parted_by_other_signs(tmp_path):
    write_csv(tmp_path / "a.csv", [row()])
    write_csv(tmp_path / "b.csv", [row()], delimiter=";")

    with pytest.raises(BadInput, match="needed is one sign in all files"):
        read(tmp_path / "*.csv")


def test_a_dimension_that_is_none_or_has_no_column(tmp_path):
    file = write_csv(tmp_path / "a.csv", [("chat", 5)], ("service_name", "input_tokens"))

    with pytest.raises(UnknownName, match="did you mean 'endpoint'"):
        read(file, by=("endpont",))
    with pytest.raises(BadInput, match="no column of language; columns are service_name, input_tokens"):
        read(file, by=("language",))


def test_more_names_than_a_table_holds(tmp_path):
    rows = [row(endpoint=f"/users/{n}") for n in range(10_001)]

    with pytest.raises(BadInput, match="endpoint has more than 10000 different values"):
        read(write_csv(tmp_path / "a.csv", rows))


@pytest.mark.parametrize("bad", [-1, "NaN", "inf", 1e12, "x"])
@pytest.mark.parametrize("column", [4, 5, 6])
def test_numbers_that_are_none_are_counted(tmp_path, bad, column):
    one = [*row(), 3]
    one[column] = bad
    found = read(write_csv(tmp_path / "a.csv", [(*row(), 3), one], (*HEADER, "count")))

    if (column, bad) == (6, 1e12):
        assert found.total.requests == 1e12 + 3  # as many as a day may have, and not one more
        return
    assert found.partial
    assert sum(gap.rows for gap in found.gaps) == 1
    assert found.total.requests == 3


def test_a_daily_count_that_stands_twice(tmp_path):
    rows = [("2026-10-01", "chat", 5), ("2026-10-02", "chat", 5), ("2026-10-01", "chat", 6)]

    with pytest.raises(BadInput, match="2026-10-01 chat has 2 counts"):
        read(write_csv(tmp_path / "a.csv", rows, ("date", "endpoint", "count")))


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\ngenai: *b\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BOMB, "alias"),
        ("genai:\n  chatbots:\n  - {date: '2026-10-01', count: -2}\n", "needed is a whole number"),
        ("genai:\n  chatbots:\n  - {date: '2026-10-01', count: many}\n", "needed is a whole number"),
        ("genai:\n  chatbots:\n  - {date: 2026-10-01T10:00:00Z, count: 2}\n", "needed is a day"),
        (
            "genai:\n  chatbots:\n  - {date: '2026-10-01', count: 1}\n  - {date: '2026-10-01', count: 2}\n",
            "line 3",
        ),
        ("genai:\n  chatbot:\n  - {date: '2026-10-01', count: 1}\n", "did you mean 'chatbots'"),
    ],
)
def test_yaml_that_is_wrong(tmp_path, text, told):
    file = tmp_path / "a.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(BadDeclaration, match=told):
        read(file)


def test_a_day_that_two_files_count(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text("genai:\n  chatbots:\n  - {date: '2026-10-01', count: 1}\n")

    with pytest.raises(BadInput, match="counted in another file too"):
        read(tmp_path / "a.yaml", tmp_path / "b.yaml")


def test_names_that_try_to_be_sql(tmp_path):
    """Names of files, columns and values are text and nothing else."""
    header = ("created", "end'point\"; DROP", "language", "model", "input_tokens", "output_tokens")
    folder = tmp_path / "it's; --"
    folder.mkdir()
    rows = [row(endpoint="'); SELECT 1; --"), row(endpoint='"quoted"')]

    def cell(text):
        return '"' + text.replace('"', '""') + '"'

    cells = [(when, cell(endpoint), *rest) for when, endpoint, *rest in rows]
    file = write_csv(folder / "a.csv", cells, [cell(name) for name in header])

    found = read(file, columns=(f"endpoint={header[1]}",))

    assert {one.keys["endpoint"] for one in found.rows} == {"'); SELECT 1; --", '"quoted"'}


def test_a_file_that_is_no_log(tmp_path):
    with pytest.raises(BadInput, match="no column that a log has; columns are a, b"):
        read(write_csv(tmp_path / "a.csv", [(1, 2)], ("a", "b")))


def test_rows_that_name_no_model_say_so(tmp_path):
    file = write_csv(tmp_path / "a.csv", [(5, 5)], ("input_tokens", "output_tokens"))
    (gap,) = read_logs(LogAsked(files=(str(file),))).gaps

    assert gap.reason == "no model is named; --model says one"
