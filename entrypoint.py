#!/usr/bin/env -S python3 -I -X utf8
"""Start `lumen` from a checkout with nothing but Python; a dependency is prepared when a command first imports it."""
# An old Python must be able to read this file, to be told that it is old; and pathlib would cost every start 5 ms.
# ruff: noqa: I002, PTH113, PTH118, PTH120, RUF005, UP036

import os
import sys

if __name__ == "__main__":
    if sys.version_info < (3, 10):
        sys.exit("lumen: needs Python 3.10 or newer, but " + sys.executable + " is " + sys.version.split()[0] + ".")
    root = os.path.dirname(os.path.realpath(__file__))
    if not os.path.isfile(os.path.join(root, "lumen_action", "cli.py")):
        sys.exit("lumen: " + root + " is not a complete copy: lumen_action/cli.py is missing. Check it out again.")
    if not (sys.flags.isolated and sys.flags.utf8_mode):
        # Without isolation a json.py in the workspace or on PYTHONPATH would be imported instead of the real one.
        command = [sys.executable, "-I", "-X", "utf8", os.path.realpath(__file__)] + sys.argv[1:]
        if os.name == "nt":  # exec on Windows returns to the caller before the program has ended
            import subprocess

            sys.exit(subprocess.call(command))  # noqa: S603 - itself, with its own words
        os.execv(sys.executable, command)  # noqa: S606 - itself, with its own words
    sys.path.insert(0, root)

    from lumen_action import bootstrap

    bootstrap.install()

    from lumen_action.cli import main

    sys.exit(main(sys.argv[1:]))
