"""Start `lumen-shell` from the Action's own copy; what it imports stays small, for it runs before every step."""

# A file to run, not a package to import.
# ruff: noqa: INP001

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    here = os.path.realpath(__file__)
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(here))))  # noqa: PTH120 - pathlib costs every start

    from lumen_action.running.outlets import open_closed_streams
    from lumen_action.running.shell import main

    open_closed_streams()
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # What the interpreter would tidy up ends with the process anyway.
    os._exit(code)
