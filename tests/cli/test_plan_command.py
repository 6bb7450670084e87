"""What `plan` answers where a machine can hold nothing of what was asked: the code that `run` would end with."""

import json
import os
import subprocess
import sys

import pytest

HERE = "echo/mistral-160m:fp32/prompt-32-8"
NOT_HERE = "echo/mistral-160m:fp16/prompt-32-8"  # half precision needs a GPU, and the meter that shows them is off


def joulemark(*arguments):
    """The command on a machine that shows no GPU."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "bench", *arguments],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "JOULEMARK_METERS": "constant:power_w=9"},
    )  # fmt: skip


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize(
    ("cells", "code"), [((NOT_HERE,), 3), ((NOT_HERE, HERE), 0), ((HERE,), 0)], ids=["none", "one of two", "all"]
)
def test_a_plan_of_which_nothing_can_run_ends_with_3(tmp_path, cells, code, form):
    """A script that asks first must not go on; one cell that can be held is enough."""
    done = joulemark("plan", *cells, "--out", str(tmp_path), *form)

    assert done.returncode == code, done.stderr
    if form:
        skipped = [cell["skipped"] for cell in json.loads(done.stdout)["cells"]]
        assert [bool(why) for why in skipped] == [cell == NOT_HERE for cell in cells]
    else:
        assert ("needs a GPU" in done.stdout) == (NOT_HERE in cells)
