"""The page opens anywhere, answers first, and shows foreign words as words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from golden import assert_golden_page
from hypothesis import given
from hypothesis import strategies as st
from outline import Outline
from states import DNS, GENERATED_AT, TITLE, WEEK, folded, run_facts

from lumen_action.model import ErrorClass, Outcome
from lumen_action.report.page import DAYS, RUNS, answer, render
from lumen_action.report.style import STYLE
from lumen_action.sli.state import DayState, PipelineState, RegionState, RunResult, StageResult, State

KNOWN = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "h4", "p", "main", "section", "ol",
    "ul", "li", "time", "span", "small", "dl", "dt", "dd", "svg", "rect", "b", "div", "table", "thead", "tbody", "tr",
    "th", "td", "a", "code", "footer",
}  # fmt: skip


def page(state: State) -> str:
    return render(state, title=TITLE, generated_at=GENERATED_AT)


def hostile(text: str) -> State:
    """Return a state in which every word is this text."""
    failure = replace(DNS, subclass=text, signature=text, evidence=text)
    nightly = WEEK.pipelines["nightly"]
    run = replace(
        nightly.runs[-1],
        region=text,
        run_id=text,
        day=text,
        url=f"https://github.com/{text}",
        outcome=Outcome.FAILURE,
        failure=failure,
        stages=(StageResult(text, Outcome.FAILURE, 1, 0, failure=failure),),
    )
    return State(
        pipelines={
            text: PipelineState(
                pipeline=text,
                regions={text: RegionState(text, runs=1, failed={ErrorClass.NETWORK: 1})},
                days=(DayState(text, Outcome.SUCCESS, text, {text: Outcome.SUCCESS}),),
                runs=(run, replace(run, url=text)),
            )
        }
    )


def test_the_whole_page() -> None:
    assert_golden_page("page/week.html", page(WEEK), STYLE)


def test_the_answer_comes_first() -> None:
    assert answer(WEEK.pipelines["nightly"]) == (
        "nightly: 4 of 10 runs succeeded; 2026-01-02 was won by eu-west-1; "
        "last failure: deploy in ap-northeast-2 on 2026-01-02, token_expired/secret_expired."
    )


def test_the_answer_before_anything_has_ended() -> None:
    state = folded(run_facts(5, "eu-west-1", ended=False))
    assert answer(state.pipelines["nightly"]) == "nightly: no run has ended yet."


def test_an_empty_state_says_so() -> None:
    assert "Nothing has been recorded yet." in Outline(page(State())).text


@pytest.mark.parametrize("outcome", [*Outcome, None])
def test_no_day_is_told_by_colour_alone(outcome: Outcome | None) -> None:
    state = State(pipelines={"nightly": PipelineState("nightly", days=(DayState("2026-01-02", outcome),))})
    word = outcome.value if outcome else "open"
    assert re.search(rf"2026-01-02 [✓✕○] {word}\b", Outline(page(state)).text)


def test_region_cards_show_the_exact_counters() -> None:
    shown = Outline(page(WEEK)).text
    assert (
        "ap-northeast-2 2 of 5 runs succeeded failed at first 3 build 1 network 1 token_expired 1 failed in a row 3"
        in shown
    )
    assert "eu-west-1 2 of 5 runs succeeded failed at first 3 build 1 network 2 failed in a row 0" in shown


def test_classes_are_bars_with_numbers() -> None:
    outline = Outline(page(WEEK))
    assert "network 3 build 2 token_expired 1" in outline.text
    assert [bar["width"] for bar in outline.tags("rect")] == ["100.0", "66.7", "33.3"]


def test_each_run_shows_its_stages_and_its_cause() -> None:
    shown = Outline(page(WEEK)).text
    assert "✓ setup ✕ build: failure network/dns, line 812: curl: (6) Could not resolve host" in shown


def test_long_histories_are_cut_to_the_latest() -> None:
    nightly = WEEK.pipelines["nightly"]
    many = replace(
        nightly,
        days=tuple(DayState(f"day {number:03}", Outcome.SUCCESS) for number in range(90)),
        runs=tuple(replace(nightly.runs[0], run_id=f"number {n:03}", completed_ms=n + 1) for n in range(90)),
    )
    html = page(State(pipelines={"nightly": many}))
    assert re.findall(r"<time>day (\d+)</time>", html) == [f"{number:03}" for number in range(90 - DAYS, 90)]
    assert re.findall(r">number (\d+)</a>", html) == [f"{number:03}" for number in range(89, 89 - RUNS, -1)]
    assert f"The latest {RUNS} of 90 runs." in html


def test_nothing_is_loaded_and_nothing_can_run() -> None:
    html = page(WEEK)
    outline = Outline(html)
    assert not {tag for tag, _ in outline.seen} & {"script", "link", "img", "iframe", "object", "embed", "form"}
    assert not re.search(r"url\(|@import", html)
    assert {name for _, attrs in outline.seen for name in attrs if name.startswith("on") or name == "src"} == set()
    assert {"http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"} in (
        outline.tags("meta")
    )


def test_it_can_be_read_by_ear_and_by_keyboard() -> None:
    outline = Outline(page(WEEK))
    assert outline.tags("html") == [{"lang": "en"}]
    for landmark in ("header", "main", "footer", "h1"):
        assert len(outline.tags(landmark)) == 1
    assert all(head["scope"] == "col" for head in outline.tags("th"))
    assert all(picture["aria-hidden"] == "true" for picture in outline.tags("svg"))
    assert all(cell["data-label"] for cell in outline.tags("td"))


@given(
    st.text(max_size=40) | st.sampled_from(["<script>", '"><img src=x>', "</style>", "&lt;", "'\"", "\u202e", "]]>"])
)
def test_foreign_words_stay_words(text: str) -> None:
    html = page(hostile(text))
    outline = Outline(html)
    assert {tag for tag, _ in outline.seen} <= KNOWN
    assert {name for _, attrs in outline.seen for name in attrs} <= {
        "lang", "charset", "name", "content", "http-equiv", "class", "aria-label", "viewbox", "preserveaspectratio",
        "aria-hidden", "width", "height", "rx", "role", "scope", "data-label", "href", "rel",
    }  # fmt: skip
    assert all(str(attrs["href"]).startswith("https://github.com/") for attrs in outline.tags("a"))
    assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e]", html)
    html.encode()


def test_a_run_without_stages_is_shown() -> None:
    run = RunResult(WEEK.pipelines["nightly"].runs[0].ref, "nightly", "eu", "2026-01-02", "", 2, Outcome.CANCELLED)
    shown = Outline(page(State(pipelines={"nightly": PipelineState("nightly", runs=(run,))}))).text
    assert "not yet eu ○ cancelled 70 attempt 2" in shown
