"""The grammar of templates: what a program that reads one would refuse, and what it would only find when it is due."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from lumen_action.gotemplate import tokens as kinds
from lumen_action.gotemplate.hosts import BUILT_IN, Host
from lumen_action.gotemplate.tokens import Token, tokens

_OPERANDS = frozenset(
    {kinds.BOOL, kinds.CHARACTER, kinds.DOT, kinds.FIELD, kinds.NAME, kinds.NUMBER, "nil", kinds.STRING}
    | {kinds.VARIABLE, "("}
)
_CONSTANTS = frozenset({kinds.BOOL, kinds.DOT, "nil", kinds.NUMBER, kinds.CHARACTER, kinds.STRING})
_CONTROLS = frozenset({"if", "range", "with"})
_CLOSINGS = frozenset({"end", "else"})
_DEFAULT = "write `{{ with x }}{{ . }}{{ else }}y{{ end }}`"


@dataclass(frozen=True)
class Fault:
    """What is wrong, on which line, and what to write; an unparsable template has one such fault, its first."""

    line: int
    found: str
    fix: str
    parses: bool = True  # no program notices before it needs the template

    def __str__(self) -> str:
        """Say it in one line."""
        return f"line {self.line}: found {self.found}; {self.fix}"


class _Stop(Exception):  # noqa: N818 - carries the fault after which nothing can be read
    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.fault = fault


def check(text: str, host: Host, defined: Collection[str] = ()) -> list[Fault]:
    """Return the faults of a template; `defined` names the templates of other files that it may call."""
    reader = _Reader(text, host)
    try:
        reader.document()
    except _Stop as stop:
        return sorted([*reader.faults, stop.fault], key=lambda fault: fault.line)
    except RecursionError:
        return [Fault(1, "more levels than anyone can read", "nest less deeply", parses=False)]
    for name, line in reader.called:
        if name not in reader.filled and name not in defined:
            reader.faults.append(
                Fault(line, f'the template "{name}", which nobody defines', "define it, or check its name")
            )
    return sorted(reader.faults, key=lambda fault: fault.line)


def defines(text: str, host: Host) -> frozenset[str]:
    """Return the names of the templates that a text defines, as far as it can be read."""
    reader = _Reader(text, host)
    with suppress(_Stop, RecursionError):
        reader.document()
    return frozenset(reader.filled)


class _Reader:
    """Stands on a token of the template and reads on from there."""

    def __init__(self, text: str, host: Host) -> None:
        self.host = host
        self.tokens = list(tokens(text))
        self.at = 0
        self.faults: list[Fault] = []
        self.variables = ["$", *host.variables]
        self.loops = 0
        self.filled: dict[str, bool] = {}  # the templates defined here, and whether anything stands in them
        self.called: list[tuple[str, int]] = []

    def peek(self) -> Token:
        token = self.tokens[self.at]
        if token.kind == kinds.BROKEN:
            raise _Stop(Fault(token.line, token.text, token.fix, parses=False))
        return token

    def next(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def next_word(self) -> Token:
        """Return the next token that is no space."""
        token = self.next()
        return self.next_word() if token.kind == kinds.SPACE else token

    def peek_word(self) -> Token:
        token = self.next_word()
        self.at -= 1
        return token

    def note(self, line: int, found: str, fix: str) -> None:
        """Keep a fault after which reading can go on."""
        self.faults.append(Fault(line, found, fix, parses=False))

    def stop(self, token: Token, place: str, fix: str) -> _Stop:
        found = "the end of the template" if token.kind == kinds.NOTHING else f"`{token.text.strip()}`"
        return _Stop(Fault(token.line, f"{found} {place}", fix, parses=False))

    def close(self, word: str) -> None:
        token = self.next_word()
        if token.kind != kinds.RIGHT:
            raise self.stop(token, f"after `{word}`", f"write `{{{{ {word} }}}}`")

    def document(self) -> None:
        while self.peek().kind != kinds.NOTHING:
            if self.next().kind != kinds.LEFT:
                continue
            if self.peek_word().kind == "define":
                self.define(self.next_word())
            elif closing := self.action():
                raise self.stop(
                    closing, "that closes nothing", "take it away, or open an `if`, `range` or `with` before"
                )

    def define(self, word: Token) -> None:
        name = self.name(word)
        self.close("define" if self.peek_word().kind != kinds.RIGHT else "end")
        self.own_body(word, name)

    def own_body(self, word: Token, name: str) -> None:
        """Read the body of a template that is defined here; it sees no variable from outside."""
        outside, self.variables = self.variables, ["$"]
        loops, self.loops = self.loops, 0
        closing, filled = self.body(word)
        if closing.kind != "end":
            raise self.stop(closing, f"in `{word.kind}`", "close it with `{{ end }}`")
        self.variables, self.loops = outside, loops
        if filled and self.filled.get(name):
            self.note(word.line, f'a second template "{name}"', "rename one of them")
        self.filled[name] = filled or self.filled.get(name, False)

    def name(self, word: Token) -> str:
        token = self.next_word()
        if token.kind != kinds.STRING:
            raise self.stop(token, f"after `{word.kind}`", f'write a name: `{{{{ {word.kind} "name" … }}}}`')
        return token.text[1:-1]

    def body(self, opened: Token) -> tuple[Token, bool]:
        """Read up to the `end` or `else` of what was opened; return it, and whether anything stands before it."""
        filled = False
        while (token := self.peek()).kind != kinds.NOTHING:
            self.at += 1
            if token.kind == kinds.TEXT:
                filled = filled or bool(token.text.strip(" \t\r\n"))
            elif closing := self.action():
                return closing, filled
            else:
                filled = True
        found = f"`{opened.kind}` that is not closed"
        raise _Stop(Fault(opened.line, found, "close it with `{{ end }}`", parses=False))

    def action(self) -> Token | None:
        """Read what stands behind a delimiter; an `end` or an `else` is for the caller."""
        word = self.peek_word()
        if word.kind in _CONTROLS:
            self.control(self.next_word())
        elif word.kind in _CLOSINGS:
            return self.closing(self.next_word())
        elif word.kind in {"break", "continue"}:
            self.close(self.next_word().kind)
            if not self.loops:
                self.note(word.line, f"`{word.kind}` outside of `range`", "take it away")
        elif word.kind == "block":
            name = self.name(self.next_word())
            self.pipeline("block", kinds.RIGHT)
            self.called.append((name, word.line))
            self.own_body(word, name)
        elif word.kind == "template":
            name = self.name(self.next_word())
            self.called.append((name, word.line))
            if self.peek_word().kind == kinds.RIGHT:
                self.next_word()
            else:
                self.pipeline("template", kinds.RIGHT)
        elif word.kind == "define":
            raise self.stop(word, "inside of something else", "define templates outside of all actions")
        else:
            self.pipeline("", kinds.RIGHT)
        return None

    def closing(self, word: Token) -> Token:
        following = self.peek_word()
        chains = {"if", "with"} if self.host.else_with else {"if"}
        if word.kind == "end" or following.kind not in chains:
            if word.kind == "else" and following.kind == "with":
                fix = "write `{{ else }}{{ with … }}…{{ end }}{{ end }}`"
                raise self.stop(following, f"after `else`, which {self.host.name} does not read", fix)
            self.close(word.kind)
        return word

    def control(self, word: Token) -> None:
        """Read an `if`, `range` or `with` to its end."""
        scope = len(self.variables)
        self.pipeline(word.kind, kinds.RIGHT)
        looping = word.kind == "range"
        self.loops += looping
        closing, _ = self.body(word)
        self.loops -= looping
        if closing.kind == "else":
            following = self.peek_word() if self.tokens[self.at - 1].kind != kinds.RIGHT else None
            if following and following.kind == word.kind and word.kind != "range":
                self.control(self.next_word())
                closing = Token("end", "end", following.line)
            elif following:
                fix = f"write `{{{{ else }}}}{{{{ {following.kind} … }}}}…{{{{ end }}}}{{{{ end }}}}`"
                raise self.stop(following, f"after the `else` of `{word.kind}`", fix)
            else:
                closing, _ = self.body(word)
        if closing.kind != "end":
            raise self.stop(closing, f"a second time in `{word.kind}`", "close it with `{{ end }}`")
        del self.variables[scope:]

    def pipeline(self, context: str, end: str) -> None:
        """Read commands up to the end."""
        self.declarations(context)
        stage = 0
        while (token := self.peek_word()).kind != end:
            if token.kind not in _OPERANDS:
                raise self.stop(token, f"in `{context}`" if context else "in an action", "write a value or a function")
            stage += 1
            first, operands = token.kind, self.command()
            if stage > 1 and first in _CONSTANTS and operands:
                raise self.stop(token, "after `|`, which is no function", "pipe into a function")
        if not stage:
            place = f"in `{context}` without a value" if context else "without a value"
            raise self.stop(token, place, "write a value")
        self.next_word()

    def declarations(self, context: str) -> None:
        """Read `$x :=`, `$x =` or, in a range, `$i, $x :=`."""
        most = 2 if context == "range" else 1
        for count in range(1, most + 1):
            if self.peek_word().kind != kinds.VARIABLE:
                return
            begun = self.at
            variable = self.next_word()
            sign = self.next_word()
            if sign.kind in {":=", "="}:
                self.variables.append(variable.text)
                return
            if sign.kind != ",":
                self.at = begun
                return
            self.variables.append(variable.text)
            if count == most:
                raise self.stop(sign, f"after `{variable.text}`", "declare one variable, or two in a `range`")
            if self.peek_word().kind not in {kinds.VARIABLE, kinds.RIGHT}:
                raise self.stop(self.peek_word(), "in a declaration", "write `{{ range $index, $element := … }}`")

    def command(self) -> int:
        """Read a function with its arguments, or a value, up to what ends it; return how many operands it has."""
        operands = 0
        while True:
            token = self.peek_word()
            if token.kind in _OPERANDS:
                self.operand()
                operands += 1
            token = self.next()
            if token.kind == kinds.SPACE:
                continue
            if token.kind in {kinds.RIGHT, ")"}:
                self.at -= 1
            elif token.kind != "|":
                raise self.stop(token, "behind a value", "put a space between, or close the action with `}}`")
            return operands

    def operand(self) -> None:
        token = self.next_word()
        if token.kind == "(":
            self.pipeline("(", ")")
        elif token.kind == kinds.NAME and token.text not in self.host.functions:
            self.unknown(token)
        elif token.kind == kinds.VARIABLE and token.text not in self.variables:
            self.note(
                token.line, f"the variable {token.text}, which is not set here", "set it before, in the same block"
            )
        if self.peek().kind == kinds.FIELD:
            if token.kind in _CONSTANTS:
                raise self.stop(self.peek(), f"right behind `{token.text}`, which has no fields", "put a space between")
            while self.peek().kind == kinds.FIELD:
                self.next()

    def unknown(self, token: Token) -> None:
        known = sorted(self.host.functions - BUILT_IN)
        like = [name for name in known if name.lower() == token.text.lower()]
        fix = _DEFAULT if token.text == "default" else f"write {like[0]}" if like else f"use one of {', '.join(known)}"
        self.note(token.line, f"the function {token.text}, which {self.host.name} does not know", fix)
