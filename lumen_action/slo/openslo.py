"""OpenSLO v1 documents to objectives, with the faults of all of them told together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import cast

from lumen_action.slo.headers import Headers
from lumen_action.slo.indicators import Known, source_of
from lumen_action.slo.objective import (
    About,
    Budgeting,
    CalendarWindow,
    Comparison,
    DataSource,
    Duration,
    Objective,
    RollingWindow,
    Slo,
    SloBook,
    Threshold,
    Window,
)
from lumen_action.slo.policies import Policies
from lumen_action.slo.reading import Fields, Findings, Node, nearest
from lumen_action.yamlite import Document
from lumen_action.yamlite.writing import Writable

KnownZone = Callable[[str], bool]

START_FORMAT = "%Y-%m-%d %H:%M:%S"
UTC = "UTC"
# The published schema takes no zone without a slash.
UTC_IN_DOCUMENTS = "Etc/UTC"
_ROLLING, _CALENDAR = "mhdw", "dwMQY"
_HUNDRED = 100
_SHARED = ("SLI", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")
_SAYS_ABOVE = re.compile(r"\b(?:exceeds|above|greater than|over|at least)\b", re.IGNORECASE)
_SAYS_BELOW = re.compile(r"\b(?:not exceed|never exceeds?|below|under|less than|within|at most)\b", re.IGNORECASE)


def read(documents: Sequence[Document], findings: Findings, known_zone: KnownZone) -> SloBook:
    """Return the objectives that could be read; what could not is told."""
    headers = Headers(documents, findings)
    sources = {about.name: _data_source(about, spec) for about, spec in headers.of_kind("DataSource")}
    services = {about.name: about for about, _ in headers.of_kind("Service")}
    for _, spec in headers.of_kind("Service"):
        spec.only(("description",))
    reader = _Reader(headers, sources, services, known_zone)
    slos = [reader.slo(about, spec) for about, spec in headers.of_kind("SLO")]
    headers.tell_unused(_SHARED)
    return SloBook(tuple(slo for slo in slos if slo), tuple(services.values()), tuple(sources.values()))


def _data_source(about: About, spec: Fields) -> DataSource:
    spec.only(("description", "type", "connectionDetails"))
    told = spec.get("connectionDetails")
    details = cast("Mapping[str, Writable]", told.value) if told and told.fields() else {}
    return DataSource(about, spec.need_text("type", "Prometheus"), details)


class _Reader:
    """Reads SLOs that may name other documents."""

    def __init__(
        self,
        headers: Headers,
        sources: Mapping[str, DataSource],
        services: Mapping[str, About],
        known_zone: KnownZone,
    ) -> None:
        """Take what may be named."""
        self._headers = headers
        self._sources = sources
        self._services = services
        self._known_zone = known_zone
        self._policies = Policies(headers)

    def slo(self, about: About, spec: Fields) -> Slo | None:
        """Return an SLO, None where something that matters could not be read."""
        spec.only(
            (
                "description",
                "service",
                "indicator",
                "indicatorRef",
                "timeWindow",
                "budgetingMethod",
                "objectives",
                "alertPolicies",
            )
        )
        service = self._service(spec)
        method = spec.need("budgetingMethod", Budgeting.OCCURRENCES.value)
        budgeting = method.choice(Budgeting) if method else None
        window = self._window(spec)
        rows = self._rows(spec)
        found = self._indicator(about, spec)
        objectives = [_objective(row, budgeting) for row in rows]
        if found is None or budgeting is None or window is None or not rows or None in objectives:
            return None
        indicator, inner = found
        threshold = _threshold(rows, inner, (about, indicator))
        source = source_of(inner, Known(self._sources, budgeting, threshold))
        told = spec.get("alertPolicies")
        policies = [self._policies.policy(each) for each in (told.items() if told else ())]
        if source is None:
            return None
        return Slo(
            about,
            service,
            indicator,
            source,
            tuple(each for each in objectives if each),
            window,
            budgeting,
            tuple(each for each in policies if each),
        )

    def _service(self, spec: Fields) -> str:
        node = spec.need("service", "nightly")
        name = node.text() if node else ""
        if node and name and self._services and name not in self._services:
            node.note(f"no Service `{name}` among the documents{nearest(name, self._services)}")
        return name

    def _indicator(self, about: About, spec: Fields) -> tuple[About, Fields] | None:
        inline, named = spec.get("indicator"), spec.get("indicatorRef")
        if inline and named:
            named.refuse("an indicatorRef beside an indicator", "keep one of them")
            return None
        if named:
            return self._headers.find(named, "SLI")
        fields = inline.fields() if inline else None
        if fields is None:
            if not inline:
                spec.node.child("indicator", None).refuse("nothing", "write `indicator`, or `indicatorRef: NAME`")
            return None
        fields.only(("metadata", "spec"))
        if "metadata" not in fields and (content := fields.get("spec")) and (inner := content.fields()):
            return About(about.name, description=inner.text("description")), inner
        found, inner_spec = self._headers.inline(fields, "SLI")
        return (found, inner_spec) if found and inner_spec else None

    @staticmethod
    def _rows(spec: Fields) -> list[Fields]:
        told = spec.need("objectives", "[{target: 0.99}]")
        return [fields for node in (told.items() if told else ()) if (fields := node.fields())]

    def _window(self, spec: Fields) -> Window | None:
        told = spec.need("timeWindow", "[{duration: 30d, isRolling: true}]")
        windows = told.items() if told else ()
        for more in windows[1:]:
            more.refuse("a second window", "keep one: an SLO has one budget")
        fields = windows[0].fields() if windows else None
        if fields is None:
            return None
        fields.only(("duration", "isRolling", "calendar"))
        length = fields.need("duration", "30d")
        duration = length.duration("30d") if length else None
        calendar = fields.get("calendar")
        rolling = fields.flag("isRolling", default=False)
        if rolling and calendar:
            fields.node.refuse("`isRolling: true` beside a calendar", "keep one of them")
            return None
        if not rolling and not calendar:
            fields.node.refuse("neither `isRolling: true` nor a calendar", "write one of them")
            return None
        start = self._start(calendar) if calendar else None
        if length is None or duration is None or (calendar and start is None):
            return None
        if duration.unit not in (_CALENDAR if calendar else _ROLLING):
            length.refuse(*_unfit(duration, calendar=bool(calendar)))
            return None
        return CalendarWindow(duration, *start) if start else RollingWindow(duration)

    def _start(self, calendar: Node) -> tuple[datetime, str] | None:
        fields = calendar.fields()
        if fields is None:
            return None
        fields.only(("startTime", "timeZone"))
        begun, named = fields.need("startTime", "2026-01-01 00:00:00"), fields.need("timeZone", "Asia/Seoul")
        zone = named.text() if named else ""
        if named and zone and zone not in {UTC, UTC_IN_DOCUMENTS} and not self._known_zone(zone):
            named.refuse(named.shown, "write a name of the IANA time zone database, such as `Asia/Seoul`")
            zone = ""
        try:
            start = datetime.strptime(begun.text(), START_FORMAT) if begun else None  # noqa: DTZ007 - the zone stands beside it
        except ValueError:
            start = None
            if begun:
                begun.refuse(begun.shown, "write `YYYY-MM-DD hh:mm:ss` without a zone")
        return (start, UTC if zone == UTC_IN_DOCUMENTS else zone) if start and zone else None


def _unfit(duration: Duration, *, calendar: bool) -> tuple[str, str]:
    if calendar:
        return f"`{duration}` in a calendar", "write days, weeks, months, quarters or years, such as `1M`"
    return f"`{duration}`, which has no one length", "write `30d`, or a calendar in place of `isRolling: true`"


def _objective(row: Fields, budgeting: Budgeting | None) -> Objective | None:
    row.only(("displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow"))
    target = _target(row)
    share, window = row.get("timeSliceTarget"), row.get("timeSliceWindow")
    if budgeting is Budgeting.OCCURRENCES:
        for node in (share, window):
            if node:
                node.refuse("a slice of time", "remove it, or write `budgetingMethod: Timeslices`")
        share = window = None
    if budgeting is Budgeting.TIMESLICES:
        share = row.need("timeSliceTarget", "0.95")
    if budgeting in {Budgeting.TIMESLICES, Budgeting.RATIO_TIMESLICES}:
        window = row.need("timeSliceWindow", "5m")
    least = share.number() if share else None
    if share and least is not None and not 0 < least <= 1:
        share.refuse(share.shown, "write a share above 0 and at most 1")
    length = _slice(window) if window else None
    return None if target is None else Objective(target, row.text("displayName"), least, length)


def _slice(node: Node) -> Duration | None:
    if isinstance(node.value, int) and not isinstance(node.value, bool) and node.value > 0:
        return Duration(node.value, "m")
    return node.duration("5m")


def _target(row: Fields) -> float | None:
    ratio, percent = row.get("target"), row.get("targetPercent")
    if ratio and percent:
        percent.refuse("targetPercent beside target", "keep one of them")
        return None
    node = percent or row.need("target", "0.99")
    value = node.number() if node else None
    if node is None or value is None:
        return None
    word, whole, least = ("targetPercent", _HUNDRED, 1) if percent else ("target", 1, 0)
    if value > 0 and least <= value < whole:
        return share(value, whole)
    node.refuse(node.shown, _better_target(value, whole, word))
    return None


def share(value: float, whole: int = _HUNDRED) -> float:
    """Return a part of a whole without the noise of binary fractions."""
    return float(Decimal(repr(value)) / whole)


def _better_target(value: float, whole: int, word: str) -> str:
    if value == whole:
        return f"no budget is left for a single failure; write `{word}: {whole * Decimal('0.999')}` or less"
    if word == "target" and 1 < value < _HUNDRED:
        return f"write `targetPercent: {value:g}`, or `target: {Decimal(repr(value)) / _HUNDRED}`"
    if word == "targetPercent" and 0 < value < 1:
        return f"that is less than one in a hundred; write `target: {value:g}`"
    return f"write `{word}: {whole * Decimal('0.99')}`, a number between 0 and {whole}, both excluded"


def _threshold(rows: Sequence[Fields], spec: Fields, told_by: Sequence[About]) -> Threshold | None:
    """Return what makes a value good; only an indicator that gives values has one."""
    if "thresholdMetric" not in spec:
        for row in rows:
            for key in ("op", "value"):
                if node := row.get(key):
                    node.note("means nothing with a ratioMetric; not taken over")
        return None
    for more in rows[1:]:
        more.node.refuse("a second objective with a thresholdMetric", "make an SLO of it: OpenSLO allows one")
    op, node = rows[0].need("op", "lte"), rows[0].need("value", "4.5")
    comparison, value = op.choice(Comparison) if op else None, node.number() if node else None
    if op is None or comparison is None or value is None:
        return None
    words = " ".join((rows[0].text("displayName"), *(word for each in told_by for word in _words(each))))
    opposite = _SAYS_ABOVE if comparison in {Comparison.LT, Comparison.LTE} else _SAYS_BELOW
    if (said := opposite.search(words)) and not (opposite is _SAYS_ABOVE and _SAYS_BELOW.search(words)):
        op.note(f"the text says `{said.group()}`, but a value is good here when it is `{comparison.value}` {value:g}")
    return Threshold(comparison, value)


def _words(about: About) -> tuple[str, str]:
    return about.display_name, about.description
