"""What can go wrong between us and the CI's API, in the words a person needs.

RemoteError
└── ApiError               it did not answer as it should; the same question later may do
    ├── RateLimitedError   it wants to be asked later than we can wait
    ├── VanishedError      what was asked for is not there, or no longer
    ├── TooManyCallsError  one question would take more calls than it is worth
    ├── RefusedError       it will not make this change, and says why
    └── UncertainError     nobody knows whether it made the change
ConfigError
└── NotPermittedError      the token may not ask this
"""

from __future__ import annotations

import time

from lumen_action.errors import ConfigError, RemoteError


class ApiError(RemoteError):
    """The API did not answer as it should; asking again later may help."""


class RateLimitedError(ApiError):
    """The API wants to be asked later than we can wait."""

    def __init__(self, wait_seconds: float, now: float) -> None:
        """Say when."""
        at = time.strftime("%H:%M:%S UTC", time.gmtime(now + wait_seconds))
        super().__init__(
            f"GitHub's rate limit is used up until {at}, in {wait_seconds:.0f} s; what is done stays done, "
            "the next call goes on from there"
        )


class VanishedError(ApiError):
    """What was asked for is not there, or no longer."""


class TooManyCallsError(ApiError):
    """One question would take more calls than it is worth."""


class RefusedError(ApiError):
    """The API will not make a change; nothing was done."""

    def __init__(self, message: str, status: int, said: str) -> None:
        """Keep the status and the API's own words, which tell one refusal from another."""
        super().__init__(message)
        self.status = status
        self.said = said


class UncertainError(ApiError):
    """Whether a change was made cannot be known from the answer: ask before doing it again."""


class NotPermittedError(ConfigError):
    """The token may not ask this."""

    def __init__(self, message: str, said: str) -> None:
        """Keep the API's own words."""
        super().__init__(message)
        self.said = said


PERMISSION = (
    "the token may not read the workflow runs of {repo}; it needs `actions: read`, in a workflow: "
    "`permissions: {{actions: read}}`, for a fine-grained token the repository permission Actions: Read-only ({said})"
)
REFUSED = (
    "the token was refused by {server} (401); in a workflow leave the input `token` out, on a command line put a "
    "valid one into LUMEN_TOKEN"
)
