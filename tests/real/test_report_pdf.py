"""PDF reports as a real reader sees them: PDFium, which Chromium opens them with."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from golden import assert_golden
from loopback import Quiet, answering
from pdfreading import Pdf, hangul, latin, nanum, squeezed
from sampledocuments import EMPTY, ENGLISH, HOSTILE, KOREAN

from lumen_action.report import pdf
from lumen_action.report.document import Bullets, Cell, Document, Paragraph, Section, Table
from lumen_action.report.pdf.fonts import Fonts
from lumen_action.report.pdf.looks import LEFT, PAGE_HEIGHT, PAGE_WIDTH, TOP
from lumen_action.report.pdf.texts import texts

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = {"en": ENGLISH, "ko": KOREAN, "hostile": HOSTILE, "empty": EMPTY}
ALONE = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests" / "support")!r}]
from lumen_action.report import pdf
assert "reportlab" not in sys.modules
from lumen_action.report.pdf.fonts import find
from sampledocuments import ENGLISH, HOSTILE, KOREAN
fonts = find({{nanum!r}})
"""


@pytest.fixture(scope="module", params=DOCUMENTS)
def document(request: pytest.FixtureRequest) -> Document:
    return DOCUMENTS[request.param]


@pytest.fixture(scope="module")
def read(document: Document) -> Pdf:
    return Pdf(pdf.render(document, hangul()))


def alone(code: str, **environ: str) -> str:
    """Run code in a process of its own, and return what it prints."""
    command = [sys.executable, "-c", ALONE.format(nanum=str(nanum())) + code]
    done = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_every_text_of_the_document_can_be_copied_out(document: Document, read: Pdf) -> None:
    assert len(list(texts(document))) > 5
    # Below a chart stand as many names as fit; of a text that is cut for its length the beginning is enough.
    below = {
        name for section in document.sections for block in section.blocks for name in getattr(block, "x_labels", ())
    }
    wanted = [squeezed(hangul().regular.drawable(text)) for text in texts(document) if text not in below]
    begun = [text if len(text) < 200 else text[:40] for text in wanted]
    assert [text for text in begun if text not in squeezed(read.body)] == []


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_text_of_the_pages(language: str) -> None:
    read = Pdf(pdf.render(DOCUMENTS[language], hangul()))
    assert_golden(f"report-pdf/{language}.txt", "\n\f\n".join(read.texts) + "\n")


def test_every_section_is_in_the_outline_on_its_page(document: Document, read: Pdf) -> None:
    titles = [section.title for section in document.sections]
    assert [title for title, _ in read.outline] == [" ".join(hangul().bold.drawable(title).split()) for title in titles]
    assert all(squeezed(title) in squeezed(read.texts[page]) for title, page in read.outline)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_reader_is_told_what_it_is_in_which_language(language: str) -> None:
    document = DOCUMENTS[language]
    read = Pdf(pdf.render(document, hangul()))
    assert {name: read.metadata[name] for name in ("Title", "Subject", "Author", "Creator")} == {
        "Title": document.title,
        "Subject": document.answer.text,
        "Author": "Lumen SLI Action",
        "Creator": "Lumen SLI Action",
    }
    assert read.language == language
    assert b"/DisplayDocTitle true" in read.content


def test_pages_are_a4_and_their_margins_empty(read: Pdf) -> None:
    for number, size in enumerate(read.sizes):
        assert size == pytest.approx((PAGE_WIDTH, PAGE_HEIGHT), abs=0.01)
        picture = read.picture(number)
        assert picture.is_white(0, 0, int(LEFT) - 1, picture.height)
        assert picture.is_white(int(PAGE_WIDTH - LEFT) + 2, 0, picture.width, picture.height)
        assert picture.is_white(0, 0, picture.width, int(TOP) - 32)
        assert picture.is_white(0, picture.height - 26, picture.width, picture.height)
        assert not picture.is_white(0, 0, picture.width, picture.height)


@pytest.mark.parametrize("fonts", [hangul(), latin()], ids=["hangul", "latin"])
def test_every_font_is_in_the_file(fonts: Fonts) -> None:
    content = pdf.render(HOSTILE, fonts)
    used = set(re.findall(rb"/BaseFont /(\S+)", content))
    assert all(
        re.fullmatch(rb"[A-Z0-9]{6}\+(NanumGothic(Bold)?|BitstreamVeraSans-(Roman|Bold))", name) for name in used
    )
    kinds = re.findall(rb"/Subtype /(Type0|Type1|Type3|TrueType|CIDFont\w+)", content)
    assert set(kinds) == {b"TrueType"}
    # More letters than fit into one coded font make several, each of its own part of the file.
    assert content.count(b"/FontFile2 ") == len(kinds)


def test_runs_are_links() -> None:
    links = Pdf(pdf.render(ENGLISH, hangul())).links
    assert "https://ci.example/acme/shop/runs/106" in links
    assert "https://ci.example/incidents/7" in links
    assert set(Pdf(pdf.render(HOSTILE, hangul())).links) - set(links) == {
        "https://ci.example/run?x=1&y=%3Cb%3E",
        "https://ci.example/1",
    }


@pytest.mark.parametrize(
    ("url", "followed"),
    [
        ("https://ci.example/(a)\\b)?x=%20&y=[1]#z", "https://ci.example/(a)\\b)?x=%20&y=[1]#z"),
        ("https://ci.example/한?q=é", "https://ci.example/%ED%95%9C?q=%C3%A9"),
        ("https://ci.example/" + "x" * 5000, "https://ci.example/" + "x" * 5000),
    ],
)
def test_an_address_of_any_letters_is_kept_whole(url: str, followed: str) -> None:
    document = replace(EMPTY, sections=(Section("a", "A", (Bullets((Cell("a run", url=url),)),)),))
    assert Pdf(pdf.render(document, hangul())).links == [followed]


def test_the_same_document_is_the_same_file_in_every_process_zone_and_place(tmp_path: Path) -> None:
    code = (
        "import hashlib\nprint(*(hashlib.sha256(pdf.render(d, fonts)).hexdigest() for d in (ENGLISH, KOREAN, HOSTILE)))"
    )
    here = [hashlib.sha256(pdf.render(each, hangul())).hexdigest() for each in (ENGLISH, KOREAN, HOSTILE)]
    for environ in (
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Seoul"},
        {"PYTHONHASHSEED": "2", "TZ": "America/New_York", "HOME": str(tmp_path)},
    ):
        assert alone(code, **environ).split() == here


def test_hostile_text_opens_no_file_and_no_address(tmp_path: Path) -> None:
    seen: list[str] = []

    def answer(request: Quiet) -> None:
        seen.append(request.path)
        request.reply(200, {}, b"")

    trap = tmp_path / "trap.png"
    trap.write_bytes(b"trap")
    with answering(answer) as url:
        markup = [
            form.format(target)
            for target in (url, f"{url}/x.png", str(trap), f"file://{trap}")
            for form in (
                '<img src="{}"/>',
                "<img src={}>",
                '<a href="{}">a</a>',
                '<link href="{}"/>',
                "<para bulletImage='{}'>",
            )
        ]
        code = f"""
from dataclasses import replace
from lumen_action.report.document import Bullets, Cell, Paragraph, Section, Table
texts = {markup!r}
blocks = [Paragraph(text) for text in texts] + [Bullets(tuple(map(Cell, texts)))]
blocks.append(Table(texts[0], tuple(texts[:2]), tuple((Cell(text), Cell(text, code=True)) for text in texts)))
trapped = replace(HOSTILE, title=texts[0], sections=(Section("a", texts[0], tuple(blocks)), *HOSTILE.sections))
for document in (ENGLISH, KOREAN, HOSTILE):
    pdf.render(document, fonts)
events = []
watching = True
sys.addaudithook(lambda name, given: watching and events.append(f"{{name}} {{given}}"))
content = pdf.render(trapped, fonts)
watching = False
import json
print(json.dumps([event for event in events if event.split()[0].split(".")[0] in
      ("open", "socket", "subprocess", "os", "urllib", "import", "exec", "compile", "ctypes", "shutil", "tempfile")]))
print(any(name.startswith(("reportlab.platypus", "reportlab.graphics")) for name in sys.modules))
print(len(content) > 10_000)
"""
        events, engines, whole = alone(code).splitlines()
    assert json.loads(events) == []
    assert (engines, whole, seen) == ("False", "True", [])


def test_a_file_holds_no_script_and_no_form() -> None:
    content = re.sub(rb"(?s)\bstream\b.*?\bendstream\b", b"", pdf.render(HOSTILE, hangul()))
    assert b"/URI" in content
    for name in (b"/JavaScript", b"/JS", b"/Launch", b"/OpenAction", b"/AcroForm", b"/EmbeddedFile", b"/SubmitForm"):
        assert not re.search(rb"%b\b" % name, content)


def test_a_report_of_many_letters_is_whole() -> None:
    letters = "".join(chr(code) for code in range(ord("가"), ord("가") + 2000))
    blocks = (Paragraph(letters), Table("t", ("a",), ((Cell(letters[:100]),),)))
    read = Pdf(pdf.render(replace(EMPTY, sections=(Section("a", "A", blocks),)), hangul()))
    assert letters in squeezed(read.body)
