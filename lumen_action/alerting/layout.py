"""A PromQL expression over lines that a person can read."""

from __future__ import annotations

import re

_OPERATOR = re.compile(r" (?=(?:or|and|unless) )")
_OPENING, _CLOSING = "({[", ")}]"


def lay_out(expr: str, width: int) -> list[str]:
    """Break at the outermost set operators first, then within the longest parentheses."""
    if len(expr) <= width:
        return [expr]
    depths = _depths(expr)
    cuts = [match.start() for match in _OPERATOR.finditer(expr) if not depths[match.start()]]
    if cuts:
        pieces = [expr[start:end].strip() for start, end in zip([0, *cuts], [*cuts, len(expr)], strict=True)]
        return [line for piece in pieces for line in lay_out(piece, width)]
    opened, closed = max(_outermost(expr, depths), key=lambda pair: pair[1] - pair[0], default=(0, 0))
    if closed - opened <= 1:
        return [expr]
    within = lay_out(expr[opened + 1 : closed].strip(), width - 2)
    first, *more = lay_out(expr[closed + 1 :], width - 1)
    return [expr[: opened + 1], *(f"  {line}" for line in within), f"){first}", *more]


def _depths(expr: str) -> list[int]:
    """Return how deep each character stands; a quoted text is one level deeper."""
    depths, depth, quote, escaped = [], 0, "", False
    for sign in expr:
        if quote:
            if escaped:
                escaped = False
            elif sign == "\\":
                escaped = True
            elif sign == quote:
                quote, depth = "", depth - 1
        elif sign in "\"'":
            quote, depth = sign, depth + 1
        elif sign in _CLOSING:
            depth -= 1
        depths.append(depth)
        depth += not quote and sign in _OPENING
    return depths


def _outermost(expr: str, depths: list[int]) -> list[tuple[int, int]]:
    opened = [at for at, sign in enumerate(expr) if sign == "(" and not depths[at]]
    closed = [at for at, sign in enumerate(expr) if sign == ")" and not depths[at]]
    return list(zip(opened, closed, strict=False))
