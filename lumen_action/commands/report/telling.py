"""A report as a message: its first sentence, how the objectives stand, and where to read on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from lumen_action.commands.report.built import Built, Standing
from lumen_action.errors import ConfigError
from lumen_action.ops.notify.message import Attachment, Link, Message, Row, digest
from lumen_action.report.words import Words, words_of
from lumen_action.slo.phrases import faithful, ratio_percent, target_percent

KIND = "report"
# A subject that is longer is cut where it says how things stand.
_LONGEST_NAME = 80
_WORST_FIRST = ("exhausted", "warning", "no_data", "healthy")
_UNSAFE_IN_NAMES = re.compile(r"[^\w.-]+")

_ENGLISH: Mapping[str, str] = {
    "subject": "{pipeline}, {period}: {standing}",
    "so_far": "{subject} (so far)",
    "exhausted": "error budget used up",
    "warning": "error budget low",
    "healthy": "error budget healthy",
    "no_data": "no data",
    "runs": "{good} of {total} runs succeeded",
    "runs_row": "{good} of {total} succeeded",
    "none": "nothing ran",
    "period": "Period",
    "period_text": "{span} ({zone})",
    "period_so_far": "{span} ({zone}), not over yet",
    "row_runs": "Runs",
    "objective": "{actual}, target {target}; {left} % of the error budget left; {status}",
    "objective_unknown": "no data, target {target}",
    "unmeasured": "not known, its source did not answer",
    "read": "Read the report",
    "dashboard": "See the dashboard as it was",
    "attached": "Attached",
    "left_out": "The PDF is too large for the mail server and was left out.",
}
_KOREAN: Mapping[str, str] = {
    "subject": "{pipeline}, {period}: {standing}",
    "so_far": "{subject} (진행 중)",
    "exhausted": "오류 예산 소진",
    "warning": "오류 예산 부족",
    "healthy": "오류 예산 정상",
    "no_data": "데이터 없음",
    "runs": "실행 {total}회 중 {good}회 성공",
    "runs_row": "{total}회 중 {good}회 성공",
    "none": "실행 없음",
    "period": "기간",
    "period_text": "{span} ({zone})",
    "period_so_far": "{span} ({zone}), 진행 중",
    "row_runs": "실행",
    "objective": "{actual} (목표 {target}), 오류 예산 {left} % 남음, {status}",
    "objective_unknown": "데이터 없음 (목표 {target})",
    "unmeasured": "원본이 응답하지 않아 알 수 없음",
    "read": "보고서 보기",
    "dashboard": "당시 대시보드 보기",
    "attached": "첨부",
    "left_out": "PDF가 메일 서버의 제한보다 커서 첨부하지 않았습니다.",
}
_TEXTS = {"en": _ENGLISH, "ko": _KOREAN}


def message_of(built: Built, language: str, at_ms: int, *, link: str = "") -> Message:
    """Return what is told of a report; the links are shown where there are any."""
    words, texts = words_of(language), _TEXTS[language]
    sentence = built.sentence.get(language)
    if not sentence:
        raise ConfigError(f"language: {built.file} has no sentence in {language}; build the report again")
    rows = _rows(built, words, texts)
    links = [Link(texts["read"], page_of(built, link))] if link else []
    links += [Link(texts["dashboard"], built.snapshot)] if built.snapshot else []
    pdf = built.pdf
    name = f"{_UNSAFE_IN_NAMES.sub('-', built.pipeline)[:_LONGEST_NAME].strip('-.') or KIND}-{built.period.name}.pdf"
    attached = (Attachment(name, "application/pdf", pdf),) if pdf else ()
    lines = [sentence, "", *(f"{row.name}: {row.text}" for row in rows)]
    lines += ["", *(f"{each.text}: {each.url}" for each in links)] if links else []
    lines += ["", f"{texts['attached']}: {name}"] if attached else []
    return Message(
        subject=_subject(built, words, texts),
        sentence=sentence,
        rows=rows,
        text="\n".join(lines),
        # A report that went on after it was sent is another one, and so is one in another language.
        key=digest(KIND, built.pipeline, built.period.name, language, str(built.finished)),
        thread=digest(KIND, built.pipeline, built.period.kind.value, language),
        at_ms=at_ms,
        links=tuple(links),
        attachments=attached,
        left_out=texts["left_out"],
        kind=KIND,
        details=_details(built),
    )


def page_of(built: Built, link: str) -> str:
    """Return the address of the report's page; of a site that ends with a slash it is the page in there."""
    return f"{link}{built.file.stem}.html" if link.endswith("/") else link


def _subject(built: Built, words: Words, texts: Mapping[str, str]) -> str:
    statuses = {each.status for each in built.objectives} | ({"no_data"} if built.unmeasured else set())
    worst = next((status for status in _WORST_FIRST if status in statuses), "")
    standing = texts[worst] if worst else _runs(built, texts)
    period = words.period(built.period, "title")
    pipeline = built.pipeline if len(built.pipeline) <= _LONGEST_NAME else f"{built.pipeline[: _LONGEST_NAME - 1]}…"
    said = texts["subject"].format(pipeline=pipeline, period=period, standing=standing)
    return said if built.finished else texts["so_far"].format(subject=said)


def _rows(built: Built, words: Words, texts: Mapping[str, str]) -> tuple[Row, ...]:
    span = texts["period_text" if built.finished else "period_so_far"]
    return (
        Row(texts["period"], span.format(span=words.span(built.period), zone=built.period.zone)),
        Row(texts["row_runs"], _runs(built, texts, "runs_row")),
        *(Row(each.name, _objective(each, words, texts)) for each in built.objectives),
        *(Row(name, texts["unmeasured"]) for name in built.unmeasured),
    )


def _runs(built: Built, texts: Mapping[str, str], form: str = "runs") -> str:
    total = built.good + built.bad
    return texts[form].format(good=f"{built.good:,}", total=f"{total:,}") if total else texts["none"]


def _objective(standing: Standing, words: Words, texts: Mapping[str, str]) -> str:
    target = target_percent(standing.target)
    if standing.actual is None or standing.left_percent is None:
        return texts["objective_unknown"].format(target=target)
    return texts["objective"].format(
        actual=ratio_percent(standing.actual, standing.target),
        target=target,
        left=faithful(standing.left_percent, Fraction(0), Fraction(20), Fraction(100)),
        status=words.told("status", standing.status),
    )


def _details(built: Built) -> dict[str, object]:
    period = built.period
    return {
        "pipeline": built.pipeline,
        "period": {"kind": period.kind.value, "name": period.name, "first": period.first, "last": period.last},
        "finished": built.finished,
        "runs": {"good": built.good, "bad": built.bad},
        "objectives": [
            {"name": each.name, "status": each.status, "target": each.target, "actual": each.actual}
            for each in built.objectives
        ],
    }
