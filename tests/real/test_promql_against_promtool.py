"""promtool and our own parser refuse the same expressions, whatever they are made of."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import servers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumen_action.promql import Dialect, PromqlError, parse, render
from lumen_action.promql.functions import AGGREGATORS, FUNCTIONS
from lumen_action.promql.tokens import KEYWORDS
from lumen_action.promql.tree import ValueType
from lumen_action.yamlite import load

DEBIAN = Dialect((2, 42))
TEXTS_AT_ONCE = 400
RULES = sorted((servers.ROOT / "rules" / "prometheus").glob("*.yml"))

METRICS = ["up", "lumen:runs:count", "_x", "a:b", "rate", "sum", "by", "offset", "start", "on", "bool", "inf", "nan"]
LABELS = ["job", "le", "__name__", "by", "on", "without", "a:b", "inf", "_"]
NUMBERS = [
    "0",
    "1",
    "017",
    "08",
    "0x1F",
    "0X_1",
    "1e3",
    "1e-3",
    "1.",
    ".5",
    "1_0",
    "NaN",
    "Inf",
    "1e400",
    "0x",
    "1.5.2",
]
DURATIONS = ["5m", "1d12h", "1y2w3d4h5m6s7ms", "12h1d", "1m1m", "0s", "300y", "5", "1.5h", "5ms", "1hs"]
STRINGS = [
    '""',
    '"a"',
    "'a'",
    "`a`",
    r'"\n\x41\u00e9\101"',
    r'"\q"',
    r'"\400"',
    r"""'\''""",
    r"""'\"'""",
    '"é"',
    "`\\`",
]
PATTERNS = [
    "", ".*", ".+", "a|b", "a|", "(a)(b)?", "a{2,3}", "a{,3}", "a{1001}", "a{3,2}", "(a{500}){3}", "(a{30}){30}",
    "a**", "*a", "a+?", "a++", "(?i)a", "(?i:a)", "(?i-s:a)", "(?x)a", "(?)", "(?P<n>a)", "(?P<n>a)(?P<n>b)",
    "(?P=n)", "(?=a)", "(?!a)", "(?<=a)", "(?>a)", "(?#a)", "a)(b", "(a", "a)", "[a-z]", "[z-a]", "[]a]", "[]",
    "[^]", "[a", "[[:alpha:]]", "[[:foo:]]", "[[:alpha]", r"[\d-z]", r"[a-\d]", r"\d+\s\w", r"\1", r"\12", r"\8",
    r"\x41", r"\x{10FFFF}", r"\x{110000}", r"\xg", r"\pL", r"\p{Greek}", r"\p{Xx}", r"\pX", r"\b", r"\B", r"\A\z",
    r"\Z", r"\Qa.b\E", r"\Qab", r"\E", r"\C", r"\_", r"\-", r"\q", "\\", "^$", "$^", "x*y*", "()", "(|a)", "|",
    "a{0}", "a{0,}", "é+", "a{2}{3}", "(?:a{2}){3}", "{", "a{", "^*", "(?i)*", "a(?i)*", "(*a)", "a|*", r"\p{^Lu}",
    "[a-]", "[-a]", "[a-b-c]", r"[\]]", "(?s).", "(?-)", "(?i-)", "(?U)a+",
]  # fmt: skip
SIGNS = ["+", "-", "*", "/", "%", "^", "==", "!=", "<", "<=", ">", ">=", "and", "or", "unless", "atan2", "AND"]
PIECES = ["(", ")", "[", "]", "{", "}", ",", ":", "=", "=~", "@", "#", "\n", "é", ".", "!", *SIGNS, *sorted(KEYWORDS)]


class Writer:
    """Writes expressions of every kind; most, but not all of them, make sense."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def one(self, options: Iterable[str]) -> str:
        return self.chance.choice(list(options))

    def likely(self, probability: float) -> bool:
        return self.chance.random() < probability

    def text(self) -> str:
        text = self.expression(self.chance.randrange(1, 4))
        while self.likely(0.3):
            text = self.mutated(text)
        return text

    def mutated(self, text: str) -> str:
        words = re.findall(r"\w+|\s+|[^\w\s]", text)
        place = self.chance.randrange(len(words) + 1)
        kind = self.chance.randrange(3)
        if kind == 0:
            words.insert(place, self.one(PIECES))
        elif kind == 1 and words:
            del words[min(place, len(words) - 1)]
        elif len(words) > 1:
            place = min(place, len(words) - 2)
            words[place : place + 2] = reversed(words[place : place + 2])
        return "".join(words)

    def expression(self, depth: int, wanted: ValueType | None = None) -> str:
        if self.likely(0.05):
            wanted = None
        kinds: dict[ValueType, list[Callable[[int], str]]] = {
            ValueType.SCALAR: [self.number, self.number, self.sum],
            ValueType.STRING: [lambda _: self.one(STRINGS)],
            ValueType.RANGE: [self.range, self.subquery],
            ValueType.INSTANT: [self.selector, self.aggregation, self.call, self.binary, self.sum, self.signed],
        }
        chosen = kinds[wanted or self.chance.choice(list(kinds))]
        write = chosen[0] if depth <= 0 else self.chance.choice(chosen)
        text = write(depth - 1)
        return f"({text})" if self.likely(0.15) else text

    def number(self, _depth: int) -> str:
        return self.one(["-", ""]) + self.one(NUMBERS if self.likely(0.4) else ["1", "2.5"])

    def sum(self, depth: int) -> str:
        left = self.expression(depth, ValueType.SCALAR)
        return f"{left} {self.one(SIGNS)} {self.one(['', 'bool'])} {self.expression(depth)}"

    def signed(self, depth: int) -> str:
        return self.one("+-") + self.expression(depth, ValueType.INSTANT)

    def selector(self, _depth: int) -> str:
        name = self.one(METRICS if self.likely(0.3) else ["up", "x"])
        return self.one([name, name + self.braces(), self.braces()]) + self.times()

    def braces(self) -> str:
        matchers = ", ".join(self.matcher() for _ in range(self.chance.randrange(3)))
        return f"{{{matchers}{self.one(['', '', '', ','])}}}"

    def matcher(self) -> str:
        label = self.one(LABELS if self.likely(0.2) else ["job", "le"])
        if self.likely(0.5):
            value = self.one(STRINGS if self.likely(0.3) else STRINGS[:2])
            return f"{label}{self.one(['=', '!='])}{value}"
        pattern = self.one(PATTERNS).replace("`", "")
        return f"{label}{self.one(['=~', '!~'])}`{pattern}`"

    def times(self) -> str:
        offset = f" offset {self.one(['', '-'])}{self.one(DURATIONS if self.likely(0.3) else ['5m', '1d'])}"
        at = f" @ {self.one(['start()', 'end()', '-5', '1e9', 'Inf', 'start', '1', '5m'])}"
        return self.one([""] * 6 + [offset, at, offset + at, at + offset, offset + offset])

    def range(self, _depth: int) -> str:
        return f"{self.one(['up', 'x' + self.braces()])}[{self.length()}]{self.times()}"

    def length(self) -> str:
        return self.one(["", " "]) + self.one(DURATIONS if self.likely(0.15) else ["5m", "1h"])

    def subquery(self, depth: int) -> str:
        inner = self.expression(depth, ValueType.INSTANT)
        return f"{inner}[{self.length()}:{self.one(['', self.length()])}]{self.times()}"

    def labels(self) -> str:
        names = [self.one(LABELS if self.likely(0.2) else ["job", "le"]) for _ in range(self.chance.randrange(3))]
        return f"({', '.join(names)}{self.one(['', '', '', ','])})"

    def aggregation(self, depth: int) -> str:
        name = self.one(AGGREGATORS)
        parameter = {None: "", ValueType.SCALAR: "2, ", ValueType.STRING: '"v", '}[AGGREGATORS[name].parameter]
        body = f"({parameter if self.likely(0.9) else ''}{self.expression(depth, ValueType.INSTANT)})"
        grouping = f" {self.one(['by', 'without', 'BY'])} {self.labels()} "
        return name + self.one([body, body, grouping + body, body + grouping, grouping + body + grouping])

    def call(self, depth: int) -> str:
        name = self.one(FUNCTIONS)
        function = FUNCTIONS[name]
        count = self.chance.randrange(function.fewest, len(function.takes) + 1)
        count += self.chance.choice([0] * 12 + [-1, 1])
        takes = [*function.takes, *function.takes[-1:]][: max(count, 0)]
        return f"{name}({', '.join(self.expression(depth, wanted) for wanted in takes)})"

    def binary(self, depth: int) -> str:
        left, right = (self.expression(depth, ValueType.INSTANT) for _ in range(2))
        matching = f" {self.one(['on', 'ignoring'])} {self.labels()}"
        group = f" {self.one(['group_left', 'group_right'])}{self.one(['', ' ' + self.labels()])}"
        words = self.one(["", "", matching, matching + group, " bool", " bool" + matching])
        return f"{left} {self.one(SIGNS)}{words} {right}"


def refused_by_promtool(texts: list[str], directory: Path) -> set[int]:
    """Ask one promtool about many expressions; it names every rule that it refuses."""
    rules = [{"record": f"r{number}", "expr": text} for number, text in enumerate(texts)]
    file = directory / "expressions.yml"
    file.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}, ensure_ascii=False))
    done = subprocess.run(
        [servers.promtool(), "check", "rules", "--lint=none", str(file)], capture_output=True, text=True, check=False
    )
    refused = {int(number) for number in re.findall(r'rule \d+, "r(\d+)"', done.stdout + done.stderr)}
    assert bool(refused) == bool(done.returncode), done.stderr
    return refused


def refused_by_us(text: str) -> str:
    try:
        parse(text, DEBIAN)
    except PromqlError as fault:
        return str(fault)
    return ""


def a_slip_of_promtool(text: str) -> bool:
    """Know the two places where we differ on purpose.

    In 2.42 any letter between brackets is a colon, and a comment may not follow the bracket directly.
    """
    return bool(re.search(r"\[[^\]]*[A-Za-z_]", re.sub(r"\b[0-9]+[a-z0-9]*", "", text)) or re.search(r"\[\s*#", text))


def disagreements(texts: list[str], directory: Path) -> list[tuple[str, bool, str]]:
    refused = refused_by_promtool(texts, directory)
    ours = [refused_by_us(text) for text in texts]
    return [
        (text, number in refused, fault)
        for number, (text, fault) in enumerate(zip(texts, ours, strict=True))
        if bool(fault) != (number in refused) and not a_slip_of_promtool(text)
    ]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_the_same_expressions_are_refused(tmp_path: Path, seed: int) -> None:
    writer = Writer(seed)
    texts = [text for text in (writer.text() for _ in range(TEXTS_AT_ONCE)) if text.strip()]

    assert disagreements(texts, tmp_path) == []


def test_the_writer_writes_good_and_bad_expressions() -> None:
    writer = Writer(1)
    faults = [bool(refused_by_us(writer.text())) for _ in range(TEXTS_AT_ONCE)]

    assert 0.2 < sum(faults) / len(faults) < 0.8


def test_the_same_patterns_are_refused(tmp_path: Path) -> None:
    texts = [f"{{a{operator}`{pattern}`}}" for pattern in PATTERNS for operator in ("=~", "!~")]

    assert disagreements(texts, tmp_path) == []


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
def test_the_rules_are_read_and_their_canonical_text_too(file: Path, tmp_path: Path) -> None:
    document = load(file.read_text(), file.name)
    assert isinstance(document, dict)
    texts = [rule["expr"] for group in document["groups"] for rule in group["rules"]]
    canonical = [render(parse(text)) for text in texts]

    assert [parse(text) for text in canonical] == [parse(text) for text in texts]
    assert refused_by_promtool(canonical, tmp_path) == set()
