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
