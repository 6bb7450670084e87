"""The two ways to doubt a domain of a run: its figures go, or a remark stands beside them."""

from bench.nouns import Domain, Verdict


def void(name: str, domain: Domain | None, evidence: str, remedy: str) -> Verdict:
    """A verdict that takes the figures of `domain` away; None: of every domain."""
    return Verdict(name=name, level="void", domain=domain, evidence=evidence, remedy=remedy)


def flag(name: str, domain: Domain | None, evidence: str, remedy: str) -> Verdict:
    """A verdict that stands beside the figures of `domain`; None: of every domain."""
    return Verdict(name=name, level="flag", domain=domain, evidence=evidence, remedy=remedy)
