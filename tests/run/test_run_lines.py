"""Lines to type: what was asked before is asked once more by them."""

import shlex
from dataclasses import replace
from pathlib import Path

from fakes import spec

from bench.nouns import Endpoint
from bench.run.commands import run_lines

OUT = Path("my results")


def test_cells_of_one_kind_are_one_line_each_once():
    of = [spec(), spec("prompt-32-64"), spec()]

    assert run_lines(of, OUT) == (
        "joulemark run echo/mistral-160m:fp32/prompt-32-8 echo/mistral-160m:fp32/prompt-32-64 --out 'my results'",
    )
    assert run_lines(of[:1], Path("o"), fresh=True)[0].endswith("--out o --fresh")
    assert run_lines([], OUT) == ()


def test_weights_and_a_manifest_of_ones_own_are_said():
    real = replace(spec(), weights="pretrained", weights_path="/models/a b")

    assert run_lines([real, spec()], Path("o")) == (
        f"joulemark run {real.cell} --weights pretrained --weights-path '/models/a b' --out o",
        f"joulemark run {real.cell} --out o",
    )
    local = [replace(real, weights_path=f"mistral.gguf#{sum_}") for sum_ in ("0123456789ab", "ba9876543210")]
    line = f"joulemark run {real.cell} --weights pretrained --weights-path PATH/mistral.gguf --out o"
    assert run_lines([*local, local[0]], Path("o")) == (line, line)  # two of one name are not one
    assert "--workload FILE" in run_lines([spec("my-clips")], Path("o"))[0]


def test_a_server_is_asked_by_its_address_a_line_for_each_level():
    endpoint = Endpoint(url="http://127.0.0.1:1/v1", options={"b": "2", "a": "x y"}, device="GPU-1", setup="big")

    def served(workload, **level):
        one = spec(workload)
        cell = replace(one.cell, engine="openai_http", model="org/m:7b", precision="served", **level)
        return replace(one, cell=cell, weights="served", endpoint=endpoint)

    of = [
        served("prompt-32-8"), served("prompt-32-64"), served("prompt-32-8", concurrency=8),
        served("prompt-32-8", rate=0.5), served("prompt-32-8", load="office"),
    ]  # fmt: skip
    lines = [shlex.split(line) for line in run_lines(of, Path("o"))]

    assert all(
        line[:3] == ["joulemark", "run", "endpoint"]
        and line[3:11] == [
            "--engine", "openai_http", "--endpoint", endpoint.url, "--model", "org/m:7b", "--device", "GPU-1",
        ]
        and line[11:17] == ["--set", "a=x y", "--set", "b=2", "--set", "setup=big"]
        and line[-2:] == ["--out", "o"]
        for line in lines
    )  # fmt: skip
    assert [line[17:-2] for line in lines] == [
        ["--workloads", "prompt-32-8", "--workloads", "prompt-32-64", "--concurrency", "1"],
        ["--workloads", "prompt-32-8", "--concurrency", "8"],
        ["--workloads", "prompt-32-8", "--rate", "0.5"],
        ["--workloads", "prompt-32-8", "--load", "office"],
    ]
