"""Where work is done that no sensor of this machine reads: a server on another. It reads nothing, and says so."""

from collections.abc import Mapping

from bench.files.options import check_options
from bench.nouns import ELSEWHERE, Check, Found, Source

DOMAIN = "wall"


def open_meters(options: Mapping[str, str]) -> Found:
    """No meter; one excluded domain. Options: `server`, the machine that does the work."""
    check_options(ELSEWHERE, options, ("server",))
    server = options.get("server", "another machine")
    reason = f"the work is done by {server}: no sensor of this machine reads its energy"
    remedy = "run joulemark on that machine, beside the server"
    return Found(
        excluded=(
            Source(
                domain=DOMAIN,
                meter=ELSEWHERE,
                boundary="wall",
                basis="excluded",
                device=ELSEWHERE,
                device_name=server,
                reason=reason,
            ),
        ),
        checks=(Check(name=ELSEWHERE, status="missing", reason=reason, remedy=remedy),),
    )
