"""The word that was said for an option, in the order of who may say it, and whether it is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lumen_action.errors import ConfigError, shown
from lumen_action.settings.options import DEFAULT_CONFIG, Option

# The environment names of older scripts say yes and no in digits.
_SEED_FLAGS = {"1": "true", "0": "false"}
# What is refused is quoted, and a URL of another kind of ledger may hold a password.
_USERINFO = re.compile(r"//[^/\s]*@")
_LABEL = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,100}\Z")

_LEDGERS = {
    "sqlite": "sqlite:PATH",
    "git": "git:REMOTE",
    "s3": "s3://BUCKET/PREFIX",
    "postgresql": "postgresql://USER@HOST/DATABASE",
    "postgres": "postgres://USER@HOST/DATABASE",
    "pushgateway": "pushgateway:URL",
}


def said(
    option: Option, given: Mapping[str, str | None], env: Mapping[str, str], config: Mapping[str, Any]
) -> tuple[str, str]:
    """Return what was said first and by whom; an empty word says nothing."""
    if given.get(option.name):
        return str(given[option.name]), option.name
    for variable in option.variables:
        if env.get(variable):
            word = _SEED_FLAGS.get(env[variable], env[variable]) if option.flag else env[variable]
            return word, option.name if variable.startswith("LUMEN_INPUT_") else variable
    if option.in_config and config.get(option.name):
        return str(config[option.name]), f"{DEFAULT_CONFIG}: {option.name}"
    return "", option.name


def config_of(path: str, folder: Path, problems: list[str]) -> dict[str, Any]:
    """Return what the file of configuration says; only one that was named has to be there."""
    file = folder / (path or DEFAULT_CONFIG)
    if not path and not file.exists():
        return {}
    # Both are needed only where a file is present.
    from lumen_action.configfile import read_config
    from lumen_action.yamlite import load

    try:
        document = load(file.read_text(encoding="utf-8-sig"), file.name)
    except ConfigError as fault:
        problems.extend(fault.problems)
        return {}
    except (OSError, UnicodeDecodeError) as fault:
        why = getattr(fault, "strerror", None) or "is not UTF-8 text"
        problems.append(
            f"config: cannot read {path or DEFAULT_CONFIG}: {why}; give the path of a YAML file or leave it out"
        )
        return {}
    return read_config(document, file.name, problems)


def _stage_word(text: str) -> str | None:
    return None if re.fullmatch(r"[a-z0-9_-]{1,40}", text) else "expected 1 to 40 of a-z, 0-9, _ and -"


def _label(text: str) -> str | None:
    return None if _LABEL.match(text) and text.strip() == text else "expected 1 to 100 printable characters"


def _ledger_url(text: str) -> str | None:
    scheme, _, rest = text.partition(":")
    known = scheme in _LEDGERS and (rest or scheme == "postgresql")
    return None if known else f"expected {', '.join(f'`{each}`' for each in _LEDGERS.values())}"


_CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "stage": _stage_word,
    "region": _label,
    "pipeline": _label,
    "run-id": _label,
    "pipeline-version": _label,
    "ledger": _ledger_url,
}


def checked(option: Option, text: str, origin: str, problems: list[str]) -> str:
    """Return the word, or nothing after noting what is wrong with it."""
    if not text:
        return ""
    fault = None
    if option.choices and text not in option.choices:
        fault = f"expected one of {', '.join(option.choices)}"
    elif option.flag and text not in ("true", "false"):
        fault = "expected `true` or `false`"
    elif option.name in _CHECKS:
        fault = _CHECKS[option.name](text)
    if fault is None:
        return text
    text = _USERINFO.sub("//***@", text)
    problems.append(f"{origin}: {shown(text)} is not allowed, {fault}; write `{option.name}: {option.example}`")
    return ""
