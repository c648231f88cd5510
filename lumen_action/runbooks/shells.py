"""Words of a command that a shell, an interpreter or another machine reads as code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from lumen_action.runbooks.placeholders import asks

_POSIX = re.compile(r"-[A-Za-z]*c[A-Za-z]*|--command|--init-command")
# By the flag behind which each takes code; without such a flag their first word is a file of code.
_INTERPRETERS: Mapping[str, re.Pattern[str]] = {
    **dict.fromkeys(("sh", "bash", "dash", "zsh", "ksh", "ash", "fish"), _POSIX),
    **dict.fromkeys(("python", "pypy"), re.compile(r"-[A-Za-z]*c")),
    **dict.fromkeys(("perl", "ruby"), re.compile(r"-[A-Za-z]*[eE]")),
    "php": re.compile(r"-[rBRE]|--run"),
    **dict.fromkeys(("node", "nodejs", "bun", "deno"), re.compile(r"-[A-Za-z]*[ep]|--eval|--print|eval")),
    "lua": re.compile(r"-e"),
    "cmd": re.compile(r"/[cCkK]"),
    **dict.fromkeys(("powershell", "pwsh"), re.compile(r"[-/](c|ec|e|command|encodedcommand)", re.IGNORECASE)),
}
_COMMANDING: Mapping[str, re.Pattern[str]] = {
    **dict.fromkeys(("su", "runuser", "script"), _POSIX),
    **dict.fromkeys(("psql", "mysql", "sqlite3"), re.compile(r"-[A-Za-z]*[ce]|--command|--execute")),
}
# All their words together are a line of a shell, here or over there.
_JOINING = frozenset({"ssh", "rsh", "watch"})
# Which of their words is code depends on the options before it.
_CODE_SOMEWHERE = frozenset({"awk", "gawk", "mawk", "sed", "jq"})
_VERSION = re.compile(r"[0-9.]+\Z|\.exe\Z", re.IGNORECASE)


def code_in(argv: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the places of words that are read as code although something is filled into them, and why."""
    for place, word in enumerate(argv):
        program = _VERSION.sub("", PurePosixPath(word.replace("\\", "/")).name.lower())
        filled = [at for at in range(place + 1, len(argv)) if asks(argv[at])]
        if program in _CODE_SOMEWHERE:
            yield from ((at, f"code for {program}, or beside it") for at in filled)
        elif program in _JOINING:
            # The host may be an input; what is done there may not.
            yield from ((at, f"part of a line that {program} gives to a shell") for at in filled if at > place + 1)
        elif program in _INTERPRETERS:
            code = _code_at(argv, place + 1, _INTERPRETERS[program])
            glued = [at for at in filled if argv[at].startswith(("-", "/")) and _INTERPRETERS[program].match(argv[at])]
            yield from ((at, f"code for {program}") for at in {*glued, *([code] if code in filled else [])})
            # All that follows are arguments of that code, whatever they are called.
            return
        elif program in _COMMANDING:
            flag = _COMMANDING[program]
            yield from (
                (at, f"code for {program}") for at in filled if flag.match(argv[at]) or flag.match(argv[at - 1])
            )


def _code_at(argv: Sequence[str], start: int, flag: re.Pattern[str]) -> int:
    """Return where code stands: the first word behind the flag for it, or the file where there is no such flag."""
    flagged = next((at for at in range(start, len(argv)) if flag.fullmatch(argv[at])), start - 1)
    return next((at for at in range(flagged + 1, len(argv)) if not argv[at].startswith("-")), len(argv))
