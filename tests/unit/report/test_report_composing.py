"""What stands in a report, and what is left out because there is nothing to tell."""

from __future__ import annotations

from dataclasses import replace

import pytest
from reportfacts import F, asked, because, report_of, run, stage
from sampledocuments import ENGLISH, REPORT

from lumen_action.model import ErrorClass
from lumen_action.report.composing import compose
from lumen_action.report.composing.failing import MOST_CAUSES
from lumen_action.report.composing.objectives import MOST_LINES
from lumen_action.report.document import LABELS, BarChart, Bullets, Document, LineChart, Paragraph, Table, Tone
from lumen_action.report.model import Completeness, Counted, Report
from lumen_action.report.words import words_of

WORDS = words_of("en")


def composed(report: Report) -> Document:
    return compose(report, WORDS)


def tables(document: Document) -> list[Table]:
    return [block for section in document.sections for block in section.blocks if isinstance(block, Table)]


def said(document: Document) -> str:
    return " ".join(block.text for s in document.sections for block in s.blocks if isinstance(block, Paragraph))


def test_every_part_with_something_to_tell_is_a_section_in_a_fixed_order() -> None:
    assert [section.anchor for section in ENGLISH.sections] == [
        *("objectives", "runs", "failures", "stages", "reruns", "incidents", "gates", "completeness", "reading"),
    ]
    assert set(ENGLISH.labels) == set(LABELS)


def test_parts_without_content_are_one_line() -> None:
    document = composed(report_of([run(1, "2026-03-04")]))
    assert [section.anchor for section in document.sections] == ["runs", "completeness", "reading", "quiet"]
    assert said(document) == (
        "No objective, no failed run, no stage with a known time, nothing tried again, no incident, no gate decision."
    )


@pytest.mark.parametrize(
    "facts", [[], [run(1, "2026-03-04")], [run(1, "2026-03-04", F)], [stage("a", 1, "2026-03-04")]]
)
def test_no_table_is_ever_empty_and_every_row_has_a_cell_for_each_head(facts: list) -> None:  # type: ignore[type-arg]
    for table in [*tables(composed(report_of(facts))), *tables(ENGLISH)]:
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.head)}


def test_charts_have_a_label_for_each_value() -> None:
    charts = [b for s in ENGLISH.sections for b in s.blocks if isinstance(b, (LineChart, BarChart))]
    assert [len(chart.x_labels) for chart in charts] == [28, 7, 7]
    for chart in charts:
        rows = chart.lines if isinstance(chart, LineChart) else chart.stacks
        assert {len(row.values) for row in rows} == {len(chart.x_labels)}


def test_one_region_needs_no_column_of_its_own() -> None:
    [days] = tables(composed(report_of([run(1, "2026-03-04")])))
    assert days.head == ("day", "day was", "good", "bad", "cancelled or skipped", "open")


def test_charts_of_several_regions_have_one_axis_and_one_key() -> None:
    facts = [run(n, "2026-03-04", hour=n) for n in range(9)] + [run(1, "2026-03-05", F, region="us")]
    charts = [b for s in composed(report_of(facts)).sections for b in s.blocks if isinstance(b, BarChart)]
    assert [(chart.reach, [stack.name for stack in chart.stacks]) for chart in charts] == [(9, ["good", "bad"])] * 2


def test_a_region_that_fell_silent_is_told() -> None:
    made = composed(report_of([run(1, "2026-03-04"), run(2, "2026-02-24"), run(2, "2026-02-24", region="us")]))
    assert [[cell.text for cell in row] for row in tables(made)[-1].rows] == [
        ["eu", "1", "0", "0", "0", "100 %", "100 %"],
        ["us", "0", "0", "0", "0", "-", "100 %"],
    ]


def test_fewer_failures_are_no_good_sign() -> None:
    before = [because(run(n, "2026-02-24", F), ErrorClass.BUILD) for n in (1, 2)]
    document = composed(report_of([*before, because(run(3, "2026-03-04", F), ErrorClass.BUILD)]))
    [failures] = [section for section in document.sections if section.anchor == "failures"]
    counts = [row[1] for block in failures.blocks if isinstance(block, Table) for row in block.rows]
    assert [(count.text, count.tone) for count in counts] == [("1", Tone.PLAIN)] * 2


def test_below_the_budget_of_a_week_stand_its_days() -> None:
    [chart] = [block for block in ENGLISH.sections[0].blocks if isinstance(block, LineChart)]
    marked = [chart.x_labels[at] for at in chart.marked]
    assert marked[:2] == ["3 March", "4 March"]
    assert not [label for label in marked if ":" in label]


def test_notes_of_those_who_measure_are_english_and_elsewhere_pointed_at() -> None:
    noted = replace(REPORT.promises[0], now=replace(REPORT.promises[0].now, notes=("one", "two")))
    for language, texts in (
        ("en", ["Nightly runs: one", "Nightly runs: two"]),
        ("ko", ["Nightly runs: 측정에 관한 참고 사항은 JSON 파일에 있습니다."]),
    ):
        document = compose(replace(REPORT, promises=(noted,)), words_of(language))
        [told] = [b for b in document.sections[0].blocks if isinstance(b, Bullets)]
        assert [item.text for item in told.items] == texts


def test_many_regions_share_one_chart() -> None:
    document = composed(report_of([run(1, "2026-03-04", region=f"r{number}") for number in range(6)]))
    [runs] = [section for section in document.sections if section.anchor == "runs"]
    assert [type(block) for block in runs.blocks] == [BarChart, Table, Table]
    assert len(runs.blocks[2].rows) == 6  # type: ignore[union-attr]


def test_a_chart_shows_the_budgets_that_stand_worst() -> None:
    document = composed(replace(REPORT, promises=REPORT.promises[:1] * 10 + REPORT.promises[1:2]))
    [chart] = [block for block in document.sections[0].blocks if isinstance(block, LineChart)]
    assert len(chart.lines) == MOST_LINES
    assert chart.lines[0].name == "Nightly days"


def test_what_does_not_fit_is_counted() -> None:
    failed = [because(run(n, "2026-03-04", F), ErrorClass.BUILD, f"s{n:02}") for n in range(MOST_CAUSES + 3)]
    assert "3 causes more not shown here" in said(composed(report_of(failed)))


def test_a_url_that_is_none_leads_nowhere() -> None:
    made = replace(run(1, "2026-03-04", F), url="javascript:alert(1)")
    cells = [cell for table in tables(composed(report_of([made]))) for row in table.rows for cell in row]
    assert {cell.url for cell in cells} == {""}


def test_a_source_that_did_not_answer_is_told_beside_the_objectives() -> None:
    document = composed(replace(REPORT, unmeasured={"latency": "no answer"}))
    [told] = [b for b in document.sections[0].blocks if not isinstance(b, (Table, LineChart))]
    assert [item.text for item in told.items] == ["latency: no answer"]  # type: ignore[union-attr]


def test_a_week_that_goes_on_says_so() -> None:
    document = composed(replace(report_of([run(1, "2026-03-04")], asked()), finished=False))
    [complete] = [section for section in document.sections if section.anchor == "completeness"]
    assert "The period is not closed yet" in complete.blocks[0].items[-1].text  # type: ignore[union-attr]


def test_a_deadline_kept_by_all_is_told_in_the_quiet_line() -> None:
    report = replace(REPORT, incidents=(), completeness=Completeness(7, 7, 7))
    assert said(composed(report)).endswith("No incident, no deadline missed.")


def test_a_day_has_no_chart_of_one_bar() -> None:
    report = replace(REPORT, days=REPORT.days[:1], regions={"eu": Counted(4)})
    assert not [b for s in composed(report).sections for b in s.blocks if isinstance(b, BarChart)]
