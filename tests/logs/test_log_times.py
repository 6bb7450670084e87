"""Days in a zone: texts, instants, whole numbers, days alone; zones that differ are refused unless one is said."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs.logs_made import row, write_csv, write_parquet

from bench.errors import BadInput, UnknownName
from bench.run.log_pricing import Filling
from bench.run.logged import LogAsked, read_logs

H100 = Filling(names={"hardware": "h100"})
PARQUET = ("VARCHAR", "VARCHAR", "VARCHAR", "BIGINT", "BIGINT")


def days(file, zone=""):
    found = read_logs(LogAsked(files=(str(file),), filling=H100, zone=zone, by=("day",)))
    return {one.keys["day"]: one.rows for one in found.rows}


def csv(path, *times):
    return write_csv(path / "a.csv", [row(when=when) for when in times])


def test_instants_have_the_days_of_utc_unless_a_zone_is_said(tmp_path):
    file = csv(tmp_path, "2026-10-01T22:30:00Z", "2026-10-01T21:30:00Z")

    assert days(file) == {"2026-10-01": 2}
    assert days(file, "Europe/Paris") == {"2026-10-01": 1, "2026-10-02": 1}


def test_one_offset_everywhere_has_the_days_of_its_clocks(tmp_path):
    assert days(csv(tmp_path, "2026-10-01T00:30:00+02:00", "2026-10-01T23:30:00+02:00")) == {"2026-10-01": 2}


def test_times_without_a_zone_are_days_as_they_stand(tmp_path):
    assert days(csv(tmp_path, "2026-10-01 00:30:00", "2026-10-01 23:30:00")) == {"2026-10-01": 2}
    assert days(csv(tmp_path, "2026-10-01", "2026-10-02")) == {"2026-10-01": 1, "2026-10-02": 1}


@pytest.mark.parametrize(
    "times",
    [
        ("2026-10-01T10:00:00Z", "2026-10-01T10:00:00+02:00"),
        ("2026-10-01T10:00:00Z", "2026-10-01T10:00:00"),
        ("2026-10-24T10:00:00+02:00", "2026-10-26T10:00:00+01:00"),
        ("2026-10-01T10:00:00Z", "2026-10-01"),
    ],
)
def test_zones_that_differ_are_refused_and_read_where_one_is_said(tmp_path, times):
    file = csv(tmp_path, *times)

    with pytest.raises(BadInput, match=r"times of 2 zones: .*--tz Europe/Paris"):
        days(file)
    assert sum(days(file, "Europe/Paris").values()) == 2


def test_an_unknown_zone_has_its_nearest(tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'Europe/Paris'"):
        days(csv(tmp_path, "2026-10-01T10:00:00Z"), "Europe/Pari")


@pytest.mark.parametrize("unit", [1, 1000, 1_000_000])
def test_whole_numbers_are_seconds_milliseconds_or_microseconds(tmp_path, unit):
    at = int(datetime(2026, 10, 1, 22, 30, tzinfo=UTC).timestamp()) * unit
    file = csv(tmp_path, at, at)

    assert days(file) == {"2026-10-01": 2}
    assert days(file, "Europe/Paris") == {"2026-10-02": 2}


@settings(max_examples=25, deadline=None)
@given(
    hours=st.lists(st.integers(0, 24 * 400), min_size=1, max_size=8),
    zone=st.sampled_from(("Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")),
)
def test_days_of_a_zone_are_those_of_its_clocks(tmp_path_factory, hours, zone):
    """Also where clocks are set forward and back."""
    instants = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=h, minutes=30) for h in hours]
    expected = {}
    for instant in instants:
        day = str(instant.astimezone(ZoneInfo(zone)).date())
        expected[day] = expected.get(day, 0) + 1
    file = write_parquet(
        tmp_path_factory.mktemp("t") / "a.parquet",
        [(instant, "chat", "llama-3.1-8b", 10, 10) for instant in instants],
        ("created", "endpoint", "model", "input_tokens", "output_tokens"),
        ("TIMESTAMPTZ", *PARQUET[1:]),
    )

    assert days(file, zone) == expected


def test_times_of_another_century_are_none(tmp_path):
    found = read_logs(
        LogAsked(files=(str(csv(tmp_path, "2026-10-01T10:00:00Z", "1970-01-01T00:00:00Z")),), filling=H100)
    )

    assert found.total.rows == 1
    assert [gap.rows for gap in found.gaps] == [1]


def test_times_that_nobody_can_read_are_refused(tmp_path):
    with pytest.raises(BadInput, match="created has '13/10/2026'; needed are times as"):
        days(csv(tmp_path, "13/10/2026", "14/10/2026"))
