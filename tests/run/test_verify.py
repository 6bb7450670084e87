"""`verify` recomputes everything from readings and outcomes, and names whatever was touched."""

import gzip
import hashlib
import json
import re

import pytest
from fakes import FakeClock, FakeRecorder, FakeSession, spec

from bench.errors import BrokenResults
from bench.files.store import write_run
from bench.nouns import Request, Usage, Workload
from bench.run.learn import fit_folder, report_folder
from bench.run.publish import published
from bench.run.runner import Task, measure_group
from bench.run.tape import Clockwork
from bench.run.verify import verify

PROFILE = 'title = "A machine that is not there"\nkind = "machine"\ngenerated = true\n'


def tasks():
    for i, (prompt, output) in enumerate(((32, 8), (256, 8), (32, 64), (256, 64))):
        name = f"prompt-{prompt}-{output}"
        asked = Usage(requests=1, prompt_tokens=prompt, output_tokens=output)
        requests = (Request(id="q", token_ids=(1,), asked=asked),)
        workload = Workload(name=name, family="causal-lm", requests=requests)
        yield Task(spec=spec(workload=name, window_s=2.0), workload=workload, run_id=f"20261121T00000{i}Z-{i:08d}")


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    clock = FakeClock()
    session = FakeSession(clock)
    time_ = Clockwork(clock_ns=clock.clock_ns, sleep=clock.sleep)
    for run in measure_group(list(tasks()), session.loading, FakeRecorder(clock, session), {}, time_=time_):
        write_run(out, run, published(run), "0")
    (out / "profiles").mkdir()
    (out / "profiles" / "fake-machine.toml").write_text(PROFILE)
    fit_folder(out)
    report_folder(out)
    return out


@pytest.fixture
def out(pristine, tmp_path):
    import shutil

    return shutil.copytree(pristine, tmp_path / "out")


def touched(out):
    return [(d.file, d.field) for d in verify(out).differences]


def first(out, pattern):
    return sorted(out.glob(pattern))[0]


def test_an_untouched_folder_proves_itself(out):
    """Four runs, one file of coefficients and one page follow from their readings."""
    found = verify(out)

    assert (found.checked, found.differences) == (6, ())


@pytest.mark.parametrize("part", ["readings.csv.gz", "outcomes.jsonl", "windows.csv"])
def test_one_flipped_byte_of_a_part_is_named(out, part):
    """The file whose byte flipped comes first."""
    path = first(out, f"runs/*/{part}")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    assert touched(out)[0][0] == str(path.relative_to(out))


def test_a_reading_changed_under_a_renewed_seal_is_still_found(out):
    """Whoever also mends the sha256 is found by the energies that no longer follow."""
    folder = first(out, "runs/*/run.json").parent
    text = gzip.decompress((folder / "readings.csv.gz").read_bytes()).decode().splitlines()
    row = next(i for i, line in enumerate(text) if ",energy," in line and i > len(text) // 2)
    head, value = text[row].rsplit(",", 1)
    text[row] = f"{head},{float(value) + 40.0!r}"
    content = gzip.compress(("\n".join(text) + "\n").encode(), mtime=0)
    (folder / "readings.csv.gz").write_bytes(content)
    seal = json.loads((folder / "run.json").read_text())
    seal["sha256"]["readings.csv.gz"] = hashlib.sha256(content).hexdigest()
    (folder / "run.json").write_text(json.dumps(seal))

    assert any("energ" in field or "verdict" in field for _, field in touched(out))


def test_one_digit_of_a_sealed_energy_is_named(out):
    """run.json's own figures are recomputed, to the last of seven digits."""
    path = first(out, "runs/*/run.json")
    seal = json.loads(path.read_text())
    seal["energies"][-1]["energy_j"] *= 1.000002
    path.write_text(json.dumps(seal))

    file, field = touched(out)[0]
    assert file == str(path.relative_to(out))
    assert field.startswith("energies[")
    assert field.endswith("].energy_j")


def test_one_digit_of_a_coefficient_is_named(out):
    """The term that was edited is named with what the readings prove."""
    path = first(out, "coefficients/fake-machine.json")
    data = json.loads(path.read_text())
    data["coefficients"][0]["terms"]["output_token"]["value"] *= 1.000002
    path.write_text(json.dumps(data))

    assert touched(out)[0] == ("coefficients/fake-machine.json", "coefficients[0].terms.output_token.value")


def test_one_digit_of_the_pages_json_is_named(out):
    """The report's tagged block is recomputed figure by figure."""
    path = first(out, "reports/*.html")
    page = path.read_text()
    block = re.search(r'id="joulemark-figures">(.*?)</script>', page, re.S)[1]
    number = re.search(r'": ?(\d+\.\d*[1-8])', block)
    changed = number[1][:-1] + str(int(number[1][-1]) + 1)
    path.write_text(page.replace(number[0], number[0].replace(number[1], changed), 1))

    assert touched(out)[0][0].startswith("reports/")


def test_one_digit_that_people_see_is_named(out):
    """A visible figure is recomputed too, not only the block that machines read."""
    path = first(out, "reports/*.html")
    page = path.read_text()
    shown = re.search(r'data-figure="([^"]+)"[^>]*>([^<]*?)(\d)([^<\d]*)<', page)
    digit = str((int(shown[3]) + 1) % 10)
    start, end = shown.span(3)
    path.write_text(page[:start] + digit + page[end:])

    assert shown[1] in touched(out)[0][1]


def test_coefficients_of_runs_that_are_gone_are_named(out):
    """A figure whose run was deleted is not proven any more."""
    import shutil

    shutil.rmtree(first(out, "runs/*"))

    assert any(file.startswith("coefficients/") for file, _ in touched(out))


def test_an_empty_folder_proves_nothing(tmp_path):
    """No sealed run is an error, not a success."""
    with pytest.raises(BrokenResults, match="so nothing to verify"):
        verify(tmp_path)


def test_fitting_twice_gives_the_same_bytes(out):
    """Coefficients and page are the same bytes on one machine."""
    before = [p.read_bytes() for p in (*out.glob("coefficients/*"), *out.glob("reports/*"))]
    fit_folder(out)
    report_folder(out)

    assert [p.read_bytes() for p in (*out.glob("coefficients/*"), *out.glob("reports/*"))] == before


def test_coefficients_obey_their_published_schema(out):
    """What `fit` writes is what the schema beside it promises."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((out / "coefficients" / "coefficients.schema.json").read_text())

    written = json.loads((out / "coefficients" / "fake-machine.json").read_text())

    assert list(jsonschema.Draft202012Validator(schema).iter_errors(written)) == []


def test_a_copy_of_a_run_is_no_second_measurement(out):
    """Under its old id or a new one it is named, and a fit leaves it out: repeats would narrow the intervals."""
    import shutil

    folder = first(out, "runs/*/run.json").parent
    before = fit_folder(out).coefficients
    copy = out / "runs" / "20261121T235959Z-99999999"
    shutil.copytree(folder, copy)

    assert touched(out)[0] == (str((copy / "run.json").relative_to(out)), "seal")
    seal = json.loads((copy / "run.json").read_text())
    (copy / "run.json").write_text(json.dumps({**seal, "id": copy.name}))
    assert touched(out)[0] == (str((copy / "readings.csv.gz").relative_to(out)), "seal")
    learnt = fit_folder(out)
    assert learnt.coefficients == before
    assert "is a copy" in learnt.broken[0]
    assert "is a copy" in report_folder(out).broken[0]


@pytest.mark.parametrize(
    ("key", "value"),
    [(("cell", "model"), "mistral-16m"), (("family",), "speech"), (("hardware",), "no-such-machine")],
)
def test_a_run_of_what_is_not_declared_is_named_not_raised(out, key, value):
    """One edited name does not stop the check of everything else."""
    path = first(out, "runs/*/run.json")
    seal = json.loads(path.read_text())
    at = seal["spec"]
    for part in key[:-1]:
        at = at[part]
    at[key[-1]] = value
    path.write_text(json.dumps(seal))

    assert touched(out)


@pytest.mark.parametrize("value", ["nan", "inf", "1e999"])
def test_a_reading_that_is_no_number_is_named_under_a_renewed_seal(out, value):
    """NaN is neither a measurement nor a gap with a reason."""
    folder = first(out, "runs/*/run.json").parent
    lines = gzip.decompress((folder / "readings.csv.gz").read_bytes()).decode().splitlines()
    lines[9] = f"{lines[9].rsplit(',', 1)[0]},{value}"
    content = gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0)
    (folder / "readings.csv.gz").write_bytes(content)
    seal = json.loads((folder / "run.json").read_text())
    seal["sha256"]["readings.csv.gz"] = hashlib.sha256(content).hexdigest()
    (folder / "run.json").write_text(json.dumps(seal))

    assert touched(out)[0] == (f"{(folder / 'readings.csv.gz').relative_to(out)}:10", "seal")


def test_a_page_whose_profile_is_gone_is_named_not_raised(out):
    """The page rests on the profile too."""
    (out / "profiles" / "fake-machine.toml").unlink()

    assert touched(out) == [("reports/report.html", "page")]
