"""Which load generator wrote a file, told by what is in it."""

from pathlib import Path

from bench.errors import BadInput
from bench.files.interop.aiperf import RECORDS, SUMMARY, is_aiperf, read_aiperf
from bench.files.interop.guidellm import is_guidellm, read_guidellm
from bench.files.interop.told import LoadResult, read_text
from bench.files.interop.vllm_bench import is_vllm_bench, read_vllm_bench

_READERS = ((is_aiperf, read_aiperf), (is_guidellm, read_guidellm), (is_vllm_bench, read_vllm_bench))


def read_load_result(path: Path) -> LoadResult:
    """The requests in a result file; of AIPerf its folder or its summary will do too. Raises BadInput."""
    at = path / RECORDS if path.is_dir() else path.with_name(RECORDS) if path.name == SUMMARY else path
    text = read_text(at)
    for knows, read in _READERS:
        if knows(text):
            return read(at)
    raise BadInput(
        f"{path}: no result file that is known here: AIPerf's {RECORDS}, guidellm's benchmarks.json, "
        "or what vllm bench serve --save-result --save-detailed writes"
    )
