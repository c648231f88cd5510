"""Commands of a runbook's file: a program and its words, none of which a shell ever sees as code."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from lumen_action.runbooks.readingtexts import Names, asks
from lumen_action.runbooks.shells import code_in
from lumen_action.slo.reading import Fields, Node

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
# A program takes these for code, or for where code is.
_POWERFUL = re.compile(r"PATH|(LD|DYLD|GIT|PYTHON|PERL|RUBY|NODE|BASH)_?\w*|ENV|SHELL|IFS|PROMPT_COMMAND|EDITOR|PAGER")
# A name in its braces is one word, also with spaces.
_WORDS = re.compile(r"(?:\{\{.*?\}\}|\S)+")
_MOST_WORDS, _LONGEST_WORD = 100, 4000
_AS_ARGUMENT = "pass the value as an argument of its own (`sh -c 'echo \"$1\"' sh VALUE`), or as a variable in `env`"


def argv_of(node: Node, names: Names) -> tuple[str, ...]:
    """Return the words of a command."""
    if isinstance(node.value, str):
        words = json.dumps(_WORDS.findall(node.value), ensure_ascii=False)
        node.refuse("a line for a shell", f"write the program and its words as a list: `{words}`")
        return ()
    items = node.items()
    argv = tuple(_word(each, names) for each in items)
    if len(argv) > _MOST_WORDS:
        node.refuse(f"{len(argv)} words", f"write at most {_MOST_WORDS}, or a program of your own")
    if argv and asks(argv[0]):
        items[0].refuse("a program that an input names", "write the program itself; only its words may be inputs")
    for number, why in code_in(argv):
        items[number].refuse(f"{items[number].shown}, which is {why}", _AS_ARGUMENT)
    return argv


def env_of(fields: Fields, names: Names) -> Mapping[str, str]:
    """Return the variables of a command."""
    inner = (found := fields.get("env")) and found.fields()
    if not inner:
        return {}
    made = {}
    for name in inner:
        value = inner.get(name)
        made[name] = _word(value, names) if value else ""
        if not _VARIABLE.fullmatch(name):
            inner.node.child(name, None).refuse(f"the name `{name[:40]}`", "write letters, digits and `_`")
        elif value and _POWERFUL.fullmatch(name) and asks(made[name]):
            value.refuse(f"an input in {name}, which says what is run", "give it to the program as an argument")
    return made


def _word(node: Node, names: Names) -> str:
    if isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return str(node.value)
    return names.text(node, _LONGEST_WORD) if node.value != "" else ""
