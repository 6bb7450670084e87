"""What drives a device to its ceiling really does the work that is counted, by torch and by numpy."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest

from bench.engines import _ceilings
from bench.engines._ceilings import ReadyKernels, open_ceilings
from bench.errors import CannotRun
from bench.nouns import Kernel

COPY = Kernel(kind="copy", precision="fp32", size=10_001)
TRIAD = Kernel(kind="triad", precision="fp32", size=10_001)
FP32, BF16 = (Kernel(kind="matmul", precision=p, size=64) for p in ("fp32", "bf16"))


@pytest.fixture
def without_torch(monkeypatch):
    """A core installation: numpy alone."""
    monkeypatch.setattr(_ceilings, "has_torch", lambda: False)


def kept(one):
    """The arrays that a pass works on, by what its closure holds."""
    return {name: cell.cell_contents for name, cell in zip(one.__code__.co_freevars, one.__closure__, strict=True)}


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_numpy_copies_every_element_on_any_number_of_threads(without_torch, threads):
    """The parts cover the array without a gap, also where it does not divide."""
    one = open_ceilings("cpu", [COPY], threads).passes["copy"]
    parts = kept(one)["parts"]

    assert sum(len(target) for target, _ in parts) == COPY.size
    for target, _ in parts:
        target[:] = 0
    one()
    assert all(np.array_equal(target, origin) and origin.any() for target, origin in parts)


def test_numpy_does_the_whole_product_and_says_what_it_cannot(without_torch):
    """fp32 alone, and no triad in one pass: each with its reason, and what would help."""
    driven = open_ceilings("cpu", [COPY, TRIAD, FP32, BF16], 2)
    arrays = kept(driven.passes["fp32_matmul"])

    assert driven.library == f"numpy {np.__version__}"
    np.testing.assert_allclose(arrays["c"], arrays["a"].astype(float) @ arrays["b"].astype(float), atol=1e-3)
    assert set(driven.left_out) == {"triad", "bf16_matmul"}
    assert "joulemark[transformers]" in driven.left_out["bf16_matmul"]


def test_numpy_that_can_do_none_of_it_says_so(without_torch):
    with pytest.raises(CannotRun, match="not one kernel can be driven here: numpy has no fast bf16"):
        open_ceilings("cpu", [BF16], 1)


def test_torch_does_the_triad_and_the_products_that_are_counted():
    """a = b + 3·c over every element, and whole products, in both formats."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    driven = open_ceilings("cpu", [TRIAD, COPY, FP32, BF16], threads)
    triad, product = kept(driven.passes["triad"]), kept(driven.passes["bf16_matmul"])

    assert torch.allclose(triad["a"], triad["b"] + 3.0 * triad["c"], atol=1e-5)
    assert triad["a"].numel() == TRIAD.size
    assert product["c"].dtype == torch.bfloat16
    assert torch.allclose(product["c"].float(), product["a"].float() @ product["b"].float(), atol=0.2, rtol=0.05)
    assert (driven.device, driven.left_out) == ("cpu", {})


def test_a_cuda_device_that_is_not_there_is_the_reason():
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is one")

    with pytest.raises(CannotRun, match="torch sees no CUDA device"):
        open_ceilings("cuda", [TRIAD], 1)


def test_a_batch_is_as_many_passes_as_asked_and_ends_when_the_device_is_done():
    """Three batches of four passes in 60 ms, each closed by a wait for the device."""
    log = []
    driven = ReadyKernels(
        library="x", device="cpu", device_name="x", left_out={},
        passes={"triad": lambda: (log.append("pass"), time.sleep(0.005))}, finish=lambda: log.append("done"),
    )  # fmt: skip
    spans = driven.run("triad", 4, 0.05)

    assert log[0] == "done"  # nothing is under way when the first batch begins
    assert log[1:] == (["pass"] * 4 + ["done"]) * len(spans)
    assert all(
        end - start >= 0.02e9 and 0 <= cpu < end - start for start, end, cpu in spans
    )  # sleeping is no work
    assert len(driven.run("triad", 1, 0.0)) == 1


def test_the_process_speaks_one_object_a_line_and_fails_with_its_reason():
    order = {"device": "cuda", "threads": 1, "kernels": []}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bench.run.ceiling_process"],
        input=json.dumps(order) + "\n", capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert list(json.loads(done.stdout)) == ["failed"]
    assert done.returncode == CannotRun.exit_code
