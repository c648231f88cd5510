"""Alert policies of OpenSLO documents, with the conditions and targets they name or hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lumen_action.slo.headers import Headers
from lumen_action.slo.objective import About, AlertCondition, AlertPolicy, NotificationTarget
from lumen_action.slo.reading import Fields, Node

_BELOW = ("lt", "lte")

Part = TypeVar("Part")


class Policies:
    """Reads policies from where they are named."""

    def __init__(self, headers: Headers) -> None:
        """Take the documents, by kind and name."""
        self._headers = headers

    def policy(self, node: Node) -> AlertPolicy | None:
        """Return a policy that is named, in either spelling that is about, or written in place."""
        if isinstance(node.value, str):
            return self._named(node, "AlertPolicy", self._policy)
        return self._part(node, "AlertPolicy", "alertPolicyRef", self._policy)

    def _part(self, node: Node, kind: str, ref: str, read: Callable[[About, Fields], Part | None]) -> Part | None:
        fields = node.fields()
        if fields is None:
            return None
        if named := fields.get(ref):
            fields.only((ref,))
            return self._named(named, kind, read)
        fields.only(("apiVersion", "kind", "metadata", "spec"))
        about, spec = self._headers.inline(fields, kind)
        return read(about, spec) if about and spec else None

    def _named(self, node: Node, kind: str, read: Callable[[About, Fields], Part | None]) -> Part | None:
        found = self._headers.find(node, kind)
        return read(*found) if found else None

    def _policy(self, about: About, spec: Fields) -> AlertPolicy | None:
        flags = ("alertWhenBreaching", "alertWhenResolved", "alertWhenNoData")
        spec.only(("description", "conditions", "notificationTargets", *flags))
        breaching, resolved, no_data = (spec.flag(key, default=key == flags[0]) for key in flags)
        conditions, targets = spec.need("conditions", "[{conditionRef: NAME}]"), spec.get("notificationTargets")
        listed = conditions.items() if conditions else ()
        for more in listed[1:]:
            more.refuse("a second condition", "make a policy of it: OpenSLO allows one in each")
        condition = self._part(listed[0], "AlertCondition", "conditionRef", _condition) if listed else None
        heard = [
            self._part(each, "AlertNotificationTarget", "targetRef", _target)
            for each in (targets.items() if targets else ())
        ]
        if condition is None:
            return None
        return AlertPolicy(about, condition, tuple(each for each in heard if each), breaching, resolved, no_data)


def _condition(about: About, spec: Fields) -> AlertCondition | None:
    spec.only(("description", "severity", "condition"))
    severity, node = spec.need_text("severity", "page"), spec.need("condition", "{kind: burnrate, …}")
    fields = node.fields() if node else None
    if fields is None:
        return None
    fields.only(("kind", "op", "threshold", "lookbackWindow", "alertAfter"))
    if (kind := fields.get("kind")) and kind.value != "burnrate":
        kind.refuse(kind.shown, "write `kind: burnrate`, the only one there is")
    if (op := fields.get("op")) and op.value in _BELOW:
        op.note(f"`op: {op.value}` is not trusted: a burn rate alerts above its threshold, and is taken so")
    told = fields.need("threshold", "2"), fields.need("lookbackWindow", "1h"), fields.get("alertAfter")
    threshold = told[0].number() if told[0] else None
    if told[0] and threshold is not None and threshold <= 0:
        told[0].refuse(told[0].shown, "write a number above 0, such as 2 for twice too fast")
    lookback = told[1].duration("1h") if told[1] else None
    after = told[2].duration("5m") if told[2] and told[2].value != "0m" else None
    if threshold is None or lookback is None:
        return None
    return AlertCondition(about, severity, threshold, lookback, after)


def _target(about: About, spec: Fields) -> NotificationTarget:
    spec.only(("description", "target"))
    return NotificationTarget(about, spec.need_text("target", "slack"))
