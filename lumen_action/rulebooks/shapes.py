"""What every text that a pattern matches must hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lumen_action.failure.linting.tree import Characters, Choice, Node, Repeat, Sequence, tree

_SHORTEST = 3


def literals(pattern: str) -> tuple[str, ...]:
    """Return texts of which every match holds one, as long as can be; none when they would be too short."""
    best = _required(tree(pattern))
    return tuple(dict.fromkeys(best)) if _shortest(best) >= _SHORTEST else ()


def plain_text(pattern: str) -> str:
    """Return the text that a pattern is another way to write, empty when it is more than that."""
    root = tree(pattern)
    items = list(_flat(root)) if isinstance(root, Sequence) else [root]
    texts = [item.shown for item in items if isinstance(item, Characters) and item.literal]
    return "".join(texts) if len(texts) == len(items) else ""


def _required(node: Node) -> tuple[str, ...]:
    if isinstance(node, Characters):
        return (node.shown.strip(),) if node.literal else ()
    if isinstance(node, Choice):
        branches = [_required(branch) for branch in node.branches]
        return tuple(text for branch in branches for text in branch) if all(map(_shortest, branches)) else ()
    if isinstance(node, Repeat):
        return _required(node.body) if node.low else ()
    if not isinstance(node, Sequence):
        return ()
    return max(_candidates(node), key=lambda texts: (_shortest(texts), -len(texts)), default=())


def _candidates(node: Sequence) -> Iterator[tuple[str, ...]]:
    """Yield what each part of a row requires; single characters in a row are one text, and begin what follows."""
    run: list[Node] = []
    for item in _flat(node):
        if isinstance(item, Characters) and item.literal:
            run.append(item)
            continue
        yield (_text(run),)
        # The parser moves what all branches begin with before them.
        branches = item.branches if isinstance(item, Choice) else ()
        yield _required(Choice(tuple(Sequence((*run, branch)) for branch in branches)) if branches else item)
        run = []
    yield (_text(run),)


def _text(run: Iterable[Node]) -> str:
    return "".join(item.shown for item in run if isinstance(item, Characters)).strip()


def _flat(node: Sequence) -> Iterator[Node]:
    for item in node.items:
        if isinstance(item, Sequence):
            yield from _flat(item)
        else:
            yield item


def _shortest(texts: tuple[str, ...]) -> int:
    return min((len(text.encode()) for text in texts), default=0)
