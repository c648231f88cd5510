"""The day of a run is asked of the API, once a job; a strict stand-in answers as the documentation says."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from job import Job


@dataclass
class Api:
    """Answers one endpoint to one token; everything else is 404, a wrong token 401, a missing permission 403."""

    url: str = ""
    permitted: bool = True
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, authorization: str) -> tuple[int, dict[str, object]]:
        self.asked.append(path)
        if authorization != "Bearer ghs_right":
            return 401, {"message": "Bad credentials"}
        if path != "/repos/org/app/actions/runs/100":
            return 404, {"message": "Not Found"}
        if not self.permitted:
            return 403, {"message": "Resource not accessible by integration"}
        return 200, {"id": 100, "run_attempt": 2, "created_at": "2025-12-31T23:50:00Z"}


@pytest.fixture
def api() -> Iterator[Api]:
    spoken = Api()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = spoken.answer(self.path, self.headers["Authorization"])
            encoded = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        spoken.url = f"http://127.0.0.1:{server.server_port}"
        yield spoken
        server.shutdown()
        thread.join()


def job_of(api: Api, tmp_path: Path, token: str) -> Job:
    extra = {"GITHUB_API_URL": api.url, "LUMEN_INPUT_TOKEN": token}
    return Job(tmp_path / "job", attempt="2", ledger=f"sqlite:{tmp_path / 'ledger.db'}", extra=extra)


def test_a_rerun_belongs_to_the_day_its_run_was_created(api: Api, tmp_path: Path) -> None:
    job = job_of(api, tmp_path, "ghs_right")
    job.step("build")
    job.step("run")
    assert job.json["day"] == "2025-12-31"
    assert job.outputs["run-id"].startswith("20251231-")
    assert api.asked == ["/repos/org/app/actions/runs/100"]


@pytest.mark.parametrize("token", ["ghs_wrong", "ghs_right"])
def test_without_the_permission_the_first_step_says_the_day_and_nothing_is_asked_again(
    api: Api, tmp_path: Path, token: str
) -> None:
    api.permitted = False
    job = job_of(api, tmp_path, token)
    assert job.step("build") == 0
    assert job.step("run") == 0
    assert job.json["day"] == "2026-01-02"
    assert len(api.asked) == 1
    assert "::warning" not in job.log
    assert token not in job.log


def test_without_a_token_nothing_is_asked(api: Api, tmp_path: Path) -> None:
    job_of(api, tmp_path, "").step("run")
    assert api.asked == []
