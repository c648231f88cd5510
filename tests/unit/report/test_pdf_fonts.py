"""The font of the PDF is a whole file of this machine, and one that cannot do says what helps."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pdfreading import hangul, latin, nanum
from sampledocuments import ENGLISH, HOSTILE, KOREAN

from lumen_action.errors import ConfigError
from lumen_action.report import pdf
from lumen_action.report.pdf.fonts import find

FIX = r"install one \(Debian, Ubuntu: apt-get install fonts-nanum\) or name a TrueType file with pdf-font$"


def test_one_that_is_named_is_taken_with_the_bold_one_beside_it() -> None:
    fonts = find(str(nanum()))
    assert fonts.korean
    assert fonts.regular != fonts.bold
    assert fonts.bold == find(str(nanum().with_name("NanumGothicBold.ttf"))).regular


@pytest.mark.parametrize("bold", ["Some-Bold.ttf", "SomeBold.ttf", "Somebd.ttf"])
def test_the_bold_one_is_known_by_its_name(tmp_path: Path, bold: str) -> None:
    shutil.copy(nanum(), tmp_path / "Some-Regular.ttf")
    shutil.copy(nanum().with_name("NanumGothicBold.ttf"), tmp_path / bold)
    assert find(str(tmp_path / "Some-Regular.ttf")) == hangul()


def test_without_a_bold_one_that_has_the_same_letters_all_is_regular(tmp_path: Path) -> None:
    alone = Path(shutil.copy(nanum(), tmp_path / "Some.ttf"))
    assert find(str(alone)).bold == hangul().regular
    shutil.copy(latin_file(), tmp_path / "SomeBold.ttf")
    assert find(str(alone)).bold == hangul().regular
    (tmp_path / "SomeBold.ttf").write_bytes(b"OTTO")
    assert find(str(alone)).bold == hangul().regular


def latin_file() -> Path:
    import reportlab

    return Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"


def test_one_that_is_installed_is_found_wherever_it_lies_the_best_first(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    shutil.copy(latin_file(), tmp_path / "malgun.ttf")
    assert find("", [tmp_path]).regular == latin().regular
    shutil.copy(nanum(), tmp_path / "deep" / "er" / "NanumGothic.ttf")
    assert find("", [tmp_path / "none", tmp_path]).regular == hangul().regular


def test_one_that_is_installed_but_damaged_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "NanumGothic.ttf").write_bytes(nanum().read_bytes()[:5000])
    assert find("", [tmp_path]) == latin()


def test_a_machine_without_any_writes_latin() -> None:
    assert not latin().korean
    assert pdf.render(ENGLISH, latin()).startswith(b"%PDF-")


def test_korean_without_hangul_is_refused_with_what_helps() -> None:
    with pytest.raises(ConfigError, match=rf"report.pdf-font: a Korean PDF needs a font that has Hangul; {FIX}"):
        pdf.render(KOREAN, latin())


def test_postscript_outlines_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "NotoSansCJK.otf").write_bytes(b"OTTO\x00\x0c" + bytes(200))
    with pytest.raises(ConfigError, match=rf"pdf-font: .*NotoSansCJK.otf has PostScript outlines .*; {FIX}"):
        find(str(tmp_path / "NotoSansCJK.otf"))


def test_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"pdf-font: .*none.ttf cannot be read \(No such file or directory\); {FIX}"):
        find(str(tmp_path / "none.ttf"))


@pytest.mark.parametrize(
    "content", [b"", b"text", b"ttcf\x00\x01\x00\x00" + bytes(40), b"\x00\x01\x00\x00\x00\x09" + bytes(900)]
)
def test_what_is_no_font_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "some.ttf").write_bytes(content)
    with pytest.raises(ConfigError, match=rf"pdf-font: .*some.ttf is no TrueType font that can be used \(.+\); {FIX}"):
        find(str(tmp_path / "some.ttf"))


@pytest.mark.parametrize("length", [100, 3000, 60_000, 1_000_000, 4_000_000])
def test_a_part_of_a_font_is_refused(tmp_path: Path, length: int) -> None:
    (tmp_path / "half.ttf").write_bytes(nanum().read_bytes()[:length])
    with pytest.raises(ConfigError, match=r"half\.ttf is no TrueType font"):
        find(str(tmp_path / "half.ttf"))


WITHOUT = """
import sys
class Without:
    def find_spec(self, name, *_):
        if name == "reportlab":
            raise {fault}("no index answers", name=name)
sys.meta_path.insert(0, Without())
sys.path.insert(0, {root!r})
from lumen_action.errors import LumenError
from lumen_action.report.pdf.fonts import find
try:
    find("")
except LumenError as fault:
    print(type(fault).__name__, fault)
"""


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("ModuleNotFoundError", "ConfigError report: a PDF needs reportlab; install lumen-sli-action[report]"),
        ("ImportError", "RemoteError report: a PDF needs reportlab, which cannot be loaded. no index answers"),
    ],
)
def test_without_its_package_it_says_what_is_missing(fault: str, told: str) -> None:
    code = WITHOUT.format(fault=fault, root=str(Path(__file__).resolve().parents[3]))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == told


def test_what_the_font_lacks_is_told() -> None:
    assert pdf.warning(KOREAN, hangul()) == ""
    assert pdf.warning(ENGLISH, latin()) == ""
    assert latin().warning(["가나 → ✓"]) == (
        "The PDF shows 2 letters by number, which its font lacks: U+AC00, U+B098. To have Hangul too, install one "
        "(Debian, Ubuntu: apt-get install fonts-nanum) or name a TrueType file with pdf-font."
    )
    assert pdf.warning(HOSTILE, hangul()).endswith("U+0000, U+0007, U+001B, U+200F, U+202E, ....")


def test_a_backslash_is_no_currency() -> None:
    face = hangul().regular
    parts = face.runs(r"C:\temp\x")
    assert [text for _, text in parts] == ["C:", "\\", "temp", "\\", "x"]
    assert {name for name, text in parts if text == "\\"} == {latin().regular.name}
    assert face.width("\\", 1000) == latin().regular.width("\\", 1000)
    assert replace(face, backslash="").runs("\\") == [(face.name, "\\")]
