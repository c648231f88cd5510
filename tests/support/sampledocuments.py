"""A report with something in every part, the same as documents in both languages, and one full of hostile words.

`REPORT` is what the numbers are; `ENGLISH` and `KOREAN` are documents as a form gets them to render, `HOSTILE` is one
in which every text that may come from outside tries to be more than text, and `EMPTY` one with nothing to show.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from fractions import Fraction

from lumen_action.model import ErrorClass, Outcome
from lumen_action.report.composing import compose
from lumen_action.report.document import (
    BarChart,
    Bullets,
    Cell,
    Document,
    Line,
    LineChart,
    Paragraph,
    Section,
    Stack,
    Table,
    Tone,
)
from lumen_action.report.model import (
    Cause,
    Completeness,
    Counted,
    DayRow,
    GateRow,
    IncidentRow,
    Period,
    PeriodKind,
    Point,
    Promise,
    Report,
    Reruns,
    RunLink,
    StageRow,
)
from lumen_action.report.words import words_of
from lumen_action.slo.evaluation import Budget, Burn, Evaluation, Judgement, Outlook, Span, Status
from lumen_action.slo.objective import About, Duration, Events, LedgerSource, Objective, RollingWindow, Slo

DAY_MS = 86_400_000
DAYS = tuple(f"2026-03-0{number}" for number in range(2, 9))


def ms(text: str) -> int:
    """Return a moment of UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp() * 1000)


BEGIN_MS, END_MS = ms("2026-03-01T15:00:00"), ms("2026-03-08T15:00:00")
PERIOD = Period(PeriodKind.WEEK, "2026-W10", "2026-03-02", "2026-03-08", BEGIN_MS, END_MS, "Asia/Seoul")
BEFORE = Period(PeriodKind.WEEK, "2026-W09", "2026-02-23", "2026-03-01", BEGIN_MS - 7 * DAY_MS, BEGIN_MS, "Asia/Seoul")
_MONTH_MS = 30 * DAY_MS

OBJECTIVE = Objective(0.95)
SLO = Slo(
    About("nightly-run", "Nightly runs"),
    "nightly",
    About("nightly-run"),
    LedgerSource(Events.RUN, "nightly"),
    (OBJECTIVE,),
    RollingWindow(Duration(30, "d")),
)


def evaluation(total: int, bad: int, status: Status, judgement: Judgement, slo: Slo = SLO) -> Evaluation:
    """Return an objective over the last 30 days, as it would be evaluated but for bounds that nothing here reads."""
    return Evaluation(
        slo,
        slo.objectives[0],
        Span(END_MS - _MONTH_MS, END_MS, END_MS),
        total,
        bad,
        None,
        Budget((1 - Fraction(str(slo.objectives[0].target))) * total, bad),
        status,
        judgement,
        0 if judgement is Judgement.MET else 61 if judgement is Judgement.NOT_ENOUGH_EVIDENCE else None,
        0.93 if total else None,
        0.98 if total else None,
        (Burn("1d", 7, 0, 0.0), Burn("7d", 50, 3, 1.2)),
        Outlook(END_MS + 12 * DAY_MS, None, "7d"),
        END_MS - 3_600_000,
    )


MET = evaluation(200, 4, Status.HEALTHY, Judgement.MET)
BROKEN_SLO = replace(SLO, about=About("nightly-day", "Nightly days"), source=LedgerSource(Events.DAY, "nightly"))
BROKEN = evaluation(30, 4, Status.EXHAUSTED, Judgement.VIOLATED, BROKEN_SLO)
UNSURE_SLO = replace(SLO, about=About("publish-stage"), source=LedgerSource(Events.STAGE, "nightly", stage="publish"))
UNSURE = evaluation(12, 0, Status.HEALTHY, Judgement.NOT_ENOUGH_EVIDENCE, UNSURE_SLO)

_RUN_URL = "https://ci.example/acme/shop/runs/{}"
RUNS = tuple(
    RunLink(f"2026030{day}-{region}-0a1b2c3", region, f"2026-03-0{day}", _RUN_URL.format(f"10{day}"), "fetch")
    for day, region in ((6, "us"), (5, "eu"), (3, "eu"))
)

REPORT = Report(
    pipeline="nightly",
    period=PERIOD,
    before=BEFORE,
    as_of_ms=END_MS,
    finished=True,
    runs=Counted(47, 3, 1, 0),
    runs_before=Counted(44, 5, 0, 0),
    days_by={Outcome.SUCCESS: 6, Outcome.MISSING: 1},
    promises=(
        Promise(
            MET,
            81.5,
            tuple(Point(BEGIN_MS + step * DAY_MS // 4, 81.5 - step * 0.75) for step in range(1, 29)),
        ),
        Promise(
            BROKEN, 33.3, tuple(Point(BEGIN_MS + step * DAY_MS // 4, 33.3 - step * 12.5 / 2) for step in range(1, 29))
        ),
        Promise(UNSURE, None, tuple(Point(BEGIN_MS + step * DAY_MS // 4, None) for step in range(1, 29))),
    ),
    days=tuple(
        DayRow(
            day,
            Outcome.MISSING if day == "2026-03-08" else Outcome.SUCCESS,
            {}
            if day == "2026-03-08"
            else {
                "eu": Counted(4, int(day in ("2026-03-05", "2026-03-03"))),
                "us": Counted(4 - int(day == "2026-03-07"), int(day == "2026-03-06"), int(day == "2026-03-04")),
            },
            expected=True,
        )
        for day in DAYS
    ),
    regions={"eu": Counted(24, 2), "us": Counted(23, 1, 1)},
    regions_before={"eu": Counted(23, 2), "us": Counted(21, 3)},
    classes=(
        Cause(ErrorClass.NETWORK, "network", "", 2, 4, 1_260_000, runs=RUNS[:2]),
        Cause(ErrorClass.BUILD, "build", "", 1, 0, 540_000, runs=RUNS[2:]),
        Cause(ErrorClass.TOKEN_EXPIRED, "token_expired", "", 0, 1, 0),
    ),
    signatures=(
        Cause(
            ErrorClass.NETWORK,
            "network/dns",
            "curl-dns",
            2,
            4,
            1_260_000,
            "curl: (6) Could not resolve host: mirror.example",
            412,
            RUNS[:2],
        ),
        Cause(ErrorClass.BUILD, "build/test", "pytest", 1, 0, 540_000, "FAILED tests/test_cart.py", 88, RUNS[2:]),
    ),
    slowest=(
        StageRow("fetch", 51, 2, 3, 754_000, 1_312_000, 610_000),
        StageRow("aggregate", 49, 1, 0, 312_000, 433_000, 315_000),
        StageRow("publish", 48, 0, 0, 42_000, 61_000, None),
    ),
    flakiest=(StageRow("fetch", 51, 2, 3, 754_000, 1_312_000, 610_000),),
    reruns=Reruns(5, 4, 1, 1, 3_480_000, 240_000, (("curl-dns", 4, 4), ("build/test", 1, 0))),
    incidents=(
        IncidentRow(
            "INC-7",
            ms("2026-03-05T20:10:00"),
            "Mirror did not answer",
            "sev2",
            "resolved",
            "https://ci.example/incidents/7",
            12 * 60_000,
        ),
    ),
    gates=(
        GateRow(ms("2026-03-04T02:00:00"), "allow", "feature", "62 % of the budget is left", "", _RUN_URL.format(201)),
        GateRow(ms("2026-03-06T09:30:00"), "block", "feature", "the budget of nightly-day is used up"),
        GateRow(ms("2026-03-06T09:45:00"), "override", "", "CVE in the parser", "dana"),
    ),
    completeness=Completeness(7, 6, 7, ("2026-03-08",), (ms("2026-03-07T17:00:00"),), 0, 1, END_MS - 3_600_000, 2),
    links={"dashboard": "https://grafana.example/d/nightly"},
)


def document(language: str) -> Document:
    """Return the report in words."""
    return compose(REPORT, words_of(language))


ENGLISH = document("en")
KOREAN = document("ko")

HOSTILE_TEXTS = (
    "<script>alert(1)</script>",
    "<img src=/etc/passwd>",
    '<img src="http://127.0.0.1:9/x.png" onerror="alert(1)">',
    "a | b | c",
    "`code` ``` fence ~~~",
    "::set-env name=PATH::/evil",
    "##[add-mask]secret",
    "😀🧪🚀 emoji ✅❌",
    "right\u202eto\u2066left\u200f marks",
    "x" * 300,
    "가" * 300,
    "<b>unclosed <font color='red'> <para>",
    "</td></tr></table><h1>out</h1>",
    "]]> --> &amp; &lt; &#60; \x00\x07\x1b[31mred",
    "$\\TeX$ **bold** _it_ [x](javascript:alert(1)) @everyone #1",
    "=1+1|cmd'!A0",
    "line one\nline two\r\nline three",
    "\ud800 lone surrogate",
)


def _hostile() -> Document:
    """Return a document in which every text is hostile, each in its turn; addresses have been looked at."""
    turn = 0

    def foreign() -> str:
        nonlocal turn
        turn += 1
        return HOSTILE_TEXTS[turn % len(HOSTILE_TEXTS)]

    everything = tuple(
        (
            Cell(text, Tone.BAD, code=True),
            Cell(text, url="https://ci.example/run?x=1&y=%3Cb%3E"),
            Cell(text, number=True),
        )
        for text in HOSTILE_TEXTS
    )
    made = ENGLISH
    return replace(
        made,
        title=HOSTILE_TEXTS[0],
        subtitle=HOSTILE_TEXTS[8],
        answer=Paragraph(" ".join(HOSTILE_TEXTS[:9]), Tone.BAD),
        sections=(
            Section(
                "hostile",
                foreign(),
                (
                    Paragraph(foreign(), Tone.WARN),
                    Table(foreign(), (foreign(), foreign(), foreign()), everything),
                    Bullets(tuple(Cell(text, url="https://ci.example/1") for text in HOSTILE_TEXTS)),
                    LineChart(
                        foreign(),
                        foreign(),
                        tuple(HOSTILE_TEXTS[:4]),
                        (Line(foreign(), (1.0, None, -3.0, 1e9), Tone.BAD),),
                    ),
                    BarChart(
                        foreign(), foreign(), tuple(HOSTILE_TEXTS[:4]), (Stack(foreign(), (0, 1, 10**9, 3), Tone.GOOD),)
                    ),
                ),
            ),
            *made.sections,
        ),
        footnote=foreign(),
        made=foreign(),
    )


HOSTILE = _hostile()
EMPTY = replace(
    ENGLISH,
    answer=Paragraph("nightly did not run in week 10.", Tone.IDLE),
    sections=(Section("quiet", "Nothing else", (Paragraph("No incident, no deadline missed, no gate decision."),)),),
)
