"""Write the README's parts that action.yml already says: inputs, outputs, and every input as one block to copy.

python tools/readme_tables.py           rewrite README.md between its markers
python tools/readme_tables.py --check   only tell whether it is up to date
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
USES = "org/lumen-sli-action@v1"
FILLED_IN = {"stage": "build"}  # a required input has no default to show
_BLOCK = re.compile(r"(?P<open><!-- generated:(?P<name>[a-z]+) -->\n).*?(?P<close><!-- /generated -->)", re.DOTALL)

Action = Mapping[str, Any]


def inputs_table(action: Action) -> str:
    """Return a row an input: name, default, meaning."""
    rows = ["| input | default | meaning |", "|---|---|---|"]
    for name, declared in action["inputs"].items():
        default = "**required**" if declared.get("required") else _code(declared.get("default", ""))
        rows.append(f"| `{name}` | {default} | {_cell(declared['description'])} |")
    return "\n".join(rows) + "\n"


def outputs_table(action: Action) -> str:
    """Return a row an output: name, meaning."""
    rows = ["| output | meaning |", "|---|---|"]
    rows += [f"| `{name}` | {_cell(declared['description'])} |" for name, declared in action["outputs"].items()]
    return "\n".join(rows) + "\n"


def usage_block(action: Action) -> str:
    """Return every input as YAML to copy, its meaning as a comment and its default as the value."""
    lines = ["```yaml", f"- uses: {USES}", "  if: always()", "  with:"]
    for name, declared in action["inputs"].items():
        meaning = " ".join(declared["description"].split()) + (" Required." if declared.get("required") else "")
        lines += textwrap.wrap(meaning, 110, initial_indent="    # ", subsequent_indent="    # ")
        lines.append(f"    {name}: {_scalar(str(FILLED_IN.get(name, declared.get('default', ''))))}")
    return "\n".join([*lines, "```"]) + "\n"


BLOCKS: Mapping[str, Callable[[Action], str]] = {
    "inputs": inputs_table,
    "outputs": outputs_table,
    "usage": usage_block,
}


def filled(readme: str, action: Action) -> str:
    """Return the README with each block written anew; a ValueError names a block that is missing or unknown."""
    found = [match["name"] for match in _BLOCK.finditer(readme)]
    if sorted(found) != sorted(BLOCKS):
        wanted = ", ".join(f"`<!-- generated:{name} -->`" for name in BLOCKS)
        raise ValueError(f"README.md needs each of {wanted} once, closed by `<!-- /generated -->`; found {found}")
    return _BLOCK.sub(lambda match: match["open"] + BLOCKS[match["name"]](action) + match["close"], readme)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _code(value: object) -> str:
    return f"`{_cell(str(value))}`" if str(value) else ""


def _scalar(value: str) -> str:
    """Return the value as people write it in a workflow: words and expressions plain, the rest quoted."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", value) or re.fullmatch(r"\$\{\{ [^#:]+ \}\}", value)
    return value if plain else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main(arguments: Sequence[str]) -> int:
    """Rewrite the README, or with `--check` only compare."""
    readme_file = ROOT / "README.md"
    readme = readme_file.read_text(encoding="utf-8")
    try:
        wanted = filled(readme, YAML(typ="safe").load(ROOT / "action.yml"))
    except ValueError as fault:
        print(fault, file=sys.stderr)
        return 1
    if wanted == readme:
        return 0
    if "--check" in arguments:
        print("README.md differs from action.yml; run `python tools/readme_tables.py`", file=sys.stderr)
        return 1
    readme_file.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
