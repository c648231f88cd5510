"""Words that every OTLP/JSON document is made of, in the CI/CD semantic conventions."""

from __future__ import annotations

from collections.abc import Mapping

from lumen_action.model import ErrorClass, Outcome

RESULTS: Mapping[Outcome, str] = {
    Outcome.SUCCESS: "success",
    Outcome.FAILURE: "failure",
    Outcome.TIMEOUT: "timeout",
    Outcome.CANCELLED: "cancellation",
    Outcome.SKIPPED: "skip",
    Outcome.ERROR: "error",
    Outcome.MISSING: "error",
}
SCOPE: Mapping[str, object] = {"name": "lumen-sli-action"}

# What a fallback is called by the conventions.
_OTHER = "_OTHER"


def attributes(values: Mapping[str, str | int]) -> list[dict[str, object]]:
    """Encode attributes, leaving out those that say nothing."""
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value != ""]


def nanoseconds(instant_ms: int) -> str:
    """Encode an instant; JSON has no 64-bit numbers, so they travel as text."""
    return str(instant_ms * 1_000_000)


def error_type(error_class: ErrorClass | None) -> str:
    """Return the class of a failure as a value of few words, nothing for what did not fail."""
    if error_class is None:
        return ""
    return _OTHER if error_class is ErrorClass.UNKNOWN else error_class.value


def _value(value: str | int) -> dict[str, object]:
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}
