"""Rule files of other projects, turned into a user's own: text in, a document with comments and notes out."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from lumen_action import yamlite
from lumen_action.errors import ConfigError
from lumen_action.rulebooks.aspire import ASPIRE
from lumen_action.rulebooks.converting import Row, Taken, document_of, taken_over
from lumen_action.rulebooks.dotnet import DOTNET, block_of
from lumen_action.rulebooks.foreign import Format
from lumen_action.rulebooks.gitlab import GITLAB
from lumen_action.rulebooks.openvino import OPENVINO
from lumen_action.yamlite.writing import KeyPath

FORMATS: Mapping[str, Format] = {each.name: each for each in (ASPIRE, OPENVINO, DOTNET, GITLAB)}


@dataclass(frozen=True)
class Imported:
    """An own rule file in the making, the comments by the path they stand at, and what became of each foreign rule."""

    form: str
    document: Row
    comments: Mapping[KeyPath, str]
    results: tuple[Taken, ...]


def imported(text: str, file: str, form: str = "", taken: Collection[str] = ()) -> Imported:
    """Turn a foreign file into own rules; a ConfigError names everything that is wrong in the file."""
    document = _read(text, file)
    known = _format_of(document, file, FORMATS[form] if form else None)
    faults: list[str] = []
    rules = known.rules(document, file, faults)
    if faults:
        raise ConfigError(faults)
    results = taken_over(rules, known, file, taken)
    if not any(each.row for each in results):
        reasons = [each.described() for each in results] or [f"{file}: holds no rule; give a file that does"]
        raise ConfigError([f"{file}: nothing can be taken over; import a file with other rules", *reasons])
    made, comments = document_of(results, known)
    return Imported(known.name, made, comments, tuple(results))


def _read(text: str, file: str) -> object:
    """Read JSON, an issue with a JSON block in it, or YAML."""
    text = text.removeprefix("\ufeff")
    try:
        return json.loads(text)
    except ValueError as fault:
        broken = fault
    except RecursionError:
        raise ConfigError(f"{file}: more levels than anyone can read; nest less deeply") from None
    if text.lstrip()[:1] in ("{", "["):
        raise ConfigError(f"{file}: is no JSON ({broken}); repair it")
    return block_of(text) or yamlite.load(text, file)


def _format_of(document: object, file: str, wanted: Format | None) -> Format:
    candidates = [wanted] if wanted else list(FORMATS.values())
    found = next((each for each in candidates if each.fits(document)), None)
    if found is None:
        shapes = "; ".join(f"{each.name}: {each.shape}" for each in candidates)
        fix = "choose another --format or leave it out" if wanted else "give one of these files"
        raise ConfigError(f"{file}: is not of the form it should be; {fix}. Looked for {shapes}")
    return found
