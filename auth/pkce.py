"""Proof Key for Code Exchange (RFC 7636), S256 only: `plain` proves nothing to a reader of URLs."""

import hmac
import re

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from auth.errors import InvalidGrantError, InvalidRequestError

METHODS = ("S256",)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def require_challenge(challenge: str | None, method: str | None) -> str:
    """Return the challenge of an authorization request, which must carry one (RFC 7636 §4.3).

    A request that leaves the method out has asked for `plain`, and is refused like one.
    """
    if challenge is None:
        raise InvalidRequestError("PKCE is required: send code_challenge.")
    if method not in METHODS:
        raise InvalidRequestError("code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(challenge):
        raise InvalidRequestError("code_challenge is not a SHA-256 digest in base64url.")
    return challenge


def verify(verifier: str | None, challenge: str) -> None:
    """Refuse whoever cannot show what the challenge was made from (RFC 7636 §4.6)."""
    if verifier is None:
        raise InvalidRequestError("PKCE is required: send code_verifier.")
    if not _VERIFIER.fullmatch(verifier):
        raise InvalidGrantError("code_verifier does not match.")
    if not hmac.compare_digest(create_s256_code_challenge(verifier), challenge):
        raise InvalidGrantError("code_verifier does not match.")
