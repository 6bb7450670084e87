"""Market-based factors: what a contract says that its electricity emitted, stated by whoever signed it.

GHG Protocol Scope 2 Guidance (WRI 2015), chapter 6, table 6.3, the order of precedence: energy attribute
certificates (a guarantee of origin), contracts (a PPA), a supplier's own rate, the residual mix, else the grid's
average, which is the location-based figure. It counts what plants emit when they run (`direct`); supply of fuel
and building of plants are scope 3, category 3. Checked 2026-11-22, the table itself not reached. No open table has
any: nothing stands in.
"""

from typing import Literal, get_args

from bench.carbon.factors import Factor, Kind, Scope
from bench.errors import BadInput, UnknownName
from bench.nouns import exactly
from bench.phrases import Phrase

ContractKind = Literal["guarantee_of_origin", "ppa", "supplier", "residual_mix"]
CONTRACTS: tuple[ContractKind, ...] = get_args(ContractKind)
_WORDS = {
    "guarantee_of_origin": Phrase("a guarantee of origin"),
    "ppa": Phrase("a power purchase agreement"),
    "supplier": Phrase("a supplier's own rate"),
    "residual_mix": Phrase("the residual mix"),
}


def contract_kind(name: str) -> ContractKind:
    """The kind of contract of that name. Raises UnknownName."""
    for kind in CONTRACTS:
        if name == kind:
            return kind
    raise UnknownName("kind of contract", name, CONTRACTS)


def contract(kind: ContractKind, *, g_per_kwh: float, zone: str, year: int, scope: Scope = "direct") -> Factor:
    """The factor of a contract, taken as said: it has no interval. Raises BadInput."""
    try:
        return Factor(
            kind=Kind(accounting="average", scope=scope, mix="production", method="market", year=year),
            zone=zone,
            g_per_kwh=exactly(g_per_kwh),
            data_years=(year,),
            source=Phrase("{contract}, stated by the user", contract=_WORDS[kind]),
            licence=Phrase("the user's own"),
        )
    except BadInput as error:
        raise BadInput(Phrase("market_factor: {error}", error=error)) from error
