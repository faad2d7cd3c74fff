"""Refuse forms that another site sent in a person's name. Pure.

Three locks on every form: what the browser says about where the request began, a token that only a
page of ours could contain, and cookies that do not travel with another site's form (SameSite).
The token is made from the cookie, so it changes with the session and is not stored anywhere.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from core.kernel.errors import EngineError, Kind

FIELD = "csrf_token"
HOST_COOKIE = "__Host-bursar_form"
PLAIN_COOKIE = "bursar_form"
"""Holds what the token is made from before anybody is signed in; says nothing about a person."""


@dataclass(eq=False)
class ForeignForm(EngineError):
    """This form did not come from our own page, or the page was open for too long. Try again."""

    code = "foreign_form"
    kind = Kind.FORBIDDEN


def cookie_name(*, https: bool) -> str:
    return HOST_COOKIE if https else PLAIN_COOKIE


def token_for(secret: str) -> str:
    """Return the token of forms shown to the browser that holds this secret in a cookie."""
    return hmac.new(secret.encode(), b"a form of ours", sha256).hexdigest()


def is_ours(headers: Mapping[str, str], origin: str) -> bool:
    """Tell whether the browser says that the request began on a page of this origin.

    `Sec-Fetch-Site` cannot be set by a page, so it decides where a browser sends it. `Origin` is
    asked only without it: our own pages send no referrer, and their forms therefore say `null`.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    said = headers.get("origin")
    return said is None or said == origin


def check(
    headers: Mapping[str, str], *, origin: str, secret: str | None, token: str | None
) -> None:
    """Refuse a form that is not ours, by every lock. Raises ForeignForm."""
    if not is_ours(headers, origin) or not secret or not token:
        raise ForeignForm
    if not hmac.compare_digest(token_for(secret).encode(), token.encode("utf-8", "replace")):
        raise ForeignForm
