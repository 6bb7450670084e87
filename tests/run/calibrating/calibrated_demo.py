"""A pretended library that drives a pretended board, and what stands in a profile."""

from bench.nouns import Kernel

PASS_S = 0.002


SMALL = (Kernel(kind="triad", precision="fp32", size=262_144), Kernel(kind="matmul", precision="fp32", size=128))


WATTS = 100.0


BOARD = "GPU-00000000-0000-0000-0000-00000000000a"


# Stands in torch's place, on a CPU and on a pretended CUDA device: each pass takes two milliseconds.
TORCH = """
import time
from types import SimpleNamespace

float16, float32, float64, bfloat16 = "float16", "float32", "float64", "bfloat16"
__version__ = "0.0-pretended"
cuda = SimpleNamespace(
    is_available=lambda: True, synchronize=lambda: None, current_device=lambda: 0,
    get_device_properties=lambda _: SimpleNamespace(uuid="THE-BOARD", name="Pretended"),
)

def manual_seed(_): pass
def set_num_threads(_): pass
def set_float32_matmul_precision(_): pass
def randn(*_, dtype, **__): return dtype

def mm(a, b, out):
    if a == "bfloat16":
        raise RuntimeError("no bf16 on this board\\nand more lines")
    time.sleep(0.002)

def add(b, c, alpha, out): time.sleep(0.002)
""".replace("THE-BOARD", BOARD.removeprefix("GPU-"))


def figures(profile):
    return {(f.device, f.domain, f.name): f.quantity for f in profile.measured}
