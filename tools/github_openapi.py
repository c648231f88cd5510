"""Take from GitHub's own OpenAPI description what the tests need, so that they need neither network nor 13 MB.

    python3 tools/github_openapi.py            write tests/support/github-openapi.json anew
    python3 tools/github_openapi.py --check    say whether it is what the description says

The description comes from npm's package @octokit/openapi, fetched by `npm pack` and known by its hash. To take a newer
one, change VERSION and SHA512; to test another operation, add it to OPERATIONS.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXTRACT = ROOT / "tests" / "support" / "github-openapi.json"
PACKAGE, VERSION = "@octokit/openapi", "23.0.2"
SHA512 = "pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg=="
MEMBER = "package/generated/api.github.com.json"
REPO = "/repos/{owner}/{repo}"
OPERATIONS = {
    f"{REPO}/actions/jobs/{{job_id}}": ("get",),
    f"{REPO}/actions/jobs/{{job_id}}/logs": ("get",),
    f"{REPO}/actions/jobs/{{job_id}}/rerun": ("post",),
    f"{REPO}/actions/runs": ("get",),
    f"{REPO}/actions/runs/{{run_id}}": ("get",),
    f"{REPO}/actions/runs/{{run_id}}/attempts/{{attempt_number}}": ("get",),
    f"{REPO}/actions/runs/{{run_id}}/attempts/{{attempt_number}}/jobs": ("get",),
    f"{REPO}/actions/runs/{{run_id}}/rerun": ("post",),
    f"{REPO}/actions/runs/{{run_id}}/rerun-failed-jobs": ("post",),
    f"{REPO}/actions/workflows/{{workflow_id}}/runs": ("get",),
    f"{REPO}/check-runs": ("post",),
    f"{REPO}/check-runs/{{check_run_id}}/annotations": ("get",),
    f"{REPO}/commits/{{commit_sha}}/pulls": ("get",),
    f"{REPO}/issues": ("get", "post"),
    f"{REPO}/issues/{{issue_number}}": ("get", "patch"),
    f"{REPO}/issues/{{issue_number}}/comments": ("get", "post"),
    f"{REPO}/issues/{{issue_number}}/labels": ("get", "post"),
    f"{REPO}/issues/comments/{{comment_id}}": ("get", "patch"),
    f"{REPO}/labels": ("get", "post"),
    f"{REPO}/pulls": ("get",),
    f"{REPO}/pulls/{{pull_number}}": ("get",),
    f"{REPO}/statuses/{{sha}}": ("post",),
}
# Words for people and for other programs: nothing a message is validated against.
_WORDS = ("description", "example", "examples", "externalDocs", "operationId", "summary", "tags", "title", "headers")


class FetchError(Exception):
    """Something a person has to mend, in words."""


def _tarball() -> Path:
    """Return the package, fetched once."""
    tools = ROOT / ".tools"
    tools.mkdir(exist_ok=True)
    archive = tools / f"octokit-openapi-{VERSION}.tgz"
    if not archive.exists():
        if not shutil.which("npm"):
            raise FetchError("tools/github_openapi.py needs npm once, to fetch GitHub's description of its API")
        command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", str(tools)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise FetchError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != SHA512:
        raise FetchError(f"{archive} is not {PACKAGE} {VERSION}: its SHA-512 is {found}; delete it and try again")
    return archive


def _description(archive: Path) -> dict[str, Any]:
    """Read the one member that is needed of 400 MB."""
    with tarfile.open(archive) as opened:
        member = opened.extractfile(MEMBER)
        if member is None:
            raise FetchError(f"{archive} holds no {MEMBER}")
        found: dict[str, Any] = json.load(member)
        return found


def extract(description: Mapping[str, Any]) -> dict[str, Any]:
    """Return the operations and all that they refer to."""
    kept: dict[str, Any] = {"openapi": description["openapi"], "paths": {}, "components": {}}
    kept["info"] = {"title": f"an extract of {PACKAGE} {VERSION}, made by tools/github_openapi.py", "version": VERSION}
    for path, methods in OPERATIONS.items():
        kept["paths"][path] = {method: _plain(description["paths"][path][method]) for method in methods}
    waiting = list(_references(kept["paths"]))
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        group = kept["components"].setdefault(kind, {})
        if name not in group:
            group[name] = _plain(description["components"][kind][name])
            waiting.extend(_references(group[name]))
    return kept


def _plain(value: Any, *, names: bool = False) -> Any:  # noqa: ANN401 - any JSON
    """Drop the words for people; below `properties` a key is a name and no keyword."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _plain(item, names=key == "properties" and not names)
        for key, item in value.items()
        if names or not (key in _WORDS or key.startswith("x-"))
    }


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def main(arguments: Sequence[str]) -> int:
    """Write the extract, or compare it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only compare")
    asked = parser.parse_args(arguments)
    try:
        text = json.dumps(extract(_description(_tarball())), indent=1, sort_keys=True) + "\n"
    except FetchError as fault:
        print(fault, file=sys.stderr)
        return 1
    if not asked.check:
        EXTRACT.write_text(text, encoding="utf-8")
        print(f"wrote {EXTRACT.relative_to(ROOT)}, {len(text)} bytes")
        return 0
    if EXTRACT.read_text(encoding="utf-8") != text:
        print("tests/support/github-openapi.json is not what the description says; run `make openapi`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
