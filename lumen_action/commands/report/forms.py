"""The files of a report, a form each; what one of them lacks costs no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lumen_action.errors import LumenError
from lumen_action.report.document import Document
from lumen_action.report.model import Report


class FormError(LumenError):
    """A fault of this program in one form; the exit code is that of any fault of its own."""

    exit_code = 70


# A file is read by people: nothing is left out of it.
_FILE_BYTES = 1 << 30


@dataclass(frozen=True)
class Made:
    """What every form is made from."""

    report: Report
    document: Document
    pdf_font: str
    tell: Callable[[str], None]


def _markdown(made: Made) -> bytes:
    from lumen_action.report.markdown import render

    return render(made.document, _FILE_BYTES).encode()


def _page(made: Made) -> bytes:
    from lumen_action.report.web.page import render

    return render(made.document).encode()


def _pdf(made: Made) -> bytes:
    from lumen_action.report.pdf import render, warning
    from lumen_action.report.pdf.fonts import find

    fonts = find(made.pdf_font)
    content = render(made.document, fonts)
    if said := warning(made.document, fonts):
        made.tell(f"warning: {said}")
    return content


def _csv(made: Made) -> bytes:
    from lumen_action.report.csvs import render

    return render(made.report).encode()


# Of what each form of file is made; JSON comes last, as it names the others.
_FORMS: Mapping[str, Callable[[Made], bytes]] = {"md": _markdown, "html": _page, "pdf": _pdf, "csv": _csv}
_LAST = "json"
FORMS = (*_FORMS, _LAST)


def rendered(made: Made, forms: Sequence[str], stem: str) -> tuple[dict[str, bytes], list[LumenError]]:
    """Return the content of every file by its form, and why some could not be made."""
    found: dict[str, bytes] = {}
    faults: list[LumenError] = []
    for form in [form for form in FORMS if form in forms]:
        try:
            found[form] = _json(made, found, stem) if form == _LAST else _FORMS[form](made)
        except LumenError as fault:
            faults.append(fault)
        except Exception as fault:  # noqa: BLE001 - a fault of ours in one form must not cost the others
            faults.append(FormError(f"{stem}.{form} could not be made: {_own_fault(fault)}; please report it"))
    return found, faults


def _json(made: Made, others: Iterable[str], stem: str) -> bytes:
    from lumen_action.report.plain import plain_report

    named = {form: f"{stem}.{form}" for form in others}
    return f"{json.dumps(plain_report(made.report, named), ensure_ascii=False, indent=2, allow_nan=False)}\n".encode()


def _own_fault(fault: Exception) -> str:
    import traceback

    where = traceback.extract_tb(fault.__traceback__)[-1]
    return f"{type(fault).__name__}: {fault} ({Path(where.filename).name}:{where.lineno})"
