"""GitHub's own description of its API: what a request and an answer may hold."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema

SPECIFICATION: dict[str, Any] = json.loads(Path(__file__).with_name("github-openapi.json").read_text(encoding="utf-8"))
RANGE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\.\.(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


def operation(path: str) -> tuple[str, dict[str, str]]:
    """Find the template of a path, the one with the most fixed words first, and its names."""
    for template in sorted(SPECIFICATION["paths"], key=lambda template: template.count("{")):
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
        found = re.fullmatch(pattern, path)
        if found:
            return template, {name: unquote(word) for name, word in found.groupdict().items()}
    return "", {}


def faults_of(
    method: str, path: str, names: Mapping[str, str], query: Mapping[str, str], headers: Mapping[str, str]
) -> list[str]:
    """Say what GitHub does not know of a request's line and headers."""
    if not path:
        return ["no such path"]
    if method not in SPECIFICATION["paths"][path]:
        return [f"no such method: {method}"]
    faults = _unknown(method, path, names, query)
    if "created" in query and not RANGE.fullmatch(query["created"]):
        faults.append(f"created: `{query['created']}` is no range of times")
    if not 1 <= int(query.get("per_page", "30")) <= 100:
        faults.append("per_page: only up to 100 are given, whatever is asked")
    expected = HEADERS if method == "get" else {**HEADERS, "Content-Type": "application/json"}
    faults += [f"header {name}: `{headers.get(name)}`" for name, word in expected.items() if headers.get(name) != word]
    if not headers.get("User-Agent"):
        faults.append("header User-Agent is missing: GitHub answers 403")
    return faults


def _unknown(method: str, path: str, names: Mapping[str, str], query: Mapping[str, str]) -> list[str]:
    faults = []
    parameters = {p["name"]: p for p in map(resolved, SPECIFICATION["paths"][path][method]["parameters"])}
    for name, word in {**names, **query}.items():
        place = "path" if name in names else "query"
        if name not in parameters or parameters[name]["in"] != place:
            faults.append(f"no such {place} parameter: {name}")
        else:
            faults += [f"{name}: {fault}" for fault in _misfits(word, parameters[name]["schema"])]
    return faults


def resolved(described: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in described:
        _, _, kind, name = described["$ref"].split("/")
        described = SPECIFICATION["components"][kind][name]
    return described


@functools.cache
def validator(path: str, method: str, status: str) -> jsonschema.Draft202012Validator:
    """Read a status' body, or with `body` as the status the request's."""
    operation = SPECIFICATION["paths"][path][method]
    described = resolved(operation["requestBody"] if status == "body" else operation["responses"][status])
    schema = described["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator({**_draft(schema), "components": _draft(SPECIFICATION["components"])})


def body_of(sent: bytes, method: str, path: str) -> tuple[Mapping[str, Any], list[str]]:
    """Read a request's body and say what is wrong with it; a field GitHub does not know it would silently ignore."""
    if method == "get":
        return {}, ["a body"] if sent else []
    if "requestBody" not in SPECIFICATION["paths"][path][method]:
        return {}, ["a body"] if sent.strip() not in (b"", b"{}") else []
    try:
        body = json.loads(sent)
    except ValueError:
        return {}, ["the body is no JSON"]
    described = validator(path, method, "body")
    faults = [f"body: {list(problem.path)}: {problem.message}" for problem in described.iter_errors(body)]
    known = _fields(described.schema)
    faults += [f"body: no such field: {name}" for name in body if known and name not in known]
    return body, faults


def _fields(schema: Any) -> set[str]:  # noqa: ANN401 - any JSON
    """Name all fields a schema describes, whichever of its forms is chosen."""
    forms = [part for word in ("anyOf", "oneOf", "allOf") for part in schema.get(word, ())]
    return set(schema.get("properties", {})).union(*map(_fields, forms))


def _misfits(word: str, schema: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with the word of a parameter."""
    kind = schema.get("type")
    fits = {"integer": word.isdigit(), "boolean": word in ("true", "false")}.get(str(kind), bool(word))
    if "enum" in schema and word not in schema["enum"]:
        return [f"`{word}` is none of {', '.join(schema['enum'])}"]
    return [] if fits else [f"`{word}` is no {kind}"]


def _draft(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """Translate OpenAPI's `nullable` into JSON Schema; what GitHub answers null for a fork that is gone is allowed."""
    if isinstance(schema, list):
        return [_draft(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    said = {key: _draft(value) for key, value in schema.items() if key != "nullable"}
    if "head_repository" in said:
        said["head_repository"] = {"anyOf": [said["head_repository"], {"type": "null"}]}
    return {"anyOf": [said, {"type": "null"}]} if schema.get("nullable") is True else said


def sample(schema: str, /, **fields: object) -> dict[str, Any]:
    """Return the simplest object that a schema of the description allows, with these fields."""
    return {**_simplest({"$ref": f"#/components/schemas/{schema}"}), **fields}


def _simplest(described: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    schema = resolved(described)
    if schema.get("nullable"):
        return None
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return _simplest(schema[word][0])
    if "allOf" in schema:
        return {name: value for part in schema["allOf"] for name, value in _simplest(part).items()}
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object" or "properties" in schema:
        return {name: _simplest(schema["properties"][name]) for name in schema.get("required", ())}
    return {"string": "x", "integer": 1, "number": 1, "boolean": False, "array": []}[schema["type"]]
