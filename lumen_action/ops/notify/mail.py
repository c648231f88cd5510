"""Mail: handed to a server once, in spite of faults that pass, and never twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lumen_action.http import Timing
from lumen_action.ops.notify import Receipt, State
from lumen_action.ops.notify.letter import letter
from lumen_action.ops.notify.message import Message
from lumen_action.ops.notify.options import MailOptions
from lumen_action.ops.notify.smtp import MailError, hand_over

_TRIES = 4
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 2.0, 30.0


class Mail:
    """One mail to all recipients."""

    name = "mail"
    knows_repeats = False

    def __init__(self, options: MailOptions, *, tell: Callable[[str], None], timing: Timing | None = None) -> None:
        """Take the options; `tell` hears of every try that fails."""
        self.place = ", ".join(each.address for each in options.to)
        self.address = ",".join(sorted(each.address.lower() for each in options.to))
        self._options = options
        self._tell = tell
        self._timing = timing or Timing()

    def send(self, message: Message) -> Receipt:
        """Send the mail; who was refused for now is tried again alone, so that nobody gets it twice."""
        return _Delivery(message, self._options, self._tell, self._timing).made()

    def preview(self, message: Message) -> Mapping[str, object]:
        """Return what would be sent."""
        return {
            "server": f"{self._options.host}:{self._options.port}",
            "security": self._options.security.value,
            "from": self._options.sender.address,
            "to": [each.address for each in self._options.to],
            "subject": message.title,
            "text": message.text,
            "attachments": [{"name": each.name, "bytes": len(each.content)} for each in message.attachments],
            "bytes": len(letter(message, self._options)),
            # With files in it nobody would read it.
            **({} if message.attachments else {"body": letter(message, self._options).decode("ascii")}),
        }


class _Delivery:
    """The tries of one mail."""

    def __init__(self, message: Message, options: MailOptions, tell: Callable[[str], None], timing: Timing) -> None:
        self._message = message
        self._options = options
        self._tell = tell
        self._timing = timing
        self._attached = bool(message.attachments)
        self._waiting: Mapping[str, str] = {each.address: "" for each in options.to}
        self._refused: dict[str, str] = {}
        self._taken = 0
        self._words = ""

    def made(self) -> Receipt:
        """Try until every recipient was taken or refused, or the tries are over."""
        tries = 0
        while self._waiting:
            tries += 1
            try:
                told = self._tried()
            except MailError as fault:
                if fault.unsure:
                    before = f"; it was taken for {self._taken} before" if self._taken else ""
                    told = f"{fault}; it is not sent again, look whether it arrived{before}"
                    return self._receipt(State.UNKNOWN, told, self._refused)
                if fault.too_large and self._attached:
                    self._tell(f"mail: {fault}; the report is left out and linked")
                    self._attached = False
                    continue
                told = str(fault)
                if not fault.passing:
                    return self._ended(told)
            if self._waiting and tries >= _TRIES:
                return self._ended(f"{told} ({tries} tries)")
            if self._waiting:
                pause = self._timing.pause(tries, first=_FIRST_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS)
                self._tell(f"mail: {told}; trying again in {pause:.0f} s")
                self._timing.sleep(pause)
        return self._ended("nobody it was meant for was taken")

    def _tried(self) -> str:
        mail = letter(self._message, self._options, attached=self._attached)
        handed = hand_over(mail, tuple(self._waiting), self._options)
        self._taken += len(handed.taken)
        self._words = handed.words or self._words
        self._refused |= handed.refused
        self._waiting = handed.deferred
        return "; ".join(f"{name}: {words}" for name, words in handed.deferred.items())

    def _ended(self, otherwise: str) -> Receipt:
        """Say who has got it; whoever still waits has not."""
        missing = self._refused | {name: words or otherwise for name, words in self._waiting.items()}
        if not self._taken:
            return self._receipt(State.FAILED, otherwise, missing if self._refused else {})
        without = "" if self._attached or not self._message.attachments else ", without its attachment"
        told = f"taken for {self._taken} of {len(self._options.to)}{without} ({self._words})"
        return self._receipt(State.PARTLY if missing else State.SENT, told, missing)

    def _receipt(self, state: State, told: str, refused: Mapping[str, str] | None = None) -> Receipt:
        place = ", ".join(each.address for each in self._options.to)
        return Receipt(Mail.name, place, state, told, refused or {})
