"""What an engine holds a request to before it runs: exactly so many tokens, ids that the model has, a context."""

from collections.abc import Sequence

from bench.errors import BadInput
from bench.nouns import ModelSpec, Request


def wanted(request: Request, name: str = "output_tokens") -> int:
    """How many tokens are asked for, of the count that is called so. Raises BadInput for none."""
    count: int | None = getattr(request.asked, name)
    if count is None or count < 1:
        raise BadInput(f"request {request.id!r}: asks for {name} {count!r}, at least 1 is needed")
    return count


def given_ids(request: Request, name: str = "prompt_tokens") -> tuple[int, ...]:
    """The request's own ids, as many as its count of that name says. Raises BadInput where they differ."""
    asked: int | None = getattr(request.asked, name)
    if asked is not None and asked != len(request.token_ids):
        raise BadInput(f"request {request.id!r}: {asked} tokens asked for, {len(request.token_ids)} given")
    return request.token_ids


def check_ids(request: Request, ids: Sequence[int], vocabulary: int) -> None:
    """Raises BadInput for no ids, and for ids outside a vocabulary of that size."""
    if not ids or not 0 <= min(ids) <= max(ids) < vocabulary:
        found = f"{min(ids)} to {max(ids)}" if ids else "none"
        raise BadInput(f"request {request.id!r}: needs token ids from 0 to {vocabulary - 1}, found {found}")


def check_context(request: Request, tokens: int, model: ModelSpec) -> None:
    """Raises BadInput where the model's context does not hold so many tokens."""
    if model.max_context_tokens is not None and tokens > model.max_context_tokens:
        raise BadInput(
            f"request {request.id!r} needs a context of {tokens} tokens, {model.name} has "
            f"{model.max_context_tokens}: ask for less"
        )
