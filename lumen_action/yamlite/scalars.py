"""Text to values: the grammar of plain words, the core schema, escapes, folding and chomping."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What a plain scalar may be; `stop` are the characters that end it inside [] and {}. The loop is unrolled and each of
# its branches starts with another character, so that matching stays linear.
_PLAIN = (
    r"(?:[^ \t\-?:,\[\]{{}}#&*!|>'\"%@`]|[-?:](?=[^ \t{stop}]))[^ \t:#{stop}]*"
    r"(?:(?::(?=[^ \t{stop}])|(?<![ \t])#|[ \t]+(?=[^ \t#:{stop}]|:[^ \t{stop}]))[^ \t:#{stop}]*)*"
)
BLOCK_PLAIN = re.compile(_PLAIN.format(stop=""))
FLOW_PLAIN = re.compile(_PLAIN.format(stop=r",\[\]{}"))

_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OTHER_BASE = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NUMBER_BEGINS = "-+.0123456789"
_WORDS: Mapping[str, object] = {
    "": None,
    **dict.fromkeys(("~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{sign + word: float(f"{sign}inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_ESCAPED = dict(zip('0abtnvfre "/\\\tN_LP', '\0\a\b\t\n\v\f\r\x1b "/\\\t\x85\xa0\u2028\u2029', strict=True))
_HALF_CHARACTERS = range(0xD800, 0xE000)
_LAST_CHARACTER = 0x10FFFF

_BEGINS_NO_TEXT: Mapping[str, tuple[str, str]] = {
    "&": ("an anchor", "write the value out where it is needed, or quote the text"),
    "*": ("an alias", "write the value out, or quote the text"),
    "!": ("a tag", "leave it out, or quote the text"),
    "%": ("`%`, which begins no text", "quote the text"),
    "@": ("`@`, which begins no text", "quote the text"),
    "`": ("a backtick, which begins no text", "quote the text"),
    ",": ("a comma without a value before it", "remove it, or quote the text"),
    "]": ("`]` without its `[`", "remove it, or quote the text"),
    "}": ("`}` without its `{`", "remove it, or quote the text"),
    "#": ("`#` without a blank before it", "put a blank before a comment, or quote the text"),
    "|": ("`|` with more than `-`, `+` or a digit after it", "begin the text on the next line, or quote it"),
    ">": ("`>` with more than `-`, `+` or a digit after it", "begin the text on the next line, or quote it"),
    "?": ("`?`, which begins a complex key", "write `key: value` with a text as key"),
    "-": ("a list item where a value belongs", "begin the list on a line of its own, or quote the text"),
    ":": ("a value without a key", "write `key: value`, or quote the text"),
    "\t": ("a tab in the indentation", "indent with blanks"),
}


class Fault(Exception):  # noqa: N818 - never leaves the reader, which adds the place and makes it a ConfigError
    """What was found and how to write it instead; the line is where the reader stands unless given."""

    def __init__(self, found: str, fix: str, number: int | None = None) -> None:
        """Keep what the message is made of."""
        super().__init__(found)
        self.found = found
        self.fix = fix
        self.number = number


def begins_no_text(text: str) -> Fault:
    """Say what is wrong with a text that no plain scalar may begin with."""
    return Fault(*_BEGINS_NO_TEXT[text[0]])


def value_of(word: str) -> object:
    """Return the value of a plain scalar by the core schema."""
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in _NUMBER_BEGINS:
        return word
    try:
        if _INTEGER.match(word):
            return int(word)
    except ValueError:
        raise Fault("a number of too many digits", "quote it") from None
    if _OTHER_BASE.match(word):
        return int(word, 0)
    return float(word) if _FLOAT.match(word) else word


def key_of(word: str) -> str:
    """Return a plain key, which must be text."""
    if word == "<<":
        raise Fault("the merge key `<<`", "write the keys out")
    if not isinstance(value_of(word), str):
        raise Fault(f"the key `{word}`, which is not text", f'write `"{word}":`')
    return word


def unquoted(quote: str, lines: list[str]) -> str:
    """Return what stands between quotes, over one or several lines."""
    if quote == "'":
        return folded(lines).replace("''", "'")
    text = folded(lines, escapes=True)
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    two, four, eight, letter = match.groups()
    if letter is not None:
        if letter not in _ESCAPED:
            raise Fault(f"the unknown escape `\\{letter}`", f"write `\\\\{letter}`, or use 'single quotes'")
        return _ESCAPED[letter]
    code = int(two or four or eight, 16)
    if code in _HALF_CHARACTERS or code > _LAST_CHARACTER:
        raise Fault(f"the escape `{match.group()}`, which is no character", "write the character itself")
    return chr(code)


def folded(lines: list[str], *, escapes: bool = False) -> str:
    """Join the lines of a plain or quoted scalar: a line break is a blank, an empty line a line break."""
    text, empty, joined = "", 0, True
    last = len(lines) - 1
    for position, line in enumerate(lines):
        part, glued = line.lstrip(" \t") if position else line, False
        if position < last:
            part, glued = _line_end(part) if escapes else (part.rstrip(" \t"), False)
            if position and not part and not glued:
                empty += 1
                continue
        text += ("\n" * empty or ("" if joined else " ")) + part
        empty, joined = 0, glued
    return text


def _line_end(line: str) -> tuple[str, bool]:
    """Cut the blanks at the end of a line in double quotes; True if a backslash joins it to the next."""
    text = line.rstrip(" \t")
    if (len(text) - len(text.rstrip("\\"))) % 2 == 0:
        return text, False
    return (text[:-1], True) if text == line else (line[: len(text) + 1], False)


def block_text(lines: list[str], *, folds: bool, chomping: str, last_is_open: bool) -> str:
    """Join the lines of a literal or folded text and end it as its header says."""
    count = len(lines)
    while count and not lines[count - 1]:
        count -= 1
    content = lines[:count]
    breaks = len(lines) - count + bool(content) - last_is_open
    kept = {"-": 0, "": min(breaks, len(content), 1), "+": breaks}[chomping]
    return (_folded_block(content) if folds else "\n".join(content)) + "\n" * kept


def _folded_block(lines: list[str]) -> str:
    """Join lines by blanks, except around empty and deeper indented ones."""
    text, empty, deep_before = "", 0, True
    for position, line in enumerate(lines):
        if not line:
            empty += 1
            continue
        deep = line[0] in " \t"
        if position == empty:
            text = "\n" * empty
        elif deep or deep_before:
            text += "\n" * (empty + 1)
        else:
            text += "\n" * empty or " "
        text += line
        empty, deep_before = 0, deep
    return text
