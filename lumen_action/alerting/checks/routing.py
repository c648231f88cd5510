"""The tree of routes: which matchers contradict each other, which routes are never reached, and who gets an alert."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lumen_action.alerting.checks.setup import Fault, Node
from lumen_action.alerting.checks.shapes import labels
from lumen_action.alerting.matchers import Matcher, read_matchers
from lumen_action.promql.regex import RegexFault, matches_empty


@dataclass(frozen=True)
class Route:
    """A route with its conditions and those of the routes above it."""

    node: Node
    receiver: str
    own: tuple[Matcher, ...]
    inherited: tuple[Matcher, ...]
    goes_on: bool
    below: tuple[Route, ...]

    def walk(self) -> Iterator[Route]:
        """Yield it and every route below."""
        yield self
        for route in self.below:
            yield from route.walk()

    def receivers(self, alert: Mapping[str, str]) -> list[str]:
        """Return who gets an alert, as Alertmanager chooses them."""
        found: list[str] = []
        for route in self.below:
            if all(each.accepts(alert.get(each.label, "")) for each in route.own):
                found += route.receivers(alert)
                if not route.goes_on:
                    break
        return found or [self.receiver]


def tree(node: Node, receiver: str = "", inherited: tuple[Matcher, ...] = ()) -> Route:
    """Read a route and those below; what cannot be read matches everything."""
    own = tuple(matchers(node))
    receiver = node.at("receiver").text or receiver
    below = tuple(tree(each, receiver, inherited + own) for each in node.at("routes").items())
    return Route(node, receiver, own, inherited, node.at("continue").value is True, below)


def matchers(node: Node) -> Iterator[Matcher]:
    """Yield the conditions of a route, in the new and in both old forms."""
    for text in node.at("matchers").items():
        yield from read_matchers(text.text)
    for key, operator in (("match", "="), ("match_re", "=~")):
        for entry in node.at(key).entries():
            yield Matcher(entry.key, operator, entry.text)


def malformed(node: Node) -> Iterator[Fault]:
    """Say what Alertmanager cannot read as a matcher."""
    if not isinstance(node.value, list) and node.value is not None:
        yield node.fault(f"`{node.key}`, which is no list", f'write `{node.key}: [severity="page"]`')
    for text in node.items():
        found = read_matchers(text.text)
        if not found:
            yield text.fault(f"the matcher `{text.text}`", 'write `name="value"`; the operators are = != =~ !~')
        for matcher in found:
            yield from _bad_pattern(text, matcher)


def patterns(node: Node) -> Iterator[Fault]:
    """Say what is wrong with the patterns of an old `match_re`."""
    yield from labels(node)
    for entry in node.entries():
        yield from _bad_pattern(entry, Matcher(entry.key, "=~", entry.text))


def _bad_pattern(node: Node, matcher: Matcher) -> Iterator[Fault]:
    if matcher.of_pattern:
        try:
            matches_empty(matcher.value)
        except RegexFault as fault:
            yield node.fault(f"{fault.found} in the pattern of `{matcher.label}`", fault.fix)


def unreachable(root: Route) -> Iterator[Fault]:
    """Say which routes no alert can come to."""
    for route in root.walk():
        clash = _clash((*route.inherited, *route.own))
        if clash and not _clash(route.inherited):
            first, second = clash
            found = f"a route that nothing matches: `{first}` and `{second}` are never both true"
            yield route.node.fault(found, "change one of them, or remove the route")
        for index, later in enumerate(route.below):
            before = (each for each in route.below[:index] if not each.goes_on and _covers(each, later))
            if taken := next(before, None):
                found = f"a route that nothing reaches: the one on line {taken.node.line} takes what it matches"
                yield later.node.fault(found, "put it first, or add `continue: true` to the other")


def _clash(conditions: Sequence[Matcher]) -> tuple[Matcher, Matcher] | None:
    for fixed in (each for each in conditions if each.operator == "="):
        for other in conditions:
            if other.label == fixed.label and not other.accepts(fixed.value):
                return fixed, other
    return None


def _covers(earlier: Route, later: Route) -> bool:
    """Tell whether every alert of the later route is one of the earlier."""
    known = {each.label: each.value for each in (*later.inherited, *later.own) if each.operator == "="}
    return all(each in later.own or (each.label in known and each.accepts(known[each.label])) for each in earlier.own)
