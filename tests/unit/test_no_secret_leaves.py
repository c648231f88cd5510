"""A secret in a log comes through to nothing that a step writes: outputs, summary, log, ledger, memory, spool."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from job import Job
from planted import NO_SECRETS, SECRETS

CAUSE = "fatal: unable to access 'https://git.example/acme/app.git/': Could not resolve host: git.example"


@settings(
    max_examples=4, phases=(Phase.generate,), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(shape=st.sampled_from(sorted(SECRETS)), data=st.data())
def test_no_secret_of_a_known_shape_is_written_anywhere(shape: str, data: st.DataObject, tmp_path: Path) -> None:
    strategy, template = SECRETS[shape]
    secret = data.draw(strategy)
    assume(secret.lower() not in NO_SECRETS)
    line = template.format(secret)
    folder = tmp_path / f"{abs(hash(secret))}"
    job = Job(folder, ledger=f"sqlite:{folder / 'facts.db'}")
    log = folder.with_suffix(".log")
    log.write_text(f"{line}\n{CAUSE} {line}\n{line}\nnpm error code E401 {line}\n##[error]exit code 1 {line}\n")
    job.step("build", "failure", log_file=str(log))
    job.step("run", "failure", summary="full")
    assert "run failed" in job.log
    written = job.log.encode() + b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert b"npm error code E401" in written
    assert secret.encode() not in written
