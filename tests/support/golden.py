"""Expected output kept as files: delete one and run the test again to write it anew, then look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "golden"


def assert_golden(name: str, text: str) -> None:
    file = FOLDER / name
    if not file.exists():
        file.write_bytes(text.encode())
        pytest.fail(f"tests/golden/{name} did not exist and was written; look at it and run again")
    assert text == file.read_bytes().decode()


def assert_golden_page(name: str, page: str, style: str) -> None:
    """Compare a page without its style sheet, which stands in the package and has to be in the page as it is."""
    before, marked, rest = page.partition(f"<style>\n{style.strip()}\n</style>\n")
    assert marked
    assert_golden(name, before + rest)
