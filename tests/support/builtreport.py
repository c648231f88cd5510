"""Reports in a folder, as `lumen report build` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PDF = b"%PDF-1.7 the report"


def built(folder: Path, pipeline: str = "nightly", week: int = 10, **changed: Any) -> Path:  # noqa: ANN401
    """Write the JSON and the PDF of a week of 2026, and return the JSON."""
    first = {9: "2026-02-23", 10: "2026-03-02"}[week]
    last = {9: "2026-03-01", 10: "2026-03-08"}[week]
    name = f"2026-W{week:02}"
    told = {
        "pipeline": pipeline,
        "period": {"kind": "week", "name": name, "first": first, "last": last, "zone": "Asia/Seoul"},
        "finished": True,
        "sentence": {"en": f"{pipeline} kept its promise.", "ko": f"{pipeline}은 약속을 지켰습니다."},
        "runs": {"good": 6, "bad": 1, "other": 0, "open": 0, "total": 7},
        "objectives": [
            {
                "slo": "run",
                "display_name": "",
                "status": "warning",
                "verdict": "met",
                "target": 0.95,
                "actual": 0.99996,
                "budget_left_percent": 19.999,
            }
        ],
        "objectives_unmeasured": {},
        "links": {},
        **changed,
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{pipeline.lower()}-{name}.json"
    file.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    file.with_suffix(".pdf").write_bytes(PDF)
    return file
