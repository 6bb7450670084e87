"""The same for the boards that the simulated NVML library declares. Arguments: seconds, period, own pids."""

import json
import sys

from meter_driver import look

if __name__ == "__main__":
    options = {"own_pids": sys.argv[3]} if sys.argv[3] else {}
    print(json.dumps(look("nvml", float(sys.argv[1]), float(sys.argv[2]), options)))
