"""Buckets that speak S3: the client, how long it waits, and its errors sorted; the only module that knows boto3."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from lumen_action.errors import ConfigError, RemoteError
from lumen_action.http import origin, retry_after_seconds

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# The rules of AWS for names that every tool and store takes without quoting.
_PREFIX = re.compile(r"[A-Za-z0-9!_.*'()/=+@-]{0,256}")
_REGION = re.compile(r"[a-z0-9-]{1,40}")

_EXISTS, _NOT_THERE, _NOT_KNOWN = 412, 404, 501
# 409 says that another write of the same object is under way, not that it is there.
_NOT_CARRIED_OUT = frozenset({409, 429})
_PASSING_STATUSES = _NOT_CARRIED_OUT | {500, 502, 503, 504}
_PASSING_CODES = frozenset({"RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded"})
# The bytes that arrived are not those that were sent.
_DAMAGED_CODES = frozenset({"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody"})
_MEND = {
    **dict.fromkeys(
        ("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"),
        "token_expired: the AWS session of this job is over; assume the role right before this step, or ask for a "
        "longer session (role-duration-seconds)",
    ),
    **dict.fromkeys(
        ("RequestTimeTooSkewed", "RequestInTheFuture"), "the clock of this machine is wrong; set it (NTP) and try again"
    ),
    **dict.fromkeys(
        ("InvalidAccessKeyId", "InvalidClientTokenId"), "it does not know this access key; check AWS_ACCESS_KEY_ID"
    ),
    **dict.fromkeys(
        ("InvalidToken", "UnrecognizedClientException"),
        "AWS_SESSION_TOKEN does not belong to the access key; set all three of one session",
    ),
    **dict.fromkeys(
        ("QuotaExceeded", "XMinioStorageFull", "StorageFull"), "the store is full; make room or pay for it"
    ),
}
_SILENCE: Mapping[type[BaseException], str] = {
    socket.gaierror: "nobody knows an address of its name",
    ConnectionRefusedError: "nothing listens there",
    ConnectionResetError: "it broke off",
    TimeoutError: "it took too long",
}
_ELSEWHERE = frozenset({"PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "301"})


class S3Error(Exception):
    """What came of a request that did not succeed, told without saying which part of the program asked."""

    def __init__(self, told: str, *, status: int | None = None, code: str = "") -> None:
        """Keep what the store answered; `code` is its own word for it."""
        super().__init__(told)
        self.status = status
        self.code = code


class PassingError(S3Error):
    """No answer, or "later"; when `unsure`, the request may have been carried out."""

    unsure = True
    retry_after_seconds: float | None = None


class ExistsError(S3Error):
    """The object was to be created and is there."""


class MissingError(S3Error):
    """The object is not there."""


class NoBucketError(S3Error):
    """The bucket is not there."""


class UnknownConditionError(S3Error):
    """The store does not know what was asked for, such as conditions or checksums."""


@dataclass(frozen=True)
class Waits:
    """How long the client waits, and for how many requests at once it keeps connections."""

    connect_seconds: float = 5.0
    read_seconds: float = 10.0
    connections: int = 10


@dataclass(frozen=True)
class Listed:
    """An object in a listing."""

    key: str
    size: int
    stored_at_ms: int


@dataclass(frozen=True)
class S3Bucket:
    """The objects below one prefix of a bucket, reached with the usual AWS credentials and AWS_ENDPOINT_URL."""

    name: str
    prefix: str
    """Empty, or with a slash at its end."""
    client: Any = field(repr=False)
    endpoint: str

    @property
    def url(self) -> str:
        """Return the URL as people write it."""
        return f"s3://{self.name}/{self.prefix}".rstrip("/")

    def page(self, prefix: str, after: str) -> tuple[list[Listed], bool]:
        """Return the objects that begin so and come after a key, in order of their keys, and whether there are more.

        Who calls it asks for errors with `asking`. A listing that does not get on is one: what it leaves out would
        look as if it were not there.
        """
        start = {"StartAfter": after} if after else {}
        answer = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix, **start)
        found = [
            Listed(each["Key"], int(each["Size"]), int(each["LastModified"].timestamp() * 1000))
            for each in answer.get("Contents", ())
        ]
        more = answer["IsTruncated"]
        if more and not (found and found[-1].key > after):
            raise PassingError(f"{self.endpoint} does not get on with listing {self.url}")
        return found, more

    @contextmanager
    def asking(self, permission: str) -> Iterator[None]:
        """Turn what the client raises into an S3Error that says what to do, such as to allow a permission."""
        from botocore import exceptions as aws
        from botocore.parsers import ResponseParserError

        # An answer can break where botocore looks away, and then its own names of these errors come through.
        from botocore.response import URLLib3ProtocolError, URLLib3ReadTimeoutError

        silent = (aws.HTTPClientError, aws.ConnectionError, aws.IncompleteReadError)
        try:
            yield
        except aws.ClientError as fault:
            raise self._answered(fault, permission) from fault
        except (*silent, URLLib3ProtocolError, URLLib3ReadTimeoutError) as fault:
            raise self._unanswered(fault) from fault
        except aws.BotoCoreError as fault:
            raise S3Error(
                f"no usable AWS credentials ({type(fault).__name__}); "
                "let the job assume a role (OIDC), or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ) from fault
        except (ResponseParserError, KeyError, ValueError) as fault:
            # A proxy's page, a date that is none, an answer without what every such answer has.
            raise PassingError(
                f"{self.endpoint} gave an answer that is none of S3's ({type(fault).__name__})"
            ) from fault

    def _unanswered(self, fault: BaseException) -> S3Error:
        from botocore.exceptions import ProxyConnectionError

        for cause in _causes(fault):
            if isinstance(cause, ssl.SSLCertVerificationError):
                return S3Error(
                    f"the certificate of {self.endpoint} is not trusted ({cause.verify_message}); mend it, or set "
                    "AWS_CA_BUNDLE to a file with the authority that signed it"
                )
        known = next(
            (told for cause in _causes(fault) for kind, told in _SILENCE.items() if isinstance(cause, kind)), ""
        )
        way = "the proxy that HTTPS_PROXY or HTTP_PROXY names: " if isinstance(fault, ProxyConnectionError) else ""
        return PassingError(f"no answer from {self.endpoint} ({way}{known or type(fault).__name__})")

    def _answered(self, fault: Any, permission: str) -> S3Error:  # noqa: ANN401 - boto3 has no types
        status, code = _status(fault), _code(fault)
        told = f"{self.endpoint} answered {status} {code}"
        if status in _PASSING_STATUSES or code in _PASSING_CODES or code in _DAMAGED_CODES:
            return _passing(fault, told, status, code)
        if code == "NoSuchBucket":
            text = f"there is no bucket {self.name} at {self.endpoint}; create it or mend {self.url}"
            return NoBucketError(text, status=status, code=code)
        kind = {_EXISTS: ExistsError, _NOT_THERE: MissingError, _NOT_KNOWN: UnknownConditionError}.get(status, S3Error)
        return kind(self._advised(fault, permission, told), status=status, code=code)

    def _advised(self, fault: Any, permission: str, told: str) -> str:  # noqa: ANN401 - boto3 has no types
        code, region = _code(fault), _region(fault)
        if fault.operation_name.startswith("AssumeRole"):
            return f"AWS STS answered {code}: the role cannot be assumed; check AWS_ROLE_ARN and its trust policy"
        if code == "AccessDenied":
            place = f"arn:aws:s3:::{self.name} and arn:aws:s3:::{self.name}/{self.prefix}*"
            return f"access denied; allow {permission} on {place}"
        if code in _ELSEWHERE:
            where = f"in {region}; set AWS_REGION to {region}" if region else "in another region; set AWS_REGION"
            return f"{told}: the bucket lies {where}"
        if code in _MEND:
            return f"{told}: {_MEND[code]}"
        return f"{told}; check the credentials and the region of the job"


def open_bucket(who: str, url: str, waits: Waits | None = None) -> S3Bucket:
    """Load the client; nothing is asked of the store. `who` needs it, and begins each message."""
    bucket, prefix = read_url(who, url)
    client = _client(who, waits or Waits())
    return S3Bucket(bucket, f"{prefix}/" if prefix else "", client, origin(client.meta.endpoint_url))


def read_url(who: str, url: str) -> tuple[str, str]:
    """Return bucket and prefix of s3://bucket/prefix; a ConfigError says what is wrong, never what stood there."""
    parts = urlsplit(url)
    bucket, prefix = parts.netloc, parts.path.strip("/")
    if "@" in bucket:
        raise ConfigError(
            f"{who}: an s3:// URL carries no credentials; write s3://bucket/prefix and let the job assume a role "
            "(OIDC), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if parts.scheme != "s3" or not _BUCKET.fullmatch(bucket):
        raise ConfigError(f"{who}: not the URL of a bucket; write s3://bucket/prefix, the bucket in small letters")
    if parts.query or parts.fragment or not _PREFIX.fullmatch(prefix) or "//" in prefix:
        raise ConfigError(
            f"{who}: the prefix below s3://{bucket} may hold letters, digits and -_./=+@!*'() only; "
            f"write s3://{bucket}/lumen; the endpoint of another store goes into AWS_ENDPOINT_URL"
        )
    return bucket, prefix


def caller(who: str, waits: Waits) -> str:
    """Ask AWS who the job is to it and return the ARN; an S3Error says why it is nobody."""
    client = _client(who, waits, "sts")
    with S3Bucket("", "", client, origin(client.meta.endpoint_url)).asking("sts:GetCallerIdentity"):
        return str(client.get_caller_identity()["Arn"])


def _client(who: str, waits: Waits, service: str = "s3") -> Any:  # noqa: ANN401 - boto3 has no types
    try:
        import boto3
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError as fault:
        raise ConfigError(f"{who}: s3:// needs boto3; install lumen-sli-action[archive]") from fault
    except ImportError as fault:
        # It could not be prepared on this machine, such as when no package index answers: nobody's wrong input.
        raise RemoteError(f"{who}: s3:// needs boto3, which cannot be loaded. {fault}") from fault
    config = Config(
        # Waiting and asking again is ours: a retry of the client's own would hide that a first answer was lost.
        retries={"total_max_attempts": 1},
        connect_timeout=waits.connect_seconds,
        read_timeout=waits.read_seconds,
        max_pool_connections=waits.connections,
        s3={"addressing_style": "path"},
        # Many stores that speak S3 refuse the newer checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        core = botocore.session.Session()
        core.register_component("data_loader", _descriptions(core.get_config_variable("data_path")))
        session = boto3.session.Session(botocore_session=core)
        # S3 needs no region to be asked; STS answers everywhere.
        return session.client(service, config=config, region_name=session.region_name or "aws-global")
    except (BotoCoreError, ValueError) as fault:
        raise ConfigError(
            f"{who}: the AWS settings of this job cannot be used ({type(fault).__name__}); check AWS_PROFILE, "
            "AWS_REGION and AWS_ENDPOINT_URL"
        ) from fault


@lru_cache(maxsize=1)
def _descriptions(folders: str | None) -> Any:  # noqa: ANN401 - botocore has no types
    """Return what reads the descriptions of services: a megabyte of JSON, read once for all clients."""
    from botocore.loaders import create_loader

    return create_loader(folders)


def _passing(fault: Any, told: str, status: int, code: str) -> PassingError:  # noqa: ANN401 - boto3 has no types
    made = PassingError(told, status=status, code=code)
    made.unsure = status not in _NOT_CARRIED_OUT and code not in _DAMAGED_CODES
    made.retry_after_seconds = retry_after_seconds(_headers(fault).get("retry-after", ""), time.time())
    return made


def _causes(fault: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it came of; the layers below wrap each other's."""
    while fault is not None:
        yield fault
        reason = getattr(fault, "reason", None)
        fault = reason if isinstance(reason, BaseException) else fault.__cause__ or fault.__context__


def _status(fault: Any) -> int:  # noqa: ANN401 - boto3 has no types
    return int(fault.response["ResponseMetadata"]["HTTPStatusCode"])


def _code(fault: Any) -> str:  # noqa: ANN401 - boto3 has no types
    return str(fault.response["Error"].get("Code", ""))


def _headers(fault: Any) -> dict[str, str]:  # noqa: ANN401 - boto3 has no types
    return dict(fault.response["ResponseMetadata"].get("HTTPHeaders", {}))


def _region(fault: Any) -> str:  # noqa: ANN401 - boto3 has no types
    said = fault.response["Error"].get("Region") or _headers(fault).get("x-amz-bucket-region", "")
    return said if _REGION.fullmatch(said) else ""
