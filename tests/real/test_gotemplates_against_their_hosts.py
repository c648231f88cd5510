"""promtool and amtool refuse the same templates as we do."""

from __future__ import annotations

import json
import random
import re
import subprocess
from pathlib import Path

import servers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumen_action.gotemplate import ALERTMANAGER_0_25, PROMETHEUS_2_42, Host, check
from lumen_action.gotemplate.hosts import BUILT_IN

TEXTS_AT_ONCE = 400
KNOWN = sorted((PROMETHEUS_2_42.functions | ALERTMANAGER_0_25.functions) - BUILT_IN)
OPERANDS = [
    ".", ".x", ".x.y", "$labels", "$labels.job", "$value", "$", "$.x", "$n", "nil", "true", "1", "-1", "+1",
    "0x1F", "017", "09", "1_0", "1__0", "1e3", "1.", ".5", "1i", "1+2i", "1a", "99999999999999999999", "'a'",
    "'ab'", r"'\n'", '"a"', r'"\""', r'"\q"', "`a\nb`", '"a', "printf", "len", "default", "(.x)", "(len .x).y",
    ".x-y", "..x", '"a".b', "é", ".é", "()", "$labels.a.b",
]  # fmt: skip
PIECES = [
    "{{", "}}", "{{-", "-}}", "{{ ", " }}", "(", ")", "|", ":=", "=", ",", " ", "\n", "end", "else", "if", "/*",
    "*/", ".", "$x", "-", "{{ end }}", "{{ else }}", "{{ break }}", "{{ else if . }}", "{{ else with . }}",
    "{{/* c */}}", "{{- /* c */ -}}", ";", '"', "`",
]  # fmt: skip


class Writer:
    """Writes templates; most, but not all of them, make sense."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def text(self) -> str:
        text = self.body(self.chance.randrange(3))
        while self.chance.random() < 0.3:
            text = self.mutated(text)
        return text

    def mutated(self, text: str) -> str:
        words = re.findall(r"\w+|\s+|[^\w\s]+", text)
        place = self.chance.randrange(len(words) + 1)
        if self.chance.random() < 0.6 or not words:
            words.insert(place, self.chance.choice(PIECES))
        else:
            del words[min(place, len(words) - 1)]
        return "".join(words)

    def body(self, depth: int) -> str:
        parts = [
            self.chance.choice(["", "a", "\n", " "]) + self.part(depth) for _ in range(self.chance.randrange(1, 3))
        ]
        return "".join(parts)

    def part(self, depth: int) -> str:
        opens, closes = self.chance.choice(["{{", "{{ ", "{{- "]), self.chance.choice(["}}", " }}", " -}}"])
        if depth <= 0 or self.chance.random() < 0.4:
            return f"{opens}{self.chance.choice(['', '', '', '$n := ', '$n = '])}{self.pipeline()}{closes}"
        inner, other = self.body(depth - 1), self.body(depth - 1)
        word = self.chance.choice(["if", "with", "range", "range $i, $n :=", "with $n :=", "if $n :="])
        end = f"{opens}end{closes}"
        return self.chance.choice(
            [
                f"{opens}{word} {self.pipeline()}{closes}{inner}{end}",
                f"{opens}{word} {self.pipeline()}{closes}{inner}{{{{ else }}}}{other}{end}",
                f"{opens}{word} {self.pipeline()}{closes}{inner}{{{{ else if .x }}}}{other}{end}",
                f"{opens}range .x{closes}{inner}{{{{ break }}}}{end}",
                f'{{{{ define "t" }}}}{inner}{end}{{{{ template "t" {self.pipeline()}{closes}',
                f'{{{{ block "b" {self.pipeline()}{closes}{inner}{end}',
            ]
        )

    def pipeline(self) -> str:
        return self.chance.choice([" | ", "|"]).join(self.command() for _ in range(self.chance.choice([1, 1, 2])))

    def command(self) -> str:
        good = self.chance.random() < 0.75
        operands = [self.chance.choice(OPERANDS[:6] if good else OPERANDS) for _ in range(self.chance.randrange(1, 3))]
        if self.chance.random() < 0.5:
            operands.insert(0, self.chance.choice(["printf", "len", "title"] if good else KNOWN))
        return " ".join(operands)


def refused_by_us(text: str, host: Host) -> str:
    return "; ".join(str(fault) for fault in check(text, host) if not fault.parses)


def refused_by_promtool(texts: list[str], directory: Path) -> set[int]:
    """Ask one promtool about many annotations; it names every rule that it refuses."""
    rules = [{"alert": f"r{number}", "expr": "up", "annotations": {"a": text}} for number, text in enumerate(texts)]
    file = directory / "annotations.yml"
    file.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}, ensure_ascii=False))
    done = subprocess.run(
        [servers.promtool(), "check", "rules", "--lint=none", str(file)], capture_output=True, text=True, check=False
    )
    refused = {int(number) for number in re.findall(r'rule \d+, "r(\d+)"', done.stdout + done.stderr)}
    assert bool(refused) == bool(done.returncode), done.stderr
    return refused


def amtool_reads(texts: list[str], directory: Path) -> bool:
    """Ask one amtool to load a directory of templates."""
    directory.mkdir()
    for number, text in enumerate(texts):
        (directory / f"t{number}.tmpl").write_text(text)
    command = [
        servers.program("prometheus-alertmanager", "amtool"),
        *("template", "render", f"--template.glob={directory}/*.tmpl", "--template.text=loaded"),
    ]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_promtool_refuses_the_same_annotations(tmp_path: Path, seed: int) -> None:
    writer = Writer(seed)
    texts = [writer.text() for _ in range(TEXTS_AT_ONCE)]
    refused = refused_by_promtool(texts, tmp_path)
    ours = [refused_by_us(text, PROMETHEUS_2_42) for text in texts]

    assert [
        (text, number in refused, fault)
        for number, (text, fault) in enumerate(zip(texts, ours, strict=True))
        if bool(fault) != (number in refused)
    ] == []


def test_amtool_refuses_the_same_templates(tmp_path: Path) -> None:
    writer = Writer(7)
    texts = [writer.text().replace("$value", ".Status").replace("$labels", ".CommonLabels") for _ in range(150)]
    good = [text for text in texts if not refused_by_us(text, ALERTMANAGER_0_25)]
    bad = [text for text in texts if refused_by_us(text, ALERTMANAGER_0_25)]

    assert amtool_reads(good, tmp_path / "good")
    assert [text for number, text in enumerate(bad) if amtool_reads([text], tmp_path / f"bad{number}")] == []


def test_the_functions_of_each_host_are_those_it_knows(tmp_path: Path) -> None:
    names = sorted({*KNOWN, *BUILT_IN, "default", "now", "trimSpace", "date", "since", "tmpl"})
    unknown = refused_by_promtool([f"{{{{ {name} }}}}" for name in names], tmp_path)

    assert {name for number, name in enumerate(names) if number not in unknown} == PROMETHEUS_2_42.functions
    assert {
        name for name in names if amtool_reads([f"{{{{ {name} }}}}"], tmp_path / name)
    } == ALERTMANAGER_0_25.functions


def test_the_writer_writes_good_and_bad_templates() -> None:
    writer = Writer(1)
    faults = [bool(refused_by_us(writer.text(), PROMETHEUS_2_42)) for _ in range(TEXTS_AT_ONCE)]

    assert 0.2 < sum(faults) / len(faults) < 0.8
