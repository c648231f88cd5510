"""Every text that a document says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from lumen_action.report.document import Document

# Never shown as words.
_UNSEEN = ("language", "anchor", "url", "tone")


def texts(document: Document) -> Iterator[str]:
    """Yield the texts of a document, its own and those of all its parts."""
    yield from _texts(document)


def _texts(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        for each in part:
            yield from _texts(each)
    elif is_dataclass(part):
        for field in fields(part):
            if field.name not in _UNSEEN:
                yield from _texts(getattr(part, field.name))
