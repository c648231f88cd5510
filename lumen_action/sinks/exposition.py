"""Series as text: Prometheus, OpenMetrics, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lumen_action.sinks import Family, Group, Sample

PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_IN_HELP = str.maketrans({"\\": "\\\\", "\n": "\\n"})
_IN_QUOTES = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})


def prometheus_text(groups: Iterable[Group]) -> str:
    """Render the text format 0.0.4."""
    return "".join(_lines(family, family.name, family.help.translate(_IN_HELP)) for family in merged(groups))


def openmetrics_text(groups: Iterable[Group]) -> str:
    """Render OpenMetrics 1.0, where a counter's name lacks the `_total` of its samples."""
    blocks = []
    for family in merged(groups):
        title = family.name.removesuffix("_total") if family.type == "counter" else family.name
        blocks.append(_lines(family, title, family.help.translate(_IN_QUOTES)))
    return "".join([*blocks, "# EOF\n"])


def json_text(groups: Iterable[Group]) -> str:
    """Render one JSON list with an object a family."""
    listed = [
        {
            "name": family.name,
            "type": family.type,
            "help": family.help,
            "samples": [{"labels": sample.labels, "value": sample.value} for sample in family.samples],
        }
        for family in merged(groups)
    ]
    return json.dumps(listed, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def csv_text(groups: Iterable[Group]) -> str:
    """Render a table with a row a sample, a column a label and the number last."""
    found = merged(groups)
    columns = list(dict.fromkeys(label for family in found for sample in family.samples for label in sample.labels))
    table = io.StringIO()
    # Quoting all text keeps a CR or LF inside a label readable.
    writer = csv.writer(table, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(["name", *columns, "value"])
    writer.writerows(
        [family.name, *(sample.labels.get(column, "") for column in columns), sample.value]
        for family in found
        for sample in family.samples
    )
    return table.getvalue()


def merged(groups: Iterable[Group]) -> list[Family]:
    """Bring the groups together by series name and write their labels into the samples.

    A text format wants all samples of one name in one block.
    """
    first: dict[str, Family] = {}
    samples: dict[str, list[Sample]] = {}
    for group in groups:
        for family in group.families:
            first.setdefault(family.name, family)
            samples.setdefault(family.name, []).extend(_labelled(family.samples, group.labels))
    return [Family(name, family.type, family.help, tuple(samples[name])) for name, family in first.items()]


def _labelled(samples: Sequence[Sample], shared: Mapping[str, str]) -> Iterator[Sample]:
    for sample in samples:
        yield Sample(sample.value, {**shared, **sample.labels})


def _lines(family: Family, title: str, help_text: str) -> str:
    head = f"# HELP {title} {help_text}\n# TYPE {title} {family.type}\n"
    return head + "".join(
        f"{family.name}{_label_set(sample.labels)} {_number(sample.value)}\n" for sample in family.samples
    )


def _label_set(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{value.translate(_IN_QUOTES)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
