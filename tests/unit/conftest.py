from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "host")]

# A loaded machine is no fault of the code: nothing here asserts time.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
