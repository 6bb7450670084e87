"""The process that makes a GGUF: seeded weights in F32 or F16, or a quantisation of the F16 file."""

from collections.abc import Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from bench.engines.llama_cpp.library import DISTRIBUTION, Library
from bench.files.models import weight_bytes
from bench.loading.boards import thread_count
from bench.loading.converted import do_job, make_once, place_for, run_apart
from bench.loading.gguf import WRITTEN, write_gguf
from bench.nouns import LoadSpec

FILE = "model.gguf"
_BASE = "f16"
_SLACK_RATIO, _SLACK_BYTES = 1.1, 16 << 20  # a mix of types may differ from its mean; the tokenizer


def synthetic_file(spec: LoadSpec) -> Path:
    """Where the file of this architecture, precision and seed lies, or will."""
    return place_for(spec, _makers(spec)) / FILE


def make_file(spec: LoadSpec) -> Path:
    """The file, made where it is not there yet. Raises CannotRun where the disk has no room."""
    place = synthetic_file(spec).parent
    base = replace(spec, precision=_BASE)
    if spec.precision in WRITTEN:
        make_once(place, _needed(spec), lambda half: run_apart(__name__, spec, half))
    elif not place.is_dir():
        source = synthetic_file(base).parent
        make_once(source, _needed(base) + _needed(spec), lambda half: run_apart(__name__, base, half))
        make_once(place, _needed(spec), lambda half: run_apart(__name__, spec, half, source=str(source / FILE)))
    return place / FILE


def fill(spec: LoadSpec, folder: Path, more: Mapping[str, str]) -> None:
    """Writes the file into `folder`: from seeded weights, or from the file `more["source"]`."""
    if spec.precision in WRITTEN:
        write_gguf(folder / FILE, spec.model, spec.precision, spec.seed)
    else:
        threads = thread_count(spec.threads)
        Library().quantise(Path(more["source"]), folder / FILE, spec.precision, threads)


def _makers(spec: LoadSpec) -> Mapping[str, str]:
    """Everything beside the declaration and the seed that the file's bytes depend on."""
    makers = {name: metadata.version(name) for name in ("numpy", "gguf")}
    makers["tokenizer"] = spec.model.tokenizer or "none"
    if spec.model.tokenizer is not None:
        makers["mistral-common"] = _version_or_none("mistral-common")
    if spec.precision not in WRITTEN:
        makers[DISTRIBUTION] = metadata.version(DISTRIBUTION)
    return makers


def _version_or_none(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "none"  # the file then carries no tokenizer: another file


def _needed(spec: LoadSpec) -> int:
    return round(weight_bytes(spec.model, spec.precision) * _SLACK_RATIO) + _SLACK_BYTES


if __name__ == "__main__":
    do_job(fill)
