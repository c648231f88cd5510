"""`lumen signatures`: look at the signatures, try them, check them."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from lumen_action.commands import World

# Name, module, and what it does in a line; a module is imported only when its sub-command is called.
SUBCOMMANDS: Mapping[str, tuple[str, str]] = {
    "list": ("listing", "show the signatures as a table"),
    "show": ("showing", "show all there is to know about one signature"),
    "test": ("testing", "say which signatures match a text, or try all on their own examples"),
    "lint": ("linting", "find signatures that are dead, shadowed, slow or careless"),
    "backtest": ("backtesting", "classify saved logs, and say what other rules change"),
    "import": ("importing", "turn the rule file of another project into signatures"),
}


class _Late(argparse.ArgumentParser):
    """A parser that learns its arguments when it is asked to parse."""

    module = ""

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]  # noqa: ANN401
        """Let the module of the sub-command say what it takes, then parse."""
        module = importlib.import_module(f"{__name__}.{self.module}")
        module.add_arguments(self)
        self.set_defaults(module=module)
        return super().parse_known_args(args, namespace)


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = argparse.ArgumentParser(
        prog="lumen signatures",
        description="Look at the signatures that say why a log failed, try them on texts, check and import them.",
        epilog="example:\n  lumen signatures test 'curl: (6) Could not resolve host: a.example'",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = made.add_subparsers(required=True, metavar="SUBCOMMAND", parser_class=_Late)
    for name, (module, what) in SUBCOMMANDS.items():
        late = commands.add_parser(
            name, help=what, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
        )
        late.module = module
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run the sub-command."""
    return int(arguments.module.run(arguments, world))
