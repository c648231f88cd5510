"""What tells that the next attempt would meet the same, although failures of its kind mostly pass: a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from lumen_action.failure.hosts import is_own, is_private, named
from lumen_action.failure.lines import shown
from lumen_action.failure.standing import Quote

# How many characters of a long line are looked at before and after what was recognised.
_CLOSE = 2000


@dataclass(frozen=True)
class Lasting:
    """Why another attempt would not help, and what would."""

    reason: str
    hint: str


@dataclass(frozen=True)
class _Row:
    """What is looked for in a failure of some subclasses, `class/*` for all of a class."""

    names: frozenset[str]
    told: Callable[[Quote], bool]
    lasting: Lasting


def lasting(name: str, quote: Quote) -> Lasting | None:
    """Return why a failure of this class and subclass lasts, if its line or one close to it tells."""
    kinds = {name, f"{name.partition('/')[0]}/*"}
    close = replace(quote, text=quote.text[max(0, quote.offset - _CLOSE) : quote.offset + _CLOSE])
    return next((row.lasting for row in _ROWS if row.names & kinds and row.told(close)), None)


# The command, or the words of a client, whose answer a line repeats without saying of whom.
_CLIENT = re.compile(r"(?:^|[\s;&|($`m])(?:curl|wget|xh|http|grpcurl|newman|iwr|Invoke-WebRequest|Invoke-RestMethod)\s")
_REQUEST = re.compile(r"(?i)\b(?:url|connect(?:ing|ion)?|request|fetch(?:ing)?|download(?:ing)?|GET|POST)\b")
_CHAIN_LINES = 5
# Words of another machine: what it calls its own is not ours.
_RELAYED = re.compile(r"rpc error|Error from server|admission webhook|calling webhook|\bdesc = ")
# Answers of a resolver that could not say; all others say that there is no such name.
_NO_ANSWER = re.compile(r"(?i)EAI_AGAIN|temporary failure|try again|tim(?:ed|e) ?-?out|servfail|misbehaving|no answer")
# Names that a cloud makes for each resource: without the resource there is no name.
_MADE_NAME = re.compile(
    r"\.(?:eks\.amazonaws\.com|rds\.amazonaws\.com|elb\.amazonaws\.com|cache\.amazonaws\.com|azmk8s\.io|azurecr\.io"
    r"|azurewebsites\.net|vault\.azure\.net|database\.windows\.net|(?:blob|queue|table|file)\.core\.windows\.net"
    r"|herokuapp\.com|ngrok\.io|ngrok-free\.app|supabase\.co|vercel\.app|netlify\.app|onrender\.com)$"
)
# What begins like a region of AWS and is none.
_NO_REGION = re.compile(
    r"\.(?:none|null|undefined|(?:af|ap|ca|cn|eu|il|me|mx|sa|us)-"
    r"(?!(?:gov-|iso\w?-)?(?:north|south|central|)(?:east|west|north|south|central)?-\d\.)[\w-]{1,60})"
    r"\.amazonaws\.com(?:\.cn)?$"
)
# Services that were closed for good.
_CLOSED_SERVICE = re.compile(
    r"(?:^|\.)(?:mirrorlist\.centos\.org|bintray\.com|codehaus\.org|googlecode\.com|sks-keyservers\.net)$"
)
_GONE = re.compile(
    r"(?i)(?<![\w./:-])4(?:04|10)(?![\w./-]| ?[kMG]i?B)|: not found\s*$|no urls in mirrorlist"
    r"|cannot find a valid baseurl|does not have a release file|no longer (?:has|exists|available|supported)"
    r"|invalid (?:release|mirrorlist)|(?:with|by) unknown key|changed its '|not found on medium"
    r"|open(?:ing)? .{1,300}no such file or directory",
    re.MULTILINE,
)
_MAY_PASS = re.compile(
    r"(?i)timeout was reached|timed out|connection (?:reset|refused|closed)|hash sum mismatch|temporary failure"
    r"|could not resolve|\b50[0234]\b"
)
_SSH_PORT = re.compile(r"^(?:\w{1,20}: )?ssh: connect to host|\bport 22(?:22)?\b|:22(?:22)?\b")
_GIT_HOST = re.compile(r"(?i)\bgit|bitbucket|codeberg|gerrit|azure\.com|sourceforge")


def _words(pattern: str, *, near: bool = False) -> Callable[[Quote], bool]:
    """Look for words in the line, or in those around it as well."""
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda quote: bool(compiled.search(quote.around if near else quote.text))


def _hosts_of(quote: Quote) -> frozenset[str]:
    """Return the hosts of the line; where it names none, those of the request it answers."""
    if _RELAYED.search(quote.text):
        return frozenset()
    above = [shown(each) for each in reversed(quote.before)]
    near = (*above[:_CHAIN_LINES], *map(shown, quote.after[:_CHAIN_LINES]))
    requests = (text for text in near if "://" in text and _REQUEST.search(text))
    commands = (text for text in above if _CLIENT.search(text))
    return next((hosts for text in (quote.text, *requests, *commands) if (hosts := named(text))), frozenset())


def _only(fits: Callable[[str], object]) -> Callable[[Quote], bool]:
    """Look whether all hosts that are named fit."""

    def told(quote: Quote) -> bool:
        hosts = _hosts_of(quote)
        return bool(hosts) and all(map(fits, hosts))

    return told


def _answered(told: Callable[[Quote], bool]) -> Callable[[Quote], bool]:
    """Look only where the resolver said that there is no such name."""
    return lambda quote: not _NO_ANSWER.search(quote.text) and told(quote)


def _refused_by_ssh(quote: Quote) -> bool:
    return bool(_SSH_PORT.search(quote.text)) and not _GIT_HOST.search(quote.text)


def _gone(quote: Quote) -> bool:
    """Tell whether a mirror said that it does not have it, and no other mirror failed in a way that passes."""
    if _GONE.search(quote.text):
        return True
    return bool(_GONE.search(quote.around)) and not _MAY_PASS.search(quote.around)


def _row(names: str, told: Callable[[Quote], bool], reason: str, hint: str) -> _Row:
    return _Row(frozenset(names.split()), told, Lasting(reason, hint))


_ROWS = (
    _row(
        "network/dns",
        _words(
            r"sandbox\.sh build|(?:linux|darwin)-sandbox|sandbox-exec|with sandboxing|--unshare-(?:net|all)|\bbwrap\b"
            r"|--net(?:work)?[= ]none|block-network",
            near=True,
        ),
        "It ran in a sandbox, which has no network.",
        "Fetch it before the sandboxed build, or ship it with the sources.",
    ),
    _row(
        "network/dns network/git_transfer",
        _words(r"(?:resolve host(?:name)?:?|ENOTFOUND|lookup) ['\"]?[$<{%]|URL rejected|not a decimal number"),
        "The address is not one: a variable in it is empty, or was not replaced.",
        "Print the address before it is used, and set the variable.",
    ),
    _row(
        "network/dns",
        _only(is_own),
        "A name without a dot is that of a container or a machine next to this one, and it is not there.",
        "See what is running on the same network: docker compose ps -a; getent hosts NAME",
    ),
    _row(
        "network/dns",
        _answered(_only(is_private)),
        "The name means something only in a network of one's own, and this one does not know it.",
        "Compare the spelling with the name that exists, and the network with the one that knows it: getent hosts NAME",
    ),
    _row(
        "network/dns",
        _answered(_only(_MADE_NAME.search)),
        "A cloud makes this name for each resource: there is no such resource, or it is private.",
        "Compare the name with the resource that exists now, and renew the stored address.",
    ),
    _row(
        "network/dns network/connect_timeout",
        _only(_NO_REGION.search),
        "There is no such region.",
        "Correct the region: aws configure get region, AWS_REGION; a zone has a letter at the end, a region has not.",
    ),
    _row(
        "network/dns dependency/mirror",
        _only(_CLOSED_SERVICE.search),
        "That service was closed for good.",
        "Take the files from where they are now.",
    ),
    _row(
        "network/* external_api/server_error external_api/cluster external_api/registry external_api/vcs",
        _only(is_own),
        "It was a service of our own that did not answer well.",
        "Look at the log of that service: docker compose logs, or where it writes to.",
    ),
    _row(
        "network/refused_remote",
        _refused_by_ssh,
        "Nobody listens for SSH there, or not for this runner.",
        "Compare host and port with the server: nc -vz HOST PORT; look at sshd and the firewall.",
    ),
    _row(
        "network/refused_remote",
        lambda quote: not named(quote.text),
        "The line does not say who refused: mostly a service of our own that is not up.",
        "Find the address that was called, and see whether anybody listens there: nc -vz HOST PORT",
    ),
    _row(
        "network/tls",
        _words(
            r"(?i)wrong version number|unknown protocol|unsupported protocol|protocol version|no protocols available"
            r"|no shared cipher|no ciphers? |dh key too small|unrecognized name|certificate (?:required|unknown)"
        ),
        "The two sides have no protocol or cipher in common, or the port speaks another one.",
        "See what the other side speaks: openssl s_client -connect HOST:PORT",
    ),
    _row(
        "network/git_transfer",
        _words(
            r"HTTP 4(?:01|03|04|13)\b|error: 4(?:01|03|04|13)\b|too large|exceeds? (?:the )?(?:max|limit|file size)",
            near=True,
        ),
        "The server refused what was sent or asked for.",
        "Read the line of the server; make the push smaller, or mend the rights or the address.",
    ),
    _row(
        "dependency/mirror",
        _gone,
        "The mirror answered, and does not have it: the release has ended, or the index here is too old.",
        "Refresh the index in the same step (apt-get update), or take a release that is still served.",
    ),
    _row(
        "external_api/server_error",
        _words(r"\b(?:501|505|511)\b (?:Not Implemented|HTTP Version|Network Auth)"),
        "The service does not know this kind of request.",
        "Compare the address and the method with the manual of the service.",
    ),
    _row(
        "external_api/rate_limit",
        _words(r"(?i)\bper (?:day|week|month)\b|\b(?:daily|monthly) (?:limit|quota|request)"),
        "The allowance is counted by the day or the month.",
        "Wait until it is renewed, ask for less, or have it raised.",
    ),
    _row(
        "external_api/conflict",
        _words(r"(?i)already ?(?:exists?|owned)|AlreadyExists|AlreadyOwned|bucket name is not available|taken"),
        "What should be made is there already.",
        "Import it, remove it or take another name.",
    ),
    _row(
        "environment/runner_provision",
        _words(
            r"(?i)match Pod.s node (?:affinity|selector)"
            r"|no (?:agent|worker)s? (?:match|satisf)|no matching runner|matching the specified label"
            r"|doesn.t have label|could not find any definition|no nodes with the label|satisfies the specified demands"
            r"|requested than permitted|node configuration is not|unknown queue"
            r"|no compatible agents|compatible agents not|virtualization is|VT-x|Hyper-V is not|disabled (?:by|in)"
            r"|no hardware support|not been enabled|no installed|ErrImagePull|InvalidImageName|manifest unknown"
            r"|repository does not exist|pull access denied"
        ),
        "No machine there can ever be what the job asks for.",
        "Compare the labels, the image and the size that the job asks for with what is offered.",
    ),
    _row(
        "token_expired/session_expired",
        _words(r"(?i)sav(?:e|ing) state|persist state|errored\.tfstate|upload state", near=True),
        "Resources were changed and the state of them was not stored: a second run would make them again.",
        "Save the state first: terraform state push errored.tfstate; then run it again.",
    ),
    _row(
        "token_expired/session_expired",
        _words(
            r"(?i)log ?in again|sign ?in again|re-?authenticate|revoked|personal access|refresh token|renew (?:it|your)"
        ),
        "A person has to log in again.",
        "Store a new credential, or let the job get one for itself (OIDC).",
    ),
    _row(
        "token_expired/oidc_window",
        _words(r"Current time: (\d{4}-\d\d-\d\d)T.{0,200}expiry time of assertion (?!\1)\d"),
        "The assertion is of another day: it is stored, and would be sent again.",
        "Let the job ask for a fresh assertion; do not keep it in a variable or a file.",
    ),
)
