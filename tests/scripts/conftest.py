"""Scripts are run, never imported, but for their tests; the tiny models lie beside the engines' tests."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "engines")]
