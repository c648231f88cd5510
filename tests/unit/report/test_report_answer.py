"""The first sentence of a report: true for every way in which a pipeline can stand, in both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sampledocuments import BROKEN, BROKEN_SLO, END_MS, MET, REPORT, SLO, UNSURE, evaluation, ms

from lumen_action.model import ErrorClass
from lumen_action.report.composing.answer import answer
from lumen_action.report.document import Tone
from lumen_action.report.model import Cause, Counted, Period, PeriodKind, Promise, Report
from lumen_action.report.words import words_of
from lumen_action.slo.evaluation import Evaluation, Judgement, Outlook, Status

NETWORK = Cause(ErrorClass.NETWORK, "network", "", 2, 4, 0)
WARNED = evaluation(200, 9, Status.WARNING, Judgement.MET)
SPENT = replace(evaluation(200, 10, Status.EXHAUSTED, Judgement.MET), outlook=Outlook(None, ms("2026-03-20T00:00:00")))
OVER = evaluation(12, 1, Status.EXHAUSTED, Judgement.NOT_ENOUGH_EVIDENCE)
NO_DATA = evaluation(0, 0, Status.NO_DATA, Judgement.NOT_ENOUGH_EVIDENCE)


def report(*evaluations: Evaluation, **more: object) -> Report:
    made = replace(REPORT, promises=tuple(Promise(each, None) for each in evaluations))
    return replace(made, **more)  # type: ignore[arg-type]


QUIET = {"runs": Counted(), "runs_before": Counted(), "classes": ()}
# What is asked about; what English and Korean say of it; how it is shown.
CASES = {
    "kept": (
        report(MET),
        (
            "nightly kept its promise and may ship: 47 of 50 runs succeeded in week 10, 60 % of the error budget "
            "is left; failures fell from 5 to 3, most of them network."
        ),
        (
            "nightly: 약속을 지켰고 배포해도 됩니다. 10주차에 실행 50건 중 47건이 성공했습니다. 오류 예산이 60 % "
            "남았습니다. 실패는 5건에서 3건으로 줄었습니다(대부분 네트워크)."
        ),
        Tone.GOOD,
    ),
    "kept with little left": (
        report(WARNED),
        (
            "nightly still keeps within its promise, but should ship with care: 47 of 50 runs succeeded in "
            "week 10, only "
            "10 % of the error budget is left; failures fell from 5 to 3, most of them network."
        ),
        (
            "nightly: 약속을 아직 지키고 있지만 신중히 배포해야 합니다. 10주차에 실행 50건 중 47건이 성공했습니다. "
            "오류 예산이 10 %만 남았습니다. 실패는 5건에서 3건으로 줄었습니다(대부분 네트워크)."
        ),
        Tone.WARN,
    ),
    "kept so far, and not proven": (
        report(evaluation(30, 1, Status.HEALTHY, Judgement.NOT_ENOUGH_EVIDENCE), runs=Counted(7), classes=()),
        (
            "nightly keeps within its promise and may ship: all 7 runs succeeded in week 10, 33.33 % of the error "
            "budget is left, and it takes 61 more good events to show it; failures fell from 5 to 0."
        ),
        (
            "nightly: 약속을 지키고 있어 배포해도 됩니다. 10주차에 실행 7건이 모두 성공했습니다. 오류 예산이 33.33 % "
            "남았습니다. 입증하려면 성공 이벤트 61건이 더 필요합니다. 실패는 5건에서 0건으로 줄었습니다."
        ),
        Tone.GOOD,
    ),
    "used up to the last": (
        report(SPENT, classes=(), runs=Counted(50)),
        (
            "nightly has no error budget left, so features should wait: all 50 runs succeeded in week 10, 100 % of "
            "it is used, it is back on 20 March 2026 09:00 if nothing more fails; failures fell from 5 to 0."
        ),
        (
            "nightly: 오류 예산이 남지 않아 기능 배포를 미뤄야 합니다. 10주차에 실행 50건이 모두 성공했습니다. "
            "예산을 100 % 사용했습니다. 더 실패하지 않으면 2026년 3월 20일 09:00에 회복됩니다. 실패는 5건에서 "
            "0건으로 줄었습니다."
        ),
        Tone.BAD,
    ),
    "broken, one of several": (
        report(MET, BROKEN, UNSURE),
        (
            "nightly broke 1 of 3 promises, so features should wait: 47 of 50 runs succeeded in week 10, 266.67 % "
            "of the error budget of Nightly days is used; failures fell from 5 to 3, most of them network."
        ),
        (
            "nightly: 약속 3개 중 1개를 어겨 기능 배포를 미뤄야 합니다. 10주차에 실행 50건 중 47건이 성공했습니다. "
            "오류 예산(Nightly days)을 266.67 % 사용했습니다. 실패는 5건에서 3건으로 줄었습니다(대부분 네트워크)."
        ),
        Tone.BAD,
    ),
    "perhaps chance, one run that failed": (
        report(OVER, runs=Counted(0, 1), runs_before=Counted(), classes=(replace(NETWORK, count=1),)),
        (
            "nightly has used more than its error budget, which may still be chance: the only run in week 10 "
            "failed, 166.67 % of it is used, and it takes 61 more good events to show it; 1 failure, with nothing "
            "before to compare (network)."
        ),
        (
            "nightly: 오류 예산을 넘게 썼지만 아직 우연일 수 있습니다. 10주차에 단 한 번의 실행이 실패했습니다. "
            "예산을 166.67 % 사용했습니다. 입증하려면 성공 이벤트 61건이 더 필요합니다. 실패 1건이며 비교할 이전 "
            "실행이 없습니다(네트워크)."
        ),
        Tone.WARN,
    ),
    "too little, one run that succeeded": (
        report(UNSURE, runs=Counted(1), runs_before=Counted(7), classes=()),
        (
            "Too little has happened to say whether nightly keeps its promise: the only run in week 10 "
            "succeeded, 100 % of the error budget is left, and it takes 61 more good events to show it; "
            "nothing failed the week before "
            "either."
        ),
        (
            "nightly: 약속을 지키는지 말하기에는 아직 기록이 너무 적습니다. 10주차에 단 한 번의 실행이 성공했습니다. "
            "오류 예산이 100 % 남았습니다. 입증하려면 성공 이벤트 61건이 더 필요합니다. 전주에도 실패가 없었습니다."
        ),
        Tone.IDLE,
    ),
    "an objective without data": (
        report(NO_DATA, **QUIET),
        (
            "nightly promises something that nothing is known of, so nobody can say whether its promise is kept: "
            "nothing ran in week 10."
        ),
        "nightly: 목표는 있으나 데이터가 없어 약속을 지키는지 알 수 없습니다. 10주차에 실행이 없었습니다.",
        Tone.IDLE,
    ),
    "a source that did not answer": (
        report(MET, unmeasured={"latency": "no answer"}, runs_before=Counted(40, 3)),
        (
            "nightly: whether the promise is kept is not known, because a source of it did not answer: 47 of 50 "
            "runs succeeded in week 10; 3 failures, as many as the week before, most of them network."
        ),
        (
            "nightly: 데이터 출처가 응답하지 않아 약속을 지키는지 알 수 없습니다. 10주차에 실행 50건 중 47건이 "
            "성공했습니다. 실패 3건으로 전주 대비 변화가 없습니다(대부분 네트워크)."
        ),
        Tone.WARN,
    ),
    "no objective, all failed": (
        report(runs=Counted(0, 3), runs_before=Counted(2, 1), classes=(replace(NETWORK, count=3),)),
        (
            "nightly has no objective, so there is no promise to keep: all 3 runs failed in week 10; failures rose "
            "from 1 to 3, all of them network."
        ),
        (
            "nightly: 정해진 목표가 없어 지킬 약속도 없습니다. 10주차에 실행 3건이 모두 실패했습니다. 실패는 "
            "1건에서 3건으로 늘었습니다(모두 네트워크)."
        ),
        Tone.WARN,
    ),
    "an idle week whose promise is kept": (
        report(MET, **QUIET),
        "nightly kept its promise and may ship: nothing ran in week 10, 60 % of the error budget is left.",
        "nightly: 약속을 지켰고 배포해도 됩니다. 10주차에 실행이 없었습니다. 오류 예산이 60 % 남았습니다.",
        Tone.IDLE,
    ),
    "only cancelled runs": (
        report(runs=Counted(other=2), classes=()),
        "nightly has no objective, so there is no promise to keep: every run in week 10 was cancelled or skipped.",
        "nightly: 정해진 목표가 없어 지킬 약속도 없습니다. 10주차에 취소되거나 건너뛴 실행뿐입니다.",
        Tone.IDLE,
    ),
    "a week that goes on": (
        report(MET, as_of_ms=END_MS - 1, finished=False, runs=Counted(1234, 1), classes=(replace(NETWORK, count=1),)),
        (
            "nightly kept its promise and may ship: 1,234 of 1,235 runs succeeded so far in week 10, 60 % of the "
            "error budget is left; 1 failure (network)."
        ),
        (
            "nightly: 약속을 지켰고 배포해도 됩니다. 10주차 현재까지 실행 1,235건 중 1,234건이 성공했습니다. 오류 "
            "예산이 60 % 남았습니다. 실패 1건입니다(네트워크)."
        ),
        Tone.GOOD,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_standing_has_a_true_sentence(name: str) -> None:
    about, english, korean, tone = CASES[name]
    assert [answer(about, words_of(language)).text for language in ("en", "ko")] == [english, korean]
    assert answer(about, words_of("en")).tone is tone


def test_several_promises_are_kept_together() -> None:
    assert "kept both promises and may ship" in answer(report(MET, MET), words_of("en")).text
    assert "60 % of the error budget of Nightly runs is left" in answer(report(MET, MET), words_of("en")).text
    assert "keeps within both promises, but" in answer(report(MET, WARNED), words_of("en")).text
    assert "broke both promises" in answer(report(BROKEN, BROKEN), words_of("en")).text


def test_of_broken_promises_the_one_with_the_least_left_is_named() -> None:
    worse = evaluation(30, 9, Status.EXHAUSTED, Judgement.VIOLATED, SLO)
    said = answer(report(BROKEN, worse), words_of("en")).text
    assert "600 % of the error budget of Nightly runs" in said
    assert BROKEN_SLO.about.display_name not in said


def test_a_budget_is_never_rounded_to_nothing_or_all() -> None:
    nearly = evaluation(1_000_000, 1, Status.HEALTHY, Judgement.MET)
    assert "99.998 % of the error budget is left" in answer(report(nearly), words_of("en")).text


@pytest.mark.parametrize(
    ("counts", "said"),
    [((2, 2), "; failures fell from 5 to 4."), ((2, 1, 1), ", most often network."), ((1, 1, 1), "from 5 to 3.")],
)
def test_causes_are_named_as_far_as_one_stands_out(counts: tuple[int, ...], said: str) -> None:
    classes = tuple(
        replace(NETWORK, error_class=cause, count=count) for cause, count in zip(ErrorClass, counts, strict=False)
    )
    found = answer(report(MET, runs=Counted(40, sum(counts)), classes=classes), words_of("en")).text
    assert found.endswith(said)


@pytest.mark.parametrize(
    ("kind", "english", "korean"),
    [
        (PeriodKind.DAY, "succeeded on 2 March", "3월 2일에 실행"),
        (PeriodKind.MONTH, "succeeded in March", "3월에 실행"),
    ],
)
def test_a_day_and_a_month_have_names(kind: PeriodKind, english: str, korean: str) -> None:
    period = Period(kind, "x", "2026-03-02", "2026-03-02", 0, END_MS, "UTC")
    about = report(MET, period=period)
    assert english in answer(about, words_of("en")).text
    assert korean in answer(about, words_of("ko")).text
