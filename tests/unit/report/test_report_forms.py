"""What the files of a report are made of, whatever one of them lacks."""

from __future__ import annotations

from dataclasses import replace

from sampledocuments import ENGLISH, REPORT

from lumen_action.commands.report.forms import FORMS, Made, rendered


def test_an_unforeseen_fault_in_one_form_costs_no_other() -> None:
    # The page cannot do without words that every document has.
    made = Made(REPORT, replace(ENGLISH, labels={"page_of": "{page} of {pages}"}), "", lambda _: None)
    contents, [fault] = rendered(made, FORMS, "nightly-2026-W10")
    assert list(contents) == ["md", "pdf", "csv", "json"]
    assert "nightly-2026-W10.html" not in contents["json"].decode()
    assert str(fault).startswith("nightly-2026-W10.html could not be made: KeyError: ")
    assert str(fault).endswith("; please report it")
    assert fault.exit_code == 70
