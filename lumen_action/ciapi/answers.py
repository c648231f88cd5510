"""What an answer of GitHub's API holds: a JSON object, a list, what came of a change, or why it was refused."""

from __future__ import annotations

import json
from collections.abc import Mapping

from lumen_action.ciapi.faults import ApiError, UncertainError
from lumen_action.http import HttpError, Response

_NO_JSON = "GitHub's API answered {status} without a JSON {kind}; is GITHUB_API_URL the API's address?"


def json_object(answer: Response) -> Mapping[str, object]:
    """Return the object of an answer."""
    found = _json(answer)
    if not isinstance(found, dict):
        raise ApiError(_NO_JSON.format(status=answer.status, kind="object"))
    return found


def json_list(answer: Response) -> list[object]:
    """Return the list of an answer."""
    found = _json(answer)
    if not isinstance(found, list):
        raise ApiError(_NO_JSON.format(status=answer.status, kind="list"))
    return found


def changed(answer: Response, server: str) -> Mapping[str, object]:
    """Return what came of a change; some answers are empty by design."""
    found = _json(answer) if answer.body.strip() else {}
    if not isinstance(found, dict):
        raise UncertainError(f"{server} answered {answer.status} without a JSON object: what was done is not known")
    return found


def said(fault: HttpError) -> str:
    """Return the API's own sentence about a refusal."""
    found = _json(fault.answer) if fault.answer else None
    message = found.get("message") if isinstance(found, dict) else None
    return message if isinstance(message, str) else ""


def _json(answer: Response) -> object:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None
