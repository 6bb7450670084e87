"""Reads every sensor of one meter for a while, unmodified, and prints what it found as JSON.

A process of its own: the loader looks at LD_LIBRARY_PATH and LD_PRELOAD only when a process starts.
Arguments: meter, seconds, period in seconds, options as key=value.
"""

import json
import sys
import time
from collections.abc import Mapping

from bench.errors import SensorLost
from bench.files.codec import plain
from bench.files.registry import open_meter_plugin


def look(meter: str, seconds: float, period_s: float, options: Mapping[str, str]) -> dict[str, object]:
    """Sources, checks, what was read, and which sensors died with which words."""
    found = open_meter_plugin(meter, options)
    said = {"sources": plain([m.source for m in found.meters]), "excluded": plain(found.excluded)}
    said |= {"checks": plain(found.checks), "lost": {}, "observations": []}
    alive, until = list(found.meters), time.monotonic() + seconds
    while time.monotonic() < until:
        for one in tuple(alive):
            try:
                said["observations"] += plain(one.read())
            except SensorLost as error:
                said["lost"][one.source.domain] = str(error)
                alive.remove(one)
        time.sleep(period_s)
    for one in found.meters:
        one.close()
        one.close()
    return said


if __name__ == "__main__":
    pairs = (pair.partition("=") for pair in sys.argv[4:])
    options = {key: value for key, _, value in pairs}
    print(json.dumps(look(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), options)))
