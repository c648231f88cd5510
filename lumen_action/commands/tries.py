"""The tries of one stage in this step: its command, its log, its words."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from lumen_action.commands.session import Session
from lumen_action.errors import LumenError
from lumen_action.explaining import Log
from lumen_action.host import Host
from lumen_action.model import Verdict
from lumen_action.record import Recorder, Told
from lumen_action.running.attempts import Ended, Tried, outcome_of
from lumen_action.running.options import RunOptions
from lumen_action.running.outlets import write_all
from lumen_action.running.process import NOT_EXECUTABLE, Ending, Patience, run_process
from lumen_action.running.shells import command_for, dressed, suffix_of
from lumen_action.running.signals import Signals
from lumen_action.running.tail import Tail

# Our own inputs are not the command's: the token among them is to reach nobody who was not given it.
_OURS = "LUMEN_INPUT_"
_LINE_END = b"\n"
T = TypeVar("T")


def guarded(host: Host, instead: T, deed: Callable[[], T]) -> T:
    """Do it; what goes wrong is a warning, since the command's own result is what counts."""
    try:
        return deed()
    except LumenError as fault:
        host.notice("warning", "lumen", str(fault))
    except Exception as fault:  # noqa: BLE001 - a fault of ours must not change how the stage ended
        host.notice("warning", "lumen", f"a fault of our own: {type(fault).__name__}: {fault}; please report it")
    return instead


@dataclass
class Tries:
    """Everything that is done for `attempts.pursue`."""

    session: Session
    recorder: Recorder
    options: RunOptions
    words: Sequence[str]
    signals: Signals
    most: int
    errors: tuple[str, ...] = ()
    _kept: Tail = field(default_factory=Tail)
    _last: dict[int, bytes] = field(default_factory=dict)

    def attempt(self, number: int, seconds: float | None) -> Ended:
        """Run the command once; its output is a group of the job's log."""
        self._kept = Tail()
        script = self.options.retry_script if number > 1 and self.options.retry_script else self.options.script
        with self._group(f"{self.session.settings.stage}: try {number} of at most {self.most}"):
            if script and (script is self.options.retry_script or not self.words):
                return self._run_script(script, seconds, self._feed)
            return self._run(self.words, seconds, self._feed)

    def explain(self, ending: Ended) -> Verdict:
        """Say why it failed, from what it has printed and how it ended."""
        from lumen_action.failure.circumstances import Circumstances

        self._kept.close()
        circumstances = Circumstances(failed=True, exit_code=ending.code)
        verdict, self.errors = self.recorder.explain(Log(self._kept.chunks(), self._kept.gap, circumstances))
        return verdict

    def take_retry(self, most: int) -> bool:
        """Take one of the pipeline's retries of the day; a ledger that does not answer forbids none."""
        return guarded(
            self.session.host, most > 0, lambda: self.recorder.take_retry(most, self.session.world.new_token())
        )

    def demoted(self, signature: str) -> str:
        """Return why a signature has lost its retries; a ledger that does not answer takes none away."""
        return guarded(self.session.host, "", lambda: self.recorder.keeper.demoted(signature))

    def announce(self, tried: Tried) -> None:
        """Keep the fact of the failed try and say what follows."""
        host = self.session.host
        told = self.told(tried)
        nothing_wrong: tuple[str, ...] = ()
        for warning in guarded(host, nothing_wrong, lambda: self.recorder.tried(told)):
            host.say(f"warning: {warning}")
        reason = tried.decision.reason if tried.decision else ""
        said = f"try {tried.number} failed, {tried.ending}; {reason}"
        if self.options.warn_on_retry:
            host.notice("warning", self.session.settings.stage, said)
        else:
            host.print_foreign(said)
        self._flush()

    def rest(self, seconds: float) -> bool:
        """Wait; tell whether a signal wants us to end instead."""
        return self.signals.rest(seconds)

    def clean_up(self, seconds: float | None) -> None:
        """Run the script between two tries; its failure is only worth a warning."""
        if not self.options.cleanup:
            return
        with self._group("clean-up between two tries"):
            ending = self._run_script(self.options.cleanup, seconds, _nowhere)
        if not (ending.good or ending.interrupted):
            self.session.host.notice("warning", "lumen", f"the clean-up failed: {ending}; the next try starts anyway")

    def told(self, tried: Tried) -> Told:
        """Return what a fact is made of."""
        outcome = outcome_of(tried.ending)
        return Told(
            outcome=outcome,
            duration_ms=round(1000 * tried.ending.seconds),
            tries=tried.number,
            verdict=tried.verdict if outcome.bad else None,
            decision=tried.decision if outcome.bad else None,
            errors=self.errors,
            fails_job=not self.options.continue_on_error,
        )

    def _run_script(self, script: str, seconds: float | None, feed: Callable[[int, bytes], None]) -> Ending:
        """Run a script by its shell; it travels in a file that only we can read, never in a command line."""
        shell = self.options.shell
        file = self.session.host.state_dir / f"script-{secrets.token_hex(8)}{suffix_of(shell)}"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(dressed(shell, script), encoding="utf-8")
        except OSError as fault:
            return self._without_script(file, fault, feed)
        try:
            return self._run(command_for(shell, str(file)), seconds, feed)
        finally:
            with suppress(OSError):  # the script may have taken its folder with it
                file.unlink()

    def _without_script(self, file: Path, fault: OSError, feed: Callable[[int, bytes], None]) -> Ending:
        """End as a command does that cannot be started: the try before may have filled the disk."""
        said = f"lumen: cannot write the script {file}: {fault.strerror}\n".encode()
        with suppress(OSError):
            file.unlink()
        feed(1, said)
        self._flush()
        write_all(self.session.world.stderr.fileno(), said)
        return Ending(NOT_EXECUTABLE, 0.0)

    def _run(self, words: Sequence[str], seconds: float | None, feed: Callable[[int, bytes], None]) -> Ending:
        world = self.session.world
        stop_signal = getattr(signal, f"SIG{self.options.stop_signal}", signal.SIGTERM)
        how = Patience(seconds, grace_seconds=self.options.grace_seconds, stop_signal=stop_signal)
        env = {name: value for name, value in world.env.items() if not name.startswith(_OURS)}
        self._flush()
        return run_process(words, env, (world.stdout.fileno(), world.stderr.fileno()), feed, self.signals, how)

    def _feed(self, stream: int, data: bytes) -> None:
        self._kept.feed(stream, data)
        self._last[stream] = data[-1:]

    @contextmanager
    def _group(self, title: str) -> Iterator[None]:
        """Fold what is printed; words of our own begin on a line of their own."""
        with self.session.host.group(title):
            try:
                yield
            finally:
                if self.session.host.identity().in_job and self._last.pop(0, _LINE_END) != _LINE_END:
                    self.session.world.stdout.write("\n")
        self._flush()

    def _flush(self) -> None:
        self.session.world.stdout.flush()
        self.session.world.stderr.flush()


def _nowhere(_stream: int, _data: bytes) -> None:
    """Keep nothing."""
