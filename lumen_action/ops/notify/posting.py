"""JSON sent to whoever listens at a URL, with patience; the URL is a secret, only scheme and host are ever told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import parse_qsl, unquote, urlsplit

from lumen_action.ciapi.patience import until_answered
from lumen_action.errors import RemoteError
from lumen_action.failure.redaction import redact
from lumen_action.http import Http, HttpError, Request, Response, Timing, origin
from lumen_action.ops.notify import Receipt, State
from lumen_action.ops.notify.message import clipped, one_line

TIMEOUT_SECONDS = 20.0
_TRIES = 4
_LONGEST_WAIT_SECONDS = 60.0
GONE = 410
_REFUSED = frozenset({401, 403, 404, 405, GONE})
_MOST_ANSWER_BYTES = 1 << 20
_LONGEST_WORDS = 160
_TAKEN = range(200, 300)
_SERVER_FAULT = 500
# A gateway that gave up waiting does not know whether the server behind it went on.
_OF_A_GATEWAY = frozenset({502, 504})


class Fate(str, Enum):
    """What became of a message that nobody has said to have taken."""

    REFUSED = "refused"
    """The receiver takes no messages from us."""
    DECLINED = "declined"
    """It does not take this one."""
    BUSY = "busy"
    """It wants to be asked later than we can wait."""
    UNTAKEN = "untaken"
    """It was not reached, or said with each try that it could not take it."""
    UNSURE = "unsure"
    """A try got no answer: nobody knows whether it was taken."""


class PostError(RemoteError):
    """A message that was not taken, as far as is known."""

    def __init__(self, message: str, fate: Fate, *, status: int | None = None, answer: str = "") -> None:
        """Keep what became of it, and what the server said."""
        super().__init__(message)
        self.fate = fate
        self.status = status
        self.answer = answer


@dataclass(frozen=True)
class Access:
    """What lets us in beside the URL."""

    auth: tuple[str, str] | None = field(default=None, repr=False)
    token: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What an answer could repeat of it or of the message, and must not be told."""


class Poster:
    """Posts to one URL until an answer comes; redirects are refused, since a signature or a secret would go along."""

    def __init__(
        self,
        url: str,
        *,
        tell: Callable[[str], None],
        timing: Timing | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        repeatable: bool = True,
        access: Access | None = None,
    ) -> None:
        """Take the URL; only to a receiver that knows a repeat by its id is sent again what may have been taken."""
        self.place = origin(url)
        self.timing = timing or Timing()
        self._url = url
        self._tell = tell
        self._timeout_seconds = timeout_seconds
        self._repeatable = repeatable
        self._access = access or Access()
        self._gone: PostError | None = None
        self._http = Http(patience_seconds=timeout_seconds, timing=self.timing, tries_again=False)

    def post(self, body: bytes, headers: Callable[[], Mapping[str, str]] = dict) -> Response:
        """Send the bytes and return what took them; `headers` are asked for with each try.

        A PostError says what became of it. Who once said to be gone is not asked again.
        """
        if self._gone:
            raise self._gone
        doubtful = False

        def refuse(fault: HttpError, tries: int) -> None:
            nonlocal doubtful
            unanswered = fault.status is None and fault.passing and not fault.unsent
            doubtful = doubtful or unanswered or fault.status in _OF_A_GATEWAY
            self._refuse(fault, tries, doubtful=doubtful)

        def send() -> Response:
            try:
                return self._http.send(self._request(body, headers()))
            except HttpError as fault:
                # Taken, even where its words are too many or too slow.
                if fault.status is not None and fault.status in _TAKEN:
                    return Response(fault.status, {}, b"")
                raise

        answer = until_answered(send, refuse)
        if answer.status not in _TAKEN:
            told = f"POST {self.place} answered {answer.status}, which says nothing of having taken it"
            raise PostError(told, Fate.DECLINED, status=answer.status)
        return answer

    def words(self, answer: Response) -> str:
        """Return what an answer says, as far as may be shown: its status, and how its text begins."""
        secrets = tuple(filter(None, (*self._access.secrets, self._access.token, *(self._access.auth or ())[1:])))
        said = redact(self._scrubbed(answer.body.decode(errors="replace")), secrets)
        return clipped(f"{answer.status} {one_line(said)}".strip(), _LONGEST_WORDS)

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    def _request(self, body: bytes, headers: Mapping[str, str]) -> Request:
        return Request(
            "POST",
            self._url,
            body=body,
            headers={"Content-Type": "application/json", **self._access.headers, **headers},
            auth=self._access.auth,
            token=self._access.token,
            timeout_seconds=self._timeout_seconds,
            max_answer_bytes=_MOST_ANSWER_BYTES,
        )

    def _refuse(self, fault: HttpError, tries: int, *, doubtful: bool) -> None:
        """Wait before the next try, or raise what became of the message."""
        told, status = self._scrubbed(str(fault)), fault.status
        answer = self._scrubbed(fault.answer.body.decode(errors="replace").strip()) if fault.answer else ""

        def ended(fate: Fate, words: str) -> PostError:
            return PostError(words, fate, status=status, answer=answer)

        if status in _REFUSED:
            refusal = ended(Fate.REFUSED, f"{self.place} takes no messages from us ({told})")
            self._gone = refusal if status == GONE else None
            raise refusal from None
        if status is not None and status < _SERVER_FAULT and not fault.passing:
            raise ended(Fate.DECLINED, told) from None
        given_up = Fate.UNSURE if doubtful else Fate.UNTAKEN
        if doubtful and not self._repeatable:
            raise ended(given_up, told) from None
        if tries >= _TRIES or (status is None and not fault.passing):
            # The receiver drops what comes twice, by its id.
            raise ended(given_up, f"{told} ({tries} {'try' if tries == 1 else 'tries'})") from None
        asked = fault.retry_after_seconds or 0.0
        if asked > _LONGEST_WAIT_SECONDS:
            raise ended(Fate.BUSY, f"{self.place} wants to be asked in {asked:.0f} s") from None
        pause = self.timing.pause(tries, asked)
        self._tell(f"{told}; trying again in {pause:.0f} s")
        self.timing.sleep(pause)

    def _scrubbed(self, text: str) -> str:
        """Take out what an answer repeats of the URL and of what lets us in."""
        parts = urlsplit(self._url)
        values = (value for pair in parse_qsl(parts.query) for value in pair)
        secrets = {parts.path, parts.query, *parts.path.split("/"), *parts.query.split("&"), *values}
        secrets = {each for each in secrets | set(map(unquote, secrets)) if len(each) > len("services")}
        for secret in sorted(secrets | set(filter(None, self._access.secrets)), key=len, reverse=True):
            text = text.replace(secret, "…")
        return text


def delivered(name: str, poster: Poster, post: Callable[[], str], hint: Callable[[PostError], str]) -> Receipt:
    """Return the receipt of what `post` sends; `hint` adds to a fault what there is to do about it."""
    try:
        return Receipt(name, poster.place, State.SENT, post())
    except PostError as fault:
        state = State.UNKNOWN if fault.fate is Fate.UNSURE else State.FAILED
        return Receipt(name, poster.place, state, f"{fault}{hint(fault)}")
    finally:
        poster.close()
