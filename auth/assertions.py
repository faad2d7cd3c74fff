"""private_key_jwt: a client proves itself with a signed assertion (RFC 7523 §2.2 and §3).

Each assertion works once: its `jti` is kept, as a digest, until the assertion has expired.
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from auth import opaque, tables
from auth.errors import invalid_client
from auth.settings import AuthSettings
from core.db.upsert import insert_if_absent
from core.db.work import Work

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("ES256", "PS256", "RS256", "Ed25519")
"""Signatures only: `none` and shared-secret algorithms are not in the list, and so not possible."""
LIFETIME_MAX = timedelta(minutes=10)
SKEW_SECONDS = 30
LENGTH_MAX = 8192


def claimed_client_id(assertion: str) -> str | None:
    """Return whose assertion this says it is, to know whose keys to check it with. Unverified."""
    try:
        payload = assertion.split(".")[1]
        claims = orjson.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return None
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return subject if isinstance(subject, str) else None


def read(
    assertion: str, keys: KeySet, *, client_id: str, settings: AuthSettings, now: datetime
) -> Mapping[str, Any]:
    """Verify the signature and every claim (RFC 7523 §3), and return the claims.

    Every failure is the same answer: it tells nothing about which part was wrong.
    """
    if len(assertion) > LENGTH_MAX:
        raise invalid_client()
    rules = JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=SKEW_SECONDS,
        iss={"essential": True, "value": client_id},
        sub={"essential": True, "value": client_id},
        aud={"essential": True, "values": [settings.issuer, settings.token_endpoint]},
        exp={"essential": True},
        jti={"essential": True},
    )
    try:
        token = jwt.decode(assertion, keys, algorithms=list(ALGORITHMS))
        rules.validate(token.claims)
        expires_at = datetime.fromtimestamp(token.claims["exp"], UTC)
    except (JoseError, ValueError, TypeError, KeyError, OverflowError, OSError):
        raise invalid_client() from None
    if expires_at > now + LIFETIME_MAX or len(token.claims["jti"]) > 255:
        raise invalid_client()
    return token.claims


async def use_up(work: Work, client_id: str, claims: Mapping[str, Any]) -> None:
    """Refuse an assertion that came before (RFC 7523 §3 rule 7). Two at once: one is refused."""
    row = {
        "hash": opaque.hash_of(f"{client_id}\x1f{claims['jti']}"),
        "expires_at": datetime.fromtimestamp(claims["exp"], UTC) + timedelta(seconds=SKEW_SECONDS),
    }
    if not await insert_if_absent(work, tables.assertions, row):
        raise invalid_client()
