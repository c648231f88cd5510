"""The list of all reports in a folder, so that a folder is a small site."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from lumen_action.errors import ConfigError
from lumen_action.files import read_as_told, write_as_told
from lumen_action.report.document import Tone
from lumen_action.report.model import PeriodKind
from lumen_action.report.web.listed import Listed, NotJsonError, listed
from lumen_action.report.web.page import INDEX, sign
from lumen_action.report.web.shell import text, whole
from lumen_action.report.web.style import STYLE
from lumen_action.report.words import Words, words_of

_FORMS = {"html": "HTML", "pdf": "PDF", "md": "Markdown", "csv": "CSV", "json": "JSON"}
_MOST_BYTES = 8 << 20
_NAME = 200
_SENTENCE = 2000


def refresh(folder: Path, language: str) -> Path:
    """Write `index.html` anew over all reports of a folder, and say where; files that are none are named in it."""
    words = words_of(language)
    reports, left_out = [], []
    for file in sorted(folder.glob("*.json")):
        if file.name.startswith(".") or not file.is_file():
            continue
        try:
            reports.append(listed(read_as_told(file.name, file, _MOST_BYTES, ""), file.stem))
        except ConfigError:
            left_out.append(words.say("index.unreadable", file=file.name))
        except NotJsonError:
            left_out.append(words.say("index.no_json", file=file.name))
        except ValueError:
            left_out.append(words.say("index.no_report", file=file.name))
    forms = {
        report.stem: [form for form in _FORMS if (folder / f"{report.stem}.{form}").is_file()] for report in reports
    }
    target = folder / INDEX
    write_as_told("out", target, _page(reports, forms, left_out, words))
    return target


def _page(reports: Iterable[Listed], forms: dict[str, list[str]], left_out: list[str], words: Words) -> str:
    kinds = list(PeriodKind)
    ordered = sorted(reports, key=lambda report: report.stem)
    ordered.sort(key=lambda report: report.period.first, reverse=True)
    ordered.sort(key=lambda report: (report.pipeline, kinds.index(report.period.kind)))
    pipelines = "".join(
        _pipeline(name, list(group), forms, words) for name, group in groupby(ordered, lambda report: report.pipeline)
    )
    title = text(words["label.all_reports"])
    skipped = "".join(f"<li>{text(told, _NAME)}</li>\n" for told in left_out)
    footer = f"<footer>\n<p>{text(words['index.left_out'])}</p>\n<ul>\n{skipped}</ul>\n</footer>\n" if skipped else ""
    nothing = f"<p>{text(words['index.none'])}</p>\n"
    body = f"<header>\n<h1>{title}</h1>\n</header>\n<main>\n{pipelines or nothing}</main>\n{footer}"
    return whole(words.code, words["label.all_reports"], STYLE, body)


def _pipeline(name: str, reports: list[Listed], forms: dict[str, list[str]], words: Words) -> str:
    kinds = "".join(
        f"<h3>{text(words['index.' + kind.value])}</h3>\n"
        f'<ul class="reports">\n{"".join(_report(report, forms[report.stem], words) for report in group)}</ul>\n'
        for kind, group in groupby(reports, lambda report: report.period.kind)
    )
    return f"<section>\n<h2>{text(name, _NAME)}</h2>\n{kinds}</section>\n"


def _report(report: Listed, forms: list[str], words: Words) -> str:
    of_a_day = report.period.kind is PeriodKind.DAY
    period = words.span(report.period) if of_a_day else words.period(report.period, "title")
    first, *others = forms
    days = "" if of_a_day else f' <span class="soft">{text(words.span(report.period))}</span>'
    goes_on = "" if report.finished else f' <span class="soft">({text(words["index.goes_on"])})</span>'
    links = "".join(f"<li>{_link(report.stem, form, _FORMS[form], period)}</li>" for form in others)
    sentence = report.sentences.get(words.code, report.sentences["en"])
    return (
        f'<li class="card">\n<p class="head"><strong>{_link(report.stem, first, period)}</strong>'
        f"{days}{goes_on} {_state(report, words)}</p>\n"
        f"<p>{text(sentence, _SENTENCE)}</p>\n" + (f'<ul class="forms">{links}</ul>\n' if links else "") + "</li>\n"
    )


def _state(report: Listed, words: Words) -> str:
    if report.state is None or report.tone is Tone.PLAIN:
        return ""
    return f'<span class="tag {report.tone.value}">{sign(report.tone)}{text(words.told(*report.state))}</span>'


def _link(stem: str, form: str, shown: str, of: str = "") -> str:
    # Without the dot and slash a name like `a:b` would be an address of its own.
    unseen = f'<span class="unseen">: {text(of, _NAME)}</span>' if of else ""
    return f'<a href="./{quote(os.fsencode(stem))}.{form}">{text(shown, _NAME)}{unseen}</a>'
