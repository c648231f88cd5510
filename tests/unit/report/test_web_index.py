"""An index lists what is a report, newest first, and leaves out with a word what only looks like one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from golden import assert_golden_page
from hypothesis import given
from hypothesis import strategies as st
from outline import Outline

from lumen_action.errors import ConfigError
from lumen_action.report.web.index import refresh
from lumen_action.report.web.listed import listed
from lumen_action.report.web.style import STYLE

WEEK = {"kind": "week", "name": "2026-W10", "first": "2026-03-02", "last": "2026-03-08"}


def told(**more: object) -> dict[str, Any]:
    return {
        "report_version": 1,
        "pipeline": "nightly",
        "period": WEEK,
        "sentence": {"en": "nightly kept its promise.", "ko": "nightly: 약속을 지켰습니다."},
        "finished": True,
        "runs": {},
        "objectives": [{"status": "healthy", "verdict": "met"}],
        **more,
    }


def week(number: int) -> dict[str, str]:
    return {"kind": "week", "name": f"2026-W{number:02}", "first": f"2026-03-{number:02}", "last": "2026-03-31"}


def put(folder: Path, stem: str, *forms: str, **more: object) -> None:
    (folder / f"{stem}.json").write_text(json.dumps(told(**more)), encoding="utf-8")
    for form in forms:
        (folder / f"{stem}.{form}").write_text("")


def shown(folder: Path, language: str = "en") -> Outline:
    return Outline(refresh(folder, language).read_text(encoding="utf-8"))


def test_the_whole_index(tmp_path: Path) -> None:
    put(tmp_path, "nightly-2026-W10", "html", "pdf", "md", "csv")
    put(tmp_path, "nightly-2026-W09", "html", period=week(9), objectives=[{"status": "warning", "verdict": "met"}])
    month = {"kind": "month", "name": "2026-02", "first": "2026-02-01", "last": "2026-02-28"}
    put(tmp_path, "nightly-2026-02", "html", period=month, finished=False, objectives=[])
    day = {"kind": "day", "name": "2026-03-08", "first": "2026-03-08", "last": "2026-03-08"}
    put(tmp_path, "release-2026-03-08", "md", pipeline="release", period=day)
    (tmp_path / "package.json").write_text("{}")
    assert_golden_page("report-web/index.html", refresh(tmp_path, "en").read_text(encoding="utf-8"), STYLE)


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    assert "There is no report here yet." in shown(tmp_path).text


def test_the_newest_comes_first_in_each_pipeline_and_kind(tmp_path: Path) -> None:
    for stem, pipeline, number in (("a", "b", 9), ("b", "b", 11), ("c", "a", 10), ("d", "b", 10)):
        put(tmp_path, stem, "html", pipeline=pipeline, period=week(number))
    links = [str(link["href"]) for link in shown(tmp_path).tags("a")]
    assert [link for link in links if link.endswith("html")] == ["./c.html", "./b.html", "./d.html", "./a.html"]


def test_it_links_only_to_what_there_is(tmp_path: Path) -> None:
    put(tmp_path, "one", "pdf")
    assert [link["href"] for link in shown(tmp_path).tags("a")] == ["./one.pdf", "./one.json"]


@pytest.mark.parametrize(
    ("objectives", "word"),
    [
        ([], ""),
        ([{"status": "healthy", "verdict": "met"}], "✓ healthy"),
        ([{"status": "healthy", "verdict": "met"}, {"status": "warning", "verdict": "met"}], "! warning"),
        ([{"status": "exhausted", "verdict": "not_enough_evidence"}], "✕ exhausted"),
        ([{"status": "exhausted", "verdict": "violated"}, {"status": "healthy"}], "✕ violated"),
        ([{"status": "no_data", "verdict": "not_enough_evidence"}], "○ no data"),
        ([{"status": "healthy", "verdict": "not_enough_evidence"}], "○ not enough evidence"),
        ([{"status": "<b>", "verdict": 7}], ""),
    ],
)
def test_a_report_stands_as_its_worst_objective(tmp_path: Path, objectives: list[object], word: str) -> None:
    put(tmp_path, "one", "html", objectives=objectives)
    assert f"week 10 of 2026 2 to 8 March 2026 {word} nightly kept".replace("  ", " ") in shown(tmp_path).text


def test_a_period_that_goes_on_says_so(tmp_path: Path) -> None:
    put(tmp_path, "one", finished=False)
    assert "(not closed yet)" in shown(tmp_path).text


def test_korean(tmp_path: Path) -> None:
    put(tmp_path, "one", "html")
    outline = shown(tmp_path, "ko")
    assert outline.tags("html") == [{"lang": "ko"}]
    for word in ("모든 보고서", "2026년 10주차", "주간", "양호", "약속을 지켰습니다."):
        assert word in outline.text


def test_a_sentence_in_no_language_of_the_index_is_shown_in_english(tmp_path: Path) -> None:
    put(tmp_path, "one", sentence={"en": "In English only."})
    assert "In English only." in shown(tmp_path, "ko").text


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"[" * 200_000, "is not JSON"),
        (b"\xff\xfe", "cannot be read"),
        (b" " * (9 << 20), "cannot be read"),
        (b"[]", "is not a report"),
        (b'"text"', "is not a report"),
        (json.dumps(told(report_version="1")).encode(), "is not a report"),
        (json.dumps(told(report_version=True)).encode(), "is not a report"),
        (json.dumps(told(pipeline="")).encode(), "is not a report"),
        (json.dumps(told(finished="yes")).encode(), "is not a report"),
        (json.dumps(told(objectives={})).encode(), "is not a report"),
        (json.dumps(told(objectives=[1])).encode(), "is not a report"),
        (json.dumps(told(sentence="kept")).encode(), "is not a report"),
        (json.dumps(told(sentence={"ko": "x"})).encode(), "is not a report"),
        (json.dumps(told(period={**WEEK, "kind": "year"})).encode(), "is not a report"),
        (json.dumps(told(period={**WEEK, "kind": []})).encode(), "is not a report"),
        (json.dumps(told(period={**WEEK, "name": "../../etc"})).encode(), "is not a report"),
        (json.dumps(told(period={**WEEK, "first": "2026-02-30"})).encode(), "is not a report"),
        (json.dumps(told(period={**WEEK, "last": "20260308"})).encode(), "is not a report"),
    ],
    ids=range(20),
)
def test_what_is_no_report_is_left_out_with_a_word(tmp_path: Path, content: bytes, why: str) -> None:
    put(tmp_path, "good", "html")
    (tmp_path / "bad.json").write_bytes(content)
    outline = shown(tmp_path)
    assert f"bad.json {why}" in outline.text
    assert [link["href"] for link in outline.tags("a")] == ["./good.html", "./good.json"]


def test_hidden_files_and_folders_are_nobody_s_business(tmp_path: Path) -> None:
    (tmp_path / ".hidden.json").write_text("{")
    (tmp_path / "folder.json").mkdir()
    assert "Left out" not in shown(tmp_path).text


def test_the_name_of_a_file_is_no_address_of_its_own(tmp_path: Path) -> None:
    put(tmp_path, "javascript:alert(1)", "html")
    put(tmp_path, 'a"><b>?#%', "html")
    assert {str(link["href"]) for link in shown(tmp_path).tags("a")} == {
        "./javascript%3Aalert%281%29.html",
        "./javascript%3Aalert%281%29.json",
        "./a%22%3E%3Cb%3E%3F%23%25.html",
        "./a%22%3E%3Cb%3E%3F%23%25.json",
    }


def test_a_folder_that_takes_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "index.html").mkdir()
    with pytest.raises(ConfigError, match=r"index\.html"):
        refresh(tmp_path, "en")


def test_an_unknown_language_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="language"):
        refresh(tmp_path, "xx")


words = st.text(max_size=20) | st.sampled_from(["<script>", "</li>", '"', "\ud800", "\u202e", "=1"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(list(told())), values)
def test_any_value_in_any_place_is_a_report_or_is_refused(key: str, value: object) -> None:
    try:
        found = listed(json.dumps(told(**{key: value})), "one")
    except ValueError:
        return
    assert found.period.name == WEEK["name"]


@given(pipeline=words.filter(bool), sentence=words.filter(bool))
def test_foreign_words_of_a_report_stay_words(
    tmp_path_factory: pytest.TempPathFactory, pipeline: str, sentence: str
) -> None:
    folder = tmp_path_factory.mktemp("reports")
    put(folder, "one", pipeline="word", sentence={"en": "word"})
    plain = [tag for tag, _ in shown(folder).seen]
    put(folder, "one", pipeline=pipeline, sentence={"en": sentence})
    assert [tag for tag, _ in shown(folder).seen] == plain
