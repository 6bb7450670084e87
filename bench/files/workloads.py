"""The declarations in workloads/: a name → its requests for one model, and a sha256 of all they rest on."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias, get_args

from bench.errors import BadInput, UnknownName
from bench.files import payloads, requests, texts
from bench.files.config import places
from bench.files.declaration import Table, read_table
from bench.files.making import Making, make
from bench.nouns import Family, ModelSpec, Phase, Workload

Item: TypeAlias = payloads.Clip | payloads.Text | payloads.Video | payloads.Sentences | payloads.Questions


def workload_names(folder: Path | None = None) -> tuple[str, ...]:
    """The names of all declared workloads, sorted."""
    return tuple(sorted(path.stem for path in (folder or places().workloads).glob("*.toml")))


def workload_family(name: str, folder: Path | None = None) -> Family:
    """The family a workload is for; cheap: nothing is tokenised and no payload is read."""
    return _family(_table(name, folder or places().workloads))


def read_workload(name: str, model: ModelSpec, seed: int, *, folder: Path | None = None) -> Workload:
    """The workload's requests for this model. The same name, model and seed give the same requests.

    Raises UnknownName, BadDeclaration (a wrong key, or a payload that is not what it was) and BadInput (the
    model does other work, or cannot hold it).
    """
    folder = folder or places().workloads
    table = _table(name, folder)
    family = _family(table)
    if family != model.family:
        raise BadInput(f"workload {name!r} is {family}, model {model.name!r} does {model.family}: choose another")
    making = Making(
        name=name,
        table=table,
        model=model,
        seed=seed,
        declared=payloads.read_payloads(folder / "data"),
        tokens_per_char=places().data / "tokens_per_char.csv",
    )
    description, source, licence = (table.text(key) for key in ("description", "source", "licence"))
    phase: Phase = "prepare" if family == "video" else "work"
    said = table.texts("notes", ())
    made = make(family, making)
    table.finish()
    requests.check_context(name, model, made.requests)
    return Workload(
        name=name,
        family=family,
        requests=made.requests,
        phase=phase,
        description=description,
        source=source,
        licence=licence,
        notes=(*said, *made.notes),
        facts={**requests.usage_facts(made.requests), **(made.facts or {})},
        voice="synthetic" if family == "speech" else "",  # every committed clip is espeak-ng's
    )


def workload_sha256(name: str, folder: Path | None = None) -> str:
    """The sha256 of the declaration and of every payload its requests rest on, each checked on the way."""
    folder = folder or places().workloads
    table = _table(name, folder)
    declared = payloads.read_payloads(folder / "data")
    seal = hashlib.sha256((folder / f"{name}.toml").read_bytes())
    for item in _rests_on(table, declared):
        payloads.read_bytes(item.stored)
        # what the index says of it too: a transcript or a duration is part of the work
        seal.update(repr((item.stored.name, item.stored.sha256, _said_of(item))).encode())
    if "text" in table or "questions" in table:
        seal.update((places().data / "tokens_per_char.csv").read_bytes())
    return seal.hexdigest()


def _table(name: str, folder: Path) -> Table:
    path = folder / f"{name}.toml"
    if name not in workload_names(folder):
        raise UnknownName("workload", name, workload_names(folder))
    return read_table(path)


def _family(table: Table) -> Family:
    family = table.text("family", one_of=get_args(Family))
    return next(known for known in get_args(Family) if known == family)


def _rests_on(table: Table, declared: payloads.Payloads) -> Sequence[Item]:
    """The payloads named in a declaration, and those its lengths are derived from."""
    found: list[Item] = []
    found += [payloads.pick("clip", name, declared.clips) for name in table.texts("clips", ())]
    found += [payloads.pick("text", name, declared.texts) for name in table.texts("texts", ())]
    if "sentences" in table:
        found.append(payloads.pick("sentences", table.text("sentences"), declared.sentences))
    if "questions" in table:
        found.append(payloads.pick("questions", table.text("questions"), declared.questions))
    if "video" in table:
        found.append(payloads.pick("video", table.text("video"), declared.videos))
    if "text" in table:
        text = payloads.pick("text", table.text("text"), declared.texts)
        found.append(text)
        if "target_language" in table:
            target = table.text("target_language")
            pairs = texts.parallel_texts(declared, text.language, target)
            found += [twin for pair in pairs for twin in pair]
    return found


def _said_of(item: Item) -> tuple[object, ...]:
    """What an index says of a payload, but for where its file lies."""
    if isinstance(item, payloads.Clip):
        return item.language, item.duration_s, item.transcript, item.output_tokens
    if isinstance(item, payloads.Sentences | payloads.Questions):
        return ()
    return item.language, item.duration_s if isinstance(item, payloads.Video) else item.kind
