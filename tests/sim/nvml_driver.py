"""Reads every simulated board for a while with the unmodified meter, and prints what it found as JSON.

A process of its own: the loader looks at LD_LIBRARY_PATH only when a process starts.
Arguments: seconds, period in seconds, own pids.
"""

import json
import sys
import time

from bench.errors import SensorLost
from bench.files.codec import plain
from bench.meters.nvml import open_meters


def main(seconds: float, period_s: float, own_pids: str) -> None:
    found = open_meters({"own_pids": own_pids} if own_pids else {})
    said = {"sources": plain([m.source for m in found.meters]), "excluded": plain(found.excluded)}
    said |= {"checks": plain(found.checks), "lost": {}, "observations": []}
    alive, until = list(found.meters), time.monotonic() + seconds
    while time.monotonic() < until:
        for meter in tuple(alive):
            try:
                said["observations"] += plain(meter.read())
            except SensorLost as error:
                said["lost"][meter.source.domain] = str(error)
                alive.remove(meter)
        time.sleep(period_s)
    for meter in found.meters:
        meter.close()
        meter.close()
    print(json.dumps(said))


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
