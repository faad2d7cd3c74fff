"""Hand a guarded request to the `mcp` package, with what the package has to know about it."""

from collections.abc import Sequence

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.types import Scope

from core.kernel.caller import Caller


def prepare(scope: Scope, caller: Caller, issuer: str) -> None:
    """Make the scope what the package reads: clean header values, and who it is that asks."""
    scope["headers"] = trimmed(scope["headers"])
    # The package binds a handshake session to this principal, and answers anybody else with 404.
    scope["user"] = principal(caller, issuer)


def trimmed(headers: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[bytes, bytes]]:
    """Take off the white space around values, as RFC 9110 §5.5 has it; not every server does."""
    if all(value == value.strip(b" \t") for _, value in headers):
        return headers
    return [(name, value.strip(b" \t")) for name, value in headers]


def principal(caller: Caller, issuer: str) -> AuthenticatedUser:
    """Say to the package who this is, without the secret that proved it."""
    token = AccessToken.model_construct(
        token="",
        client_id=caller.client_id or caller.key_id or str(caller.kind),
        scopes=sorted(caller.scopes),
        subject=f"{caller.subject}@{caller.project_id or 'platform'}",
        claims={"iss": issuer},
    )
    return AuthenticatedUser(token)
