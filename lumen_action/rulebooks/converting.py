"""Rules of another project become rows of a user's own rule file, with everything that was lost, guessed or odd."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeAlias

from lumen_action.errors import ConfigError
from lumen_action.failure.linting.samples import samples
from lumen_action.failure.ownrules import VERSION, with_own_rules
from lumen_action.failure.signatures import Catalogue, Signature
from lumen_action.model import ErrorClass, Scope
from lumen_action.rulebooks.dialects import LONGEST_GAP, Dialect, LeftOutError, translated
from lumen_action.rulebooks.foreign import ForeignRule, Format, Part
from lumen_action.rulebooks.guessing import guessed
from lumen_action.rulebooks.shapes import literals, plain_text
from lumen_action.rulebooks.suspicions import suspicions
from lumen_action.yamlite.writing import KeyPath, Writable

GUESSED = "check: class guessed from the words"
NOT_GUESSED = "check: the words do not say which class it is"
NO_HINT = "check: the source does not say what to do"
_ID_WORDS = 6
_DIGEST_CHARACTERS = 6
_SHORTEST_ANCHOR, _SHORTEST_EXAMPLE = 3, 8
_SENTENCE_CHARACTERS = 200

Row: TypeAlias = dict[str, Writable]


@dataclass(frozen=True)
class Taken:
    """What became of one foreign rule: a row and its comments, or the reason why it was left out; and what to know."""

    place: str
    row: Row | None = None
    comments: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    left_out: str = ""

    @property
    def id(self) -> str:
        """Return the id of the row, empty when there is none."""
        return str(self.row["id"]) if self.row else ""

    def described(self) -> str:
        """Return the rule in one line for a person."""
        said = "; ".join((*([f"left out: {self.left_out}"] if self.left_out else []), *self.notes))
        line = f"{self.place}: {self.id}{': ' if self.id and said else ''}{said}"
        return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)


@dataclass(frozen=True)
class _Searched:
    """One part of a rule, as a signature says it: what a line must hold, and a pattern if the words are not all."""

    anchors: tuple[str, ...]
    pattern: str
    sample: str
    bounded: bool = False

    @property
    def regular(self) -> str:
        return self.pattern or "(?i)" + re.escape(self.anchors[0]).replace("\\ ", " ")


def taken_over(rules: Sequence[ForeignRule], form: Format, file: str, taken: Collection[str]) -> list[Taken]:
    """Convert the rules of a file; `taken` are ids that belong to others."""
    ids, seen = set(taken), dict[tuple[Part, ...], str]()
    results = []
    for rule in rules:
        same = seen.get(rule.parts)
        if same and not rule.left_out:
            results.append(Taken(rule.place, left_out=f"it searches for the same as {same}"))
            continue
        result = _taken(rule, form, file, ids)
        results.append(result)
        if result.row:
            seen[rule.parts] = rule.place
            ids.add(result.id)
    return results


def document_of(results: Sequence[Taken], form: Format) -> tuple[Row, dict[KeyPath, str]]:
    """Return the own rule file of what was taken over, and the comments by the path they stand at."""
    kept = [each for each in results if each.row]
    comments: dict[KeyPath, str] = {
        ("signatures", number, name): words for number, each in enumerate(kept) for name, words in each.comments.items()
    }
    return {
        "version": VERSION,
        "ecosystem": form.prefix,
        "signatures": [each.row for each in kept if each.row],
    }, comments


def _taken(rule: ForeignRule, form: Format, file: str, ids: Collection[str]) -> Taken:
    odd = [words for part in rule.parts for words in suspicions(part)]
    lost = [f"lost: {words}" for words in rule.lost]
    if rule.left_out:
        return Taken(rule.place, notes=(*lost, *odd), left_out=rule.left_out)
    try:
        *company, line = [each for part in rule.parts for each in _searched(part, form.dialect)]
        row, comments = _row(rule, form, file, company, line)
        row["id"] = _identity(form.prefix, rule, line, ids)
        _check(row, file)
    except LeftOutError as fault:
        return Taken(rule.place, notes=(*lost, *odd), left_out=str(fault))
    told = _told(line, company)
    guess = f"class guessed: {row['class']}/{row['subclass']}" if comments["class"] == GUESSED else "class not known"
    return Taken(rule.place, row, comments, (guess, *lost, *(f"lost: {words}" for words in told), *odd))


def _told(line: _Searched, company: Sequence[_Searched]) -> Iterator[str]:
    if any(each.lower() != each.upper() for each in line.anchors):
        yield f"any other case of {' or '.join(f'`{each}`' for each in line.anchors)}"
    if company:
        yield "the order of the parts, and a distance of more than eight lines"
    if any(each.bounded for each in (line, *company)):
        yield f"`.*` and `.+` over more than {LONGEST_GAP} characters"


def _row(
    rule: ForeignRule, form: Format, file: str, company: Sequence[_Searched], line: _Searched
) -> tuple[Row, dict[str, str]]:
    texts = " ".join(part.text for part in rule.parts)
    error_class, subclass = guessed(texts, rule.about)
    hint = _sentence(rule.hint) or (f"Look at {rule.ticket}." if rule.ticket else "")
    comments = {"class": NOT_GUESSED if error_class is ErrorClass.UNKNOWN else GUESSED}
    if not hint:
        comments["hint"] = NO_HINT
    row: Row = {"id": "", "class": str(error_class), "subclass": subclass, "anchors": list(line.anchors)}
    if line.pattern:
        row["pattern"] = line.pattern
    if company:
        row["near"] = [each.regular for each in company]
    row |= {
        "tier": form.tier.name.lower(),
        "scope": str(Scope.JOB if rule.retried else Scope.NONE),
        "meaning": _sentence(rule.about) or f"The log holds a text that {file} lists.",
        "hint": hint or "Read the quoted line and what stands around it.",
        "examples": {
            "matches": ["\n".join(each.sample for each in (*company, line))],
            "ignores": [_counterexample(line)],
        },
        "source": f"{file}, {rule.place}{f', {rule.ticket}' if rule.ticket else ''}",
    }
    return row, comments


def _searched(part: Part, dialect: Dialect) -> list[_Searched]:
    """Return what a part searches for; a pattern over several lines is several."""
    if not part.regular:
        return [_plain(part.text)]
    translation = translated(part.text, dialect)
    if not translation.patterns:
        raise LeftOutError(f"`{part.text}` fits every line")
    return [_regular(pattern, bounded=translation.bounded) for pattern in translation.patterns]


def _plain(text: str) -> _Searched:
    text = text.strip()
    if len(text.encode("utf-8", "replace")) < _SHORTEST_ANCHOR or not text.isprintable():
        raise LeftOutError(f"`{text}` is too short, or no text of one line")
    return _Searched(_cases(text), "", text)


def _regular(pattern: str, *, bounded: bool) -> _Searched:
    text = plain_text(pattern)
    if text:
        return _plain(text)
    held = literals(pattern)
    if not held:
        raise LeftOutError(f"`{pattern}` has no text that every line it fits would hold")
    anchors = tuple(case for text in held for case in _cases(text))
    # Reading takes off the blanks at the end of a line.
    lines = (
        text
        for text in samples(pattern)
        if text.isprintable() and text == text.rstrip() and any(anchor in text for anchor in anchors)
    )
    sample = next(lines, "")
    if not sample:
        raise LeftOutError(f"no line could be made that `{pattern}` fits; it may be dead")
    return _Searched(anchors, pattern, sample, bounded)


def _cases(text: str) -> tuple[str, ...]:
    """Return a text as it is and, when it is all small letters, as the begin of a sentence."""
    return tuple(dict.fromkeys((text, text[:1].upper() + text[1:]))) if text == text.lower() else (text,)


def _counterexample(line: _Searched) -> str:
    """Return what is left of the sample without a word of its anchor: a line without an anchor is never looked at."""
    anchor = next(each for each in line.anchors if each in line.sample)
    for word in sorted(anchor.split(), key=len, reverse=True):
        text = " ".join(line.sample.replace(word, "").split())
        if len(text) >= _SHORTEST_EXAMPLE and not any(each in text for each in line.anchors):
            return text
    return next(text for text in ("All is well.", "0") if not any(each in text for each in line.anchors))


def _identity(prefix: str, rule: ForeignRule, line: _Searched, ids: Collection[str]) -> str:
    """Return an id from the words searched for, with a digest where these are not all or belong to another."""
    words = re.findall(r"[a-z0-9]+", line.anchors[0].lower())
    whole = not line.pattern and len(rule.parts) == 1 and len(words) <= _ID_WORDS
    identity = "-".join((prefix, *words[:_ID_WORDS]))
    if whole and words and identity not in ids:
        return identity
    searched = "\0".join(f"{part.regular:d}{part.text}" for part in rule.parts)
    digest = sha256(searched.encode("utf-8", "replace")).hexdigest()
    return f"{identity}-{digest[:_DIGEST_CHARACTERS]}"


def _check(row: Row, file: str) -> None:
    """Refuse a row that would not load, and examples that do not hold what they promise."""
    try:
        own = with_own_rules(Catalogue(), {"signatures": [row]}, file)
    except ConfigError as fault:
        said = [problem.removeprefix(f"{file}: {row['id']}: ") for problem in fault.problems]
        raise LeftOutError("; ".join(said)) from None
    (signature,) = own.signatures.values()
    if not all(_fits(signature, text) for text in signature.matches) or any(map(signature.found, signature.ignores)):
        raise LeftOutError("no examples could be made that prove it")


def _fits(signature: Signature, text: str) -> bool:
    return any(map(signature.found, text.split("\n"))) and signature.has_company(text)


def _sentence(text: str) -> str:
    """Return the first sentence of a text on one line, empty for none."""
    line = " ".join(text.split())
    first = re.split(r"(?<=[.!?]) (?=[A-Z])", line, maxsplit=1)[0]
    if len(first) > _SENTENCE_CHARACTERS:
        return f"{first[:_SENTENCE_CHARACTERS]}…"
    return first if not first or first[-1] in ".!?" else f"{first}."
