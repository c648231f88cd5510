"""Write rules/grafana/*.json: `make dashboards`."""

from __future__ import annotations

from pathlib import Path

from dashboards.writing import files

FOLDER = Path(__file__).resolve().parents[2] / "rules" / "grafana"

for name, text in files().items():
    file = FOLDER / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
