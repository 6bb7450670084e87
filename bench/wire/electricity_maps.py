"""The intensity of a grid at this hour, from Electricity Maps, for whoever has a key; never asked by default.

GET https://api.electricitymaps.com/v3/carbon-intensity/latest?zone=FR, header auth-token; the answer has zone,
carbonIntensity [g/kWh], datetime, emissionFactorType, isEstimated. Source: https://portal.electricitymaps.com/docs/api
(checked 2026-11-22). Its figures are an average of consumption; they are licensed to the key's owner and not kept.
"""

import json
from collections.abc import Callable, Mapping

from bench.carbon.factors import Factor, Kind, Scope
from bench.errors import BadInput, CannotRun, MissingFactor
from bench.files.config import environment
from bench.nouns import exactly

KEY = "JOULEMARK_ELECTRICITY_MAPS_KEY"
_URL = "https://api.electricitymaps.com/v3/carbon-intensity/latest"
_WITHIN_S = 10.0
_MOST_BYTES = 1 << 16
_SCOPES: Mapping[str, Scope] = {"lifecycle": "life_cycle", "direct": "direct"}

Fetch = Callable[[str, Mapping[str, str]], bytes]


def live_factor(zone: str, *, year: int, scope: Scope = "life_cycle", fetch: Fetch | None = None) -> Factor:
    """The latest hour's factor of a zone (`Place.live_zone`), averaged over plants and imports.

    `year` is that of the tables it is used beside; it is of another kind than theirs and adds to none of them.
    Raises CannotRun without a key or an answer, MissingFactor for an answer without the figure.
    """
    key = environment(KEY)
    if key is None:
        raise CannotRun(f"no key for Electricity Maps: set {KEY}, or leave the live intensity out")
    asked = "lifecycle" if scope == "life_cycle" else "direct"
    answer = (fetch or _fetch)(f"{_URL}?{_query(zone, asked)}", {"auth-token": key})
    return _factor(zone, year, scope, _object(zone, answer))


def _query(zone: str, asked: str) -> str:
    from urllib.parse import urlencode

    return urlencode({"zone": zone, "emissionFactorType": asked})


def _fetch(url: str, headers: Mapping[str, str]) -> bytes:
    # urllib brings ssl along: only who asks for a live figure pays for it
    from http.client import HTTPException
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(url, headers=dict(headers)), timeout=_WITHIN_S) as reply:
            found: bytes = reply.read(_MOST_BYTES)
    except (OSError, HTTPException) as error:
        raise CannotRun(
            f"Electricity Maps gave no answer ({error}): try again, or leave the live intensity out"
        ) from error
    return found


def _object(zone: str, answer: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(answer)
    except ValueError as error:
        raise CannotRun(f"{zone}: Electricity Maps answered {answer[:80]!r}; needed is JSON; try again") from error
    return found if isinstance(found, dict) else {}


def _factor(zone: str, year: int, scope: Scope, found: Mapping[str, object]) -> Factor:
    value, kind, moment = (found.get(name) for name in ("carbonIntensity", "emissionFactorType", "datetime"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MissingFactor(f"{zone}: a live answer without carbonIntensity ({found!r:.200}); needed is g/kWh")
    if found.get("zone") != zone or _SCOPES.get(str(kind)) != scope:
        raise MissingFactor(
            f"{zone}: a live answer for {found.get('zone')!r}, {kind!r}; needed is {zone!r}, {scope}; nothing is "
            "put in its place"
        )
    guess = ", estimated by Electricity Maps" if found.get("isEstimated") else ""
    try:
        g_per_kwh = exactly(float(value))
    except BadInput as error:
        raise MissingFactor(f"{zone}: a live answer of {value!r} g/kWh; needed is a finite number") from error
    return Factor(
        kind=Kind(accounting="average", scope=scope, mix="consumption", method="location", year=year),
        zone=zone,
        g_per_kwh=g_per_kwh,
        data_years=(year,),
        source=f"Electricity Maps, hour of {moment}{guess}",
        licence="of the key's owner",
    )
