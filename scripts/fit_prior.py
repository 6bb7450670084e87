"""Fits the physical prior on measured data of others and writes bench/data/prior.json.

scripts/fit_prior.py DATA           DATA holds the files named in bench/data/measured_sources.csv
scripts/fit_prior.py DATA --check   writes nothing; exit 1 where the file would change
"""

import argparse
import sys
from pathlib import Path

from bench.files.prior_file import prior_path, write_prior
from bench.run.validating import check_prior, fitted_prior


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    if not given.check:
        write_prior(prior_path(), fitted_prior(given.data))
        print(f"written: {prior_path()}")
        return 0
    differs = list(check_prior(given.data))
    for one in differs[:20]:
        print(f"{one.file}: {one.field}: expected {one.expected}, found {one.found}")
    if not differs:
        print(f"{prior_path()} is what {given.data} teaches")
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main())
