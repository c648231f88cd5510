"""The pages of reports in a real Chromium: on a phone, a laptop and paper, in light and dark, full of hostile words."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import loopback
import pypdfium2
import pytest
import sampledocuments
import servers
from browser import Browser, Page

from lumen_action.report.composing import compose
from lumen_action.report.document import Bullets, Cell, Document, Paragraph, Section, Table, Tone
from lumen_action.report.web.index import refresh
from lumen_action.report.web.page import render
from lumen_action.report.words import LANGUAGES, words_of

PHONE, TABLET, LAPTOP = 390, 780, 1280
EACH_LAYOUT_AT_ITS_NARROWEST = (PHONE, 710, TABLET, 970, 1220)
DOCUMENTS = {
    "english": sampledocuments.ENGLISH,
    "korean": sampledocuments.KOREAN,
    **{f"composed in {code}": compose(sampledocuments.REPORT, words_of(code)) for code in LANGUAGES},
    "hostile": sampledocuments.HOSTILE,
    "nearly empty": sampledocuments.EMPTY,
}
LOOKS = {
    f"{width}, {'dark' if dark else 'light'}": (width, dark) for width in (PHONE, LAPTOP) for dark in (False, True)
}
A4_POINTS = (595, 842)
SMALLEST_LETTERS = 11
_LETTERS = """[...document.querySelectorAll('svg text')].filter(each => each.getClientRects().length)
  .map(each => parseFloat(getComputedStyle(each).fontSize) * each.getScreenCTM().a)"""
_CUT = """[...document.querySelectorAll('svg text')].filter(each => each.getClientRects().length).filter(each => {
  const inner = each.getBoundingClientRect(), outer = each.ownerSVGElement.getBoundingClientRect()
  return inner.left < outer.left - 1 || inner.right > outer.right + 1
    || inner.top < outer.top || inner.bottom > outer.bottom
}).map(each => each.textContent)"""
_TOUCHING = """[...document.querySelectorAll('svg')].flatMap(drawing => {
  const boxes = [...drawing.querySelectorAll('text')].filter(each => each.getClientRects().length)
    .map(each => [each.textContent, each.getBoundingClientRect()])
  return boxes.flatMap(([name, a], index) => boxes.slice(index + 1)
    .filter(([, b]) => a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom)
    .map(([other]) => `${name} / ${other}`))
})"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    try:
        running = Browser(tmp_path_factory.mktemp("chromium"))
    except servers.MissingProgramError as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    yield running
    running.stop()


@pytest.fixture
def showing(chromium: Browser, tmp_path: Path) -> Iterator[Callable[[str], Page]]:
    """Return what opens a page from a file."""
    with contextlib.ExitStack() as open_pages:

        def show(html: str) -> Page:
            file = tmp_path / "page.html"
            file.write_text(html, encoding="utf-8")
            return open_pages.enter_context(chromium.opened(file))

        yield show


def axe() -> str:
    (folder,) = importlib.util.find_spec("axe_core_python").submodule_search_locations
    return Path(folder, "axe.min.js").read_text(encoding="utf-8")


def faults(page: Page) -> list[str]:
    """Return what axe-core calls serious or critical, and what it says of it."""
    page.ask(f"{axe()}; void 0")
    found = json.loads(page.ask("axe.run().then(told => JSON.stringify(told.violations))"))
    return [
        f"{fault['id']}: {node['failureSummary']} {node['html'][:200]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_axe_finds_no_serious_fault(showing: Callable[[str], Page], name: str, look: str) -> None:
    page = showing(render(DOCUMENTS[name]))
    width, dark = LOOKS[look]
    page.look(width=width, dark=dark)
    page.ask("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert faults(page) == []


def test_axe_finds_what_is_planted(showing: Callable[[str], Page]) -> None:
    page = showing(render(sampledocuments.ENGLISH).replace("--soft: #57606a", "--soft: #c8ccd0", 1))
    page.look()
    assert any(fault.startswith("color-contrast") for fault in faults(page))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_asks_for_nothing_and_the_console_is_silent(showing: Callable[[str], Page], name: str) -> None:
    page = showing(render(DOCUMENTS[name]))
    assert (page.requested, page.complaints) == ([page.url], [])


@pytest.mark.parametrize("width", EACH_LAYOUT_AT_ITS_NARROWEST)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_nobody_has_to_scroll_sideways(showing: Callable[[str], Page], name: str, width: int) -> None:
    page = showing(render(DOCUMENTS[name]))
    page.look(width=width)
    assert page.ask("innerWidth") == width
    assert page.ask("document.documentElement.scrollWidth") <= width
    inner = "[...document.querySelectorAll('.panel')].filter(each => each.scrollWidth > each.clientWidth)"
    assert page.ask(f"{inner}.map(each => each.textContent)") == []


@pytest.mark.parametrize("width", [PHONE, TABLET, LAPTOP])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_labels_of_charts_are_legible_whole_and_apart(showing: Callable[[str], Page], name: str, width: int) -> None:
    page = showing(render(DOCUMENTS[name]))
    page.look(width=width)
    letters = page.ask(_LETTERS)
    assert bool(letters) == (name != "nearly empty")
    assert [size for size in letters if size < SMALLEST_LETTERS] == []
    assert page.ask(_CUT) == []
    assert page.ask(_TOUCHING) == []


def traps(http: str, file: str) -> tuple[str, ...]:
    """Return words that would fetch, if they were more than words."""
    return tuple(
        shape.format(address)
        for address in (http, file)
        for shape in (
            '<img src="{}">',
            '"><img src="{}">',
            "</title></style><link rel=stylesheet href='{}'>",
            "</p></td></svg><iframe src={}></iframe>",
            "<script src='{}'></script>",
            "<svg><image href='{}'/></svg>",
            "<style>@import url({});</style>",
            "<meta http-equiv=refresh content='0;url={}'>",
        )
    )


def trapped(words: tuple[str, ...]) -> Document:
    """Return a document with these words in every place."""
    made = sampledocuments.ENGLISH
    texts = iter(words * 40)

    def foreign(cell: Cell) -> Cell:
        return replace(cell, text=next(texts))

    sections = []
    for section in made.sections:
        blocks = []
        for block in section.blocks:
            if isinstance(block, Table):
                rows = tuple(tuple(foreign(cell) for cell in row) for row in block.rows)
                blocks.append(
                    replace(block, caption=next(texts), head=tuple(next(texts) for _ in block.head), rows=rows)
                )
            elif isinstance(block, Bullets):
                blocks.append(replace(block, items=tuple(foreign(cell) for cell in block.items)))
            elif isinstance(block, Paragraph):
                blocks.append(replace(block, text=next(texts)))
            else:
                blocks.append(replace(block, title=next(texts), says=next(texts)))
        sections.append(Section(section.anchor, next(texts), tuple(blocks)))
    return Document(
        "en", next(texts), next(texts), Paragraph(" ".join(words), Tone.BAD), tuple(sections), next(texts), next(texts),
        made.labels,
    )  # fmt: skip


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Return an address of loopback, one of a file, and what the server of the first was asked for."""
    asked: list[str] = []

    def answer(request: loopback.Quiet) -> None:
        asked.append(request.path)
        request.reply(200, {"Content-Type": "text/plain"}, b"")

    file = tmp_path / "trap.txt"
    file.write_text("secret")
    with loopback.answering(answer) as url:
        yield f"{url}/trap", file.as_uri(), asked


def test_hostile_words_are_shown_and_fetch_nothing(
    showing: Callable[[str], Page], trap: tuple[str, str, list[str]]
) -> None:
    http, file, asked = trap
    words = traps(http, file)
    page = showing(render(trapped(words)))
    shown = page.ask("document.body.textContent")
    assert [word for word in words if word not in shown] == []
    assert (page.requested, page.complaints, asked) == ([page.url], [], [])
    assert page.ask("document.querySelectorAll('img, script, iframe, link, image, use, style ~ style').length") == 0


@pytest.mark.parametrize("place", ["http", "file"])
def test_the_traps_catch(showing: Callable[[str], Page], trap: tuple[str, str, list[str]], place: str) -> None:
    http, file, asked = trap
    address = http if place == "http" else file
    page = showing(f'<!doctype html><title>t</title><img src="{address}" alt="">')
    assert page.requested == [page.url, address]
    assert asked == (["/trap"] if place == "http" else [])


def test_the_policy_of_a_page_refuses_what_escaping_would_have_missed(
    showing: Callable[[str], Page], trap: tuple[str, str, list[str]]
) -> None:
    http, _, asked = trap
    html = render(sampledocuments.ENGLISH).replace("</main>", f'<img src="{http}" alt=""></main>')
    page = showing(html)
    assert asked == []
    assert any("Content Security Policy" in complaint for complaint in page.complaints)


def test_a_keyboard_gets_to_the_content_first_and_sees_where_it_is(showing: Callable[[str], Page]) -> None:
    page = showing(render(sampledocuments.ENGLISH))
    page.look()
    page.press("Tab")
    assert page.ask("document.activeElement.textContent") == "Skip to content"
    assert page.ask("document.activeElement.getBoundingClientRect().left") >= 0
    assert page.ask("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press("Enter")
    assert page.ask("document.activeElement.id || location.hash") in ("content", "#content")


def letters(words: str) -> str:
    """Return what is left of a text however its lines are broken, for example at a hyphen."""
    return "".join(filter(str.isalnum, words))


def texts(document: Document) -> Iterator[str]:
    for section in document.sections:
        yield section.title
        for block in section.blocks:
            if isinstance(block, Table):
                yield from (cell.text for row in block.rows for cell in row)


@pytest.mark.parametrize("name", ["english", "korean", "composed in en", "composed in ko"])
def test_on_paper_it_is_a4_and_nothing_is_missing(showing: Callable[[str], Page], name: str) -> None:
    document = DOCUMENTS[name]
    page = showing(render(document))
    with pypdfium2.PdfDocument(page.printed()) as pdf:
        sizes = {tuple(map(round, sheet.get_size())) for sheet in pdf}
        said = letters("".join(sheet.get_textpage().get_text_range() for sheet in pdf))
    assert sizes == {A4_POINTS}
    missing = [text for text in (document.answer.text, *texts(document)) if letters(text) not in said]
    assert missing == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_paper_is_light_even_where_the_screen_is_dark(showing: Callable[[str], Page], name: str) -> None:
    page = showing(render(DOCUMENTS[name]))
    page.look(width=680, dark=True, medium="print")
    assert page.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.ask("document.documentElement.scrollWidth") <= 680
    hidden = "[...document.querySelectorAll('nav, details, .skip')].filter(each => each.getClientRects().length).length"
    assert page.ask(hidden) == 0


def report(name: str, **more: object) -> dict[str, Any]:
    period = {"kind": "week", "name": name, "first": "2026-03-02", "last": "2026-03-08"}
    sentence = {"en": "nightly kept its promise.", "ko": "nightly: 약속을 지켰습니다."}
    objectives = [{"status": "healthy", "verdict": "met"}]
    return {
        "report_version": 1, "pipeline": "nightly", "period": period, "sentence": sentence, "finished": True,
        "runs": {}, "objectives": objectives, **more,
    }  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
def test_the_index_has_no_serious_fault_either(chromium: Browser, tmp_path: Path, look: str) -> None:
    width, dark = LOOKS[look]
    for number, more in enumerate(
        ({}, {"objectives": [{"status": "exhausted", "verdict": "violated"}]}, {"pipeline": "<b>" + "x" * 300})
    ):
        name = f"2026-W{number + 10}"
        (tmp_path / f"nightly-{name}.json").write_text(json.dumps(report(name, **more)))
        (tmp_path / f"nightly-{name}.html").write_text("")
    (tmp_path / "other.json").write_text("{")
    with chromium.opened(refresh(tmp_path, "en")) as page:
        page.look(width=width, dark=dark)
        assert faults(page) == []
        assert page.ask("document.documentElement.scrollWidth") <= width
        assert (page.requested, page.complaints) == ([page.url], [])
