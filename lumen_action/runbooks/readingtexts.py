"""Texts of a runbook's file, which may ask only for what is known where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lumen_action.failure.redaction import redact
from lumen_action.runbooks.placeholders import malformed, names_in
from lumen_action.runbooks.runbook import InputKind
from lumen_action.slo.reading import Fields, Node, nearest


@dataclass(frozen=True)
class Names:
    """What a text may ask for: the inputs, and what earlier steps kept."""

    kinds: Mapping[str, InputKind]
    bare: frozenset[str] = frozenset()
    """Numbers and truths that always have a value: alone in JSON they stand without quotes."""

    def text(self, node: Node, longest: int = 0) -> str:
        """Return a text without secrets and without names that nobody knows."""
        text = node.text()
        self.check(node, text)
        if longest and len(text) > longest:
            node.refuse(f"{len(text)} letters", f"write at most {longest}, or a program of your own")
        if redact(text) != text:
            node.refuse("what looks like a secret", "take it from the environment: `$MY_SECRET` in `env` or `headers`")
        return text

    def needed(self, fields: Fields, key: str, example: str) -> str:
        """Return a text that must be given."""
        found = fields.need(key, example)
        return self.text(found) if found else ""

    def check(self, node: Node, text: str) -> None:
        """Refuse braces without a name, and names that are not known."""
        if braces := malformed(text):
            node.refuse(f"`{braces[:40]}`", "write the name of an input alone, such as `{{ pipeline }}`")
        for name in dict.fromkeys(names_in(text)):
            self.refuse_unknown(node, name)

    def refuse_unknown(self, node: Node, name: str) -> None:
        """Refuse a name that is not known."""
        if name not in self.kinds:
            fix = nearest(name, self.kinds) or f"; known here are {', '.join(self.kinds) or 'none'}"
            node.refuse(
                f"the name `{name}`, which no input has and no earlier step keeps", f"declare it under `inputs`{fix}"
            )
