"""Which hosts a line names, and whether they can be anybody's but our own."""

from __future__ import annotations

import re

_HOST = r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_][\w-]{0,62}(?:\.[\w-]{1,63}){0,9})"
# What stands before and after the name of a host in the words of resolvers and of clients.
_QUOTE = r"['\"\u2018`]"
_FILLERS = r"(?:(?:failed|failure|host ?name|host address|host|server|address|name|the|for|of|to)\b[ :]{1,3}){0,4}"
_NAMED = tuple(
    re.compile(before + _HOST + after)
    for before, after in (
        (r"(?:ENOTFOUND|EAI_AGAIN|EAI_NONAME|getaddrinfo for) ", ""),
        (r"(?i:resolv(?:e|ing)) (?=host|server|address|name|['\"\u2018`])" + _FILLERS + _QUOTE + "?", ""),
        (r"(?i:resolved): " + _QUOTE, ""),
        (r"\blookup (?!address information)" + _FILLERS, r"(?=[: ]|\s*$)"),
        (r"(?:host name|server host|[Uu]nknown host|bad address|upstream):? " + _QUOTE, ""),
        (r"(?:UnknownHostException:|[Uu]nknown host:?) ", r"(?=:|\)|\s*$)"),
        (r"(?:not known|name resolution|lookup failure) \(", r"\)"),
        (r"(?:^|\s)", r"(?=: (?:[Cc]onnection refused|Name or service not|Temporary failure in name))"),
        (r"\bhost=['\"]", "['\"]"),
        (r"(?:connect to|connect to host|connection to server at) \"?", r"(?=\"| port )"),
    )
)
# What stands in such a place and is no name.
_NO_HOST = re.compile(
    r"\d+$|.*(?:exception|error)$|(?:failed|failure|unable|cannot|could|host|host ?name|server|address|name|information"
    r"|connect|connection|dial|tcp|getaddrinfo|curl|ssh|the|for|of|to|and|or|proxy|all)$"
)
# Other addresses, such as `s3://acme`, name no host.
_ADDRESS = re.compile(
    r"\b(?:https?|wss?|tcp|udp|ftp|git|ssh|grpcs?|rediss?|amqps?|mongodb|postgres(?:ql)?|mysql|nats|kafka|ldaps?|smtp)"
    r"://(?:[^\s/@'\"]{0,200}@)?" + _HOST
)
# Two digits are mostly the tag of an image, as in `node:20`.
_WITH_PORT = re.compile(r"(?<![\w./:@-])" + _HOST + r":(?:22|25|53|80|389|443|\d{4,5})(?![\w.-])")
_NUMBER = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_OUR_NUMBERS = re.compile(r"127\.|0\.0\.0\.0$|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.")
_LOOPBACK = re.compile(r"(?:.{1,200}\.)?localhost(?:\.localdomain)?$|host\.docker\.internal$|ip6-localhost$|\[::1?\]$")
# A company calls these by their bare names; any other bare name is that of a container next to us.
_SHARED = re.compile(r"git|svn|gerrit|nexus|artifactory|jenkins|mirror|repo|registry|proxy|vault|sonar|pypi|maven|npm")
# What no resolver of the internet knows; what a network of one's own is called (RFC 2606, 6761, 6762, 8375).
_PRIVATE = re.compile(
    r"\.(?:local|localdomain|internal|intranet|corp|lan|home|private|svc|test|invalid|home\.arpa|consul)$"
)


def named(text: str) -> frozenset[str]:
    """Return the hosts that a line says it tried; what stands in addresses counts only where no words name one."""
    for patterns in (_NAMED, (_ADDRESS,), (_WITH_PORT,), (_NUMBER,)):
        found = frozenset(match[match.lastindex or 0].lower() for each in patterns for match in each.finditer(text))
        found = frozenset(each for each in found if not _NO_HOST.match(each))
        if found:
            return found
    return frozenset()


def is_own(host: str) -> bool:
    """Tell whether a host is this machine or a container next to us."""
    return bool(_OUR_NUMBERS.match(host) or _LOOPBACK.match(host) or (_is_bare(host) and not _SHARED.search(host)))


def is_private(host: str) -> bool:
    """Tell whether a host has a name that means something only in a network of one's own."""
    return is_own(host) or _is_bare(host) or bool(_PRIVATE.search(host))


def _is_bare(host: str) -> bool:
    return "." not in host and not host.startswith("[")
