"""The user's own work: `--workload FILE`, a manifest of clips, texts to translate, or prompts.

name = "calls"                      # optional: the file's stem
source = "our hotline, May"         # optional, as are description and licence

[[clips]]                           # speech
file = "call-1.mp3"                 # beside the manifest, or absolute
language = "fr"
transcript = "Bonjour, …"           # or transcript_file; what WER is told from
output_tokens = 240                 # optional beside a transcript: else its tokens
voice = "natural"                   # optional; "synthetic" is labelled so beside the score
duration_s = 61.5                   # only where the file's header cannot be read

[[texts]]                           # translation
text = "Das …"                      # or file
source_language = "fr"
target_language = "en"
translation = "The …"               # optional, or translation_file: what chrF and BLEU are told from
target_tokens = 40                  # optional, as is source_tokens: else derived from characters

[[prompts]]                         # causal-lm
text = "Summarise …"                # or file
output_tokens = 128
answer = "Paris"                    # optional, or answers = ["Paris", …]: what exact match is told from
language = "en"                     # optional: of prompt and answer

Of an HTTP endpoint (family api) each text and each prompt is one request: `text` or `file` is all that is needed,
and no tokens are counted.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from bench.errors import BadDeclaration, BadInput
from bench.files import requests
from bench.files.declaration import Table, read_table
from bench.files.entries import KEYS, file_of, make, voice_of
from bench.nouns import Family, ModelSpec, Workload

_FILES = ("file", "transcript_file", "translation_file")
_LISTS: Mapping[str, Family] = {"clips": "speech", "texts": "translation", "prompts": "causal-lm"}
_WITH_TEXT = ("translation", "causal-lm")


def read_manifest(path: Path, model: ModelSpec, seed: int) -> tuple[Workload, ...]:
    """The manifest's workloads that this model can do. Raises BadInput when there are none.

    A manifest of one kind makes the workload NAME; one of several kinds NAME-clips, NAME-texts, NAME-prompts.
    """
    table = read_table(path)
    names = _names(table, path)
    fitting = [kind for kind in names if fits(_LISTS[kind], model.family)]
    if not fitting:
        raise BadInput(
            f"{path.name} holds {', '.join(names)}; model {model.name!r} does {model.family}: choose another model"
        )
    description, source, licence = (table.text(key, "") for key in ("description", "source", "licence"))
    workloads = []
    for kind in names:
        entries = table.tables(kind)
        if kind not in fitting:
            continue
        voice = voice_of(entries) if kind == "clips" else ""
        made, notes = make(kind, names[kind], entries, path.parent, model, seed)
        requests.check_context(names[kind], model, made)
        workloads.append(
            Workload(
                name=names[kind],
                family=model.family,
                requests=made,
                notes=("the user's own work", *notes),
                facts=requests.usage_facts(made),
                description=description,
                source=source,
                licence=licence,
                voice=voice,
            )
        )
    table.finish()
    return tuple(workloads)


def fits(family: Family, served: Family) -> bool:
    """Whether a manifest's entries of one family can be asked of a model of another: an API takes every text."""
    return family == served or (served == "api" and family in _WITH_TEXT)


def manifest_families(path: Path) -> Mapping[str, Family]:
    """The names of the manifest's workloads, and the family that each needs."""
    table = read_table(path)
    return {name: _LISTS[kind] for kind, name in _names(table, path).items()}


def manifest_sha256(path: Path) -> str:
    """The sha256 of the manifest and of every file that it names."""
    table = read_table(path)  # first: it says in words when the file cannot be read
    seal = hashlib.sha256(path.read_bytes())
    for kind in _LISTS:
        for entry in table.tables(kind):
            for key in _FILES:
                if key in entry:
                    seal.update(hashlib.sha256(file_of(entry, key, path.parent).read_bytes()).digest())
    return seal.hexdigest()


def _names(table: Table, path: Path) -> dict[str, str]:
    """Kind of entry → name of its workload, for the kinds that the manifest holds."""
    table.only("name", "description", "source", "licence", *_LISTS)
    for kind, keys in KEYS.items():
        for entry in table.tables(kind):
            entry.only(*keys)
    name = table.text("name", path.stem)
    if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise table.wrong("name", f"expected letters, digits, '-', '_' and '.', found {name!r}")
    held = [kind for kind in _LISTS if table.tables(kind)]
    if not held:
        raise BadDeclaration(str(path), None, "expected [[clips]], [[texts]] or [[prompts]], found none of them")
    return {kind: name if len(held) == 1 else f"{name}-{kind}" for kind in held}
