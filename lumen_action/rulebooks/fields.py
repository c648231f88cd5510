"""Reading the fields of foreign documents, noting each wrong one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One entry of a foreign file, whose faults are added to a list with file, place and field."""

    file: str
    place: str
    values: Mapping[str, object]
    faults: list[str]

    def fault(self, field: str, fault: str) -> None:
        """Note what is wrong with a field."""
        self.faults.append(f"{self.file}: {self.place}: {field}: {fault}")

    def text(self, field: str, *, needed: bool = False) -> str:
        """Return a text, empty when it is not there."""
        value = self.values.get(field)
        if value is None or value == "":
            if needed:
                self.fault(field, "missing; give the text that the rule is about")
            return ""
        if not isinstance(value, str):
            self.fault(field, "not a text; put it in quotes")
            return ""
        return value

    def texts(self, field: str) -> tuple[str, ...]:
        """Return a text or a list of texts without the empty ones."""
        value = self.values.get(field)
        given = [value] if isinstance(value, str) else value
        if given is None:
            return ()
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            self.fault(field, "not a text or a list of texts; write each in quotes")
            return ()
        return tuple(each for each in given if each)

    def flag(self, field: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self.values.get(field, default)
        if not isinstance(value, bool):
            self.fault(field, "not true or false; write one of them without quotes")
            return default
        return value

    def strangers(self, *known: str) -> tuple[str, ...]:
        """Say which fields nobody here reads."""
        return tuple(f"`{key}` is not known here" for key in self.values if key not in known)


def rows_of(value: object, file: str, place: str, faults: list[str]) -> list[Row]:
    """Return the entries of a list of maps, named by the list and their number."""
    if not isinstance(value, list):
        faults.append(f"{file}: {place}: not a list; put the rules into [ ]")
        return []
    rows = []
    for number, each in enumerate(value, 1):
        if isinstance(each, dict):
            rows.append(Row(file, f"{place} {number}", {str(key): item for key, item in each.items()}, faults))
        else:
            faults.append(f"{file}: {place} {number}: not a map; give it the fields of a rule")
    return rows
