"""Redirect URIs: which may be registered, and when a request's URI is the registered one. Pure.

RFC 6749 §3.1.2, RFC 8252 §7 and OAuth 2.1 §2.3: https, or plain http to this very machine; compared
character by character, except that a program on a loopback address may listen on any port.
"""

import re
from urllib.parse import SplitResult, parse_qsl, urlsplit

LENGTH_MAX = 2000
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PRINTABLE = re.compile(r"^[\x21-\x7e]+\Z")
_OURS = frozenset({"code", "state", "iss", "error", "error_description", "error_uri"})


def fault(uri: str, app_schemes: frozenset[str] = frozenset()) -> str | None:
    """Say in words why the URI may not be registered, or None when it may."""
    parts = _split(uri)
    if parts is None or len(uri) > LENGTH_MAX or not _PRINTABLE.match(uri) or "\\" in uri:
        return "A redirect URI must be an absolute URI of printable ASCII, without backslashes."
    if "#" in uri or "@" in parts.netloc:
        return "A redirect URI must not have a fragment or a user name."
    # A second `iss` or `state` beside ours would let whoever registered it choose which one the
    # client believes (RFC 9207 §2.4).
    if _OURS & {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}:
        return "A redirect URI must not contain response parameters."
    is_secure = parts.scheme == "https" and bool(parts.hostname)
    if is_secure or parts.scheme in app_schemes or is_loopback(uri):
        return None
    return "A redirect URI must use https, or http to localhost."


def matches(registered: str, asked: str) -> bool:
    """Tell whether the URI asked for is the registered one (RFC 8252 §7.3 for the port)."""
    if registered == asked:
        return True
    if fault(asked) or not (is_loopback(registered) and is_loopback(asked)):
        return False
    return _without_port(registered) == _without_port(asked)


def is_loopback(uri: str) -> bool:
    """Tell whether the URI leads to a program on the person's own machine."""
    parts = _split(uri)
    return parts is not None and parts.scheme == "http" and parts.hostname in LOOPBACK


def host_of(uri: str) -> str:
    """Return what the consent page shows as where the browser will go."""
    parts = urlsplit(uri)
    return parts.hostname if parts.scheme in {"http", "https"} and parts.hostname else uri


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port  # a port that is not a number is only noticed when asked for
    except ValueError:
        return None
    return parts if parts.scheme else None


def _without_port(uri: str) -> tuple[str, str | None, str, str]:
    """Everything but the port; what cannot be seen in it (`?` or `#` with nothing after) counts."""
    parts = urlsplit(uri)
    rest = uri.split("//", 1)[1].removeprefix(parts.netloc)
    return parts.scheme, parts.hostname, parts.netloc.split(":")[0], rest
