from __future__ import annotations

from hypothesis import settings

# A loaded machine is no fault of the code: nothing here asserts time.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
