"""Whether a server is still the one that it was when a run began."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.errors import JoulemarkError
from bench.nouns import Identity

# Facts that do not change while a server runs; others do (how long it has been up, how long a reply is)
_STEADY = ("digest", "model_id", "context_tokens", "slots")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Who a server said it is before any work, and a way of asking it again."""

    identity: Identity
    ask: Callable[[], Identity]
    steady: tuple[str, ...] = ()  # further facts that stand still while it is the same

    def change(self) -> str | None:
        """How it is another now, in words; None: it is the same."""
        try:
            now = self.ask()
        except JoulemarkError as error:
            return f"no answer any more to who it is: {error}"
        was, is_ = self._told(self.identity), self._told(now)
        changed = [name for name in was | is_ if was.get(name) != is_.get(name)]
        return "; ".join(f"{name} {was.get(name)} → {is_.get(name)}" for name in changed) or None

    def _told(self, identity: Identity) -> dict[str, object]:
        steady = {n: identity.facts[n] for n in (*_STEADY, *self.steady) if n in identity.facts}
        return {
            "version": identity.version,
            "model": identity.model,
            "precision": identity.precision,
            "parameters": identity.parameters,
            **steady,
        }
