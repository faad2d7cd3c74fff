"""Read an authorization request (RFC 6749 §4.1.1): first who asks and where to, then what. Pure."""

from dataclasses import dataclass

from auth import pkce, redirects, resources
from auth.clients import Client
from auth.errors import (
    AuthorizationPageError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    UnsupportedResponseTypeError,
)
from auth.parameters import Parameters
from auth.settings import AuthSettings
from core.operations.scopes import SCOPES

STATE_MAX = 4096
_PROMPTS = ("login", "consent", "select_account")


@dataclass(frozen=True, slots=True)
class Asked:
    redirect_uri: str
    state: str | None
    code_challenge: str
    scopes: tuple[str, ...]
    resource: str
    prompt: str


def require_client_id(parameters: Parameters) -> str:
    client_id = parameters.get("client_id")
    if client_id is None or "client_id" in parameters.repeated:
        raise AuthorizationPageError("it did not say who it is")
    return client_id


def require_redirect_uri(client: Client | None, parameters: Parameters) -> str:
    """Return the registered URI that the request names. Errors are for a page, never a redirect.

    A service has registered none, and so gets no further.
    """
    if client is None:
        raise AuthorizationPageError("it is not known here, or no longer")
    asked = parameters.get("redirect_uri")
    if asked is None and len(client.redirect_uris) == 1:
        asked = client.redirect_uris[0]
    if asked is None or "redirect_uri" in parameters.repeated:
        raise AuthorizationPageError("it did not say where to go afterwards")
    if not any(redirects.matches(each, asked) for each in client.redirect_uris):
        raise AuthorizationPageError(
            "it wants to go somewhere afterwards that it has not registered"
        )
    return asked


def read(settings: AuthSettings, client: Client, redirect_uri: str, sent: Parameters) -> Asked:
    """Read the rest of the request. Raises RFC 6749 errors, which go back to the client."""
    sent.refuse_repeated()
    state = sent.get("state")
    if state is not None and len(state) > STATE_MAX:
        raise InvalidRequestError("state is too long.")
    if sent.get("request") or sent.get("request_uri"):
        name = "request" if sent.get("request") else "request_uri"
        raise OAuth2Error(error=f"{name}_not_supported", description=f"{name} is not supported.")
    if sent.require("response_type") != "code":
        raise UnsupportedResponseTypeError("code")
    if sent.get("response_mode") not in {None, "query"}:
        raise InvalidRequestError("response_mode must be query.")
    prompts = (sent.get("prompt") or "").split()
    if "none" in prompts:
        # OpenID Connect's word for it: nobody can consent without being asked.
        raise OAuth2Error(error="interaction_required", description="A person must be asked.")
    return Asked(
        redirect_uri=redirect_uri,
        state=state,
        code_challenge=pkce.require_challenge(
            sent.get("code_challenge"), sent.get("code_challenge_method")
        ),
        scopes=_scopes(settings, client, sent.get("scope")),
        resource=resources.accepted(settings, sent.resources),
        prompt=next((each for each in _PROMPTS if each in prompts), ""),
    )


def _scopes(settings: AuthSettings, client: Client, asked: str | None) -> tuple[str, ...]:
    """Return the scopes to ask the person for, in the order of our list.

    `offline_access` needs no asking: every such client is given refresh tokens.
    """
    named = set((asked or "").split()) - {"offline_access"}
    wanted = named or set(client.scopes or settings.baseline_scopes)
    if not wanted <= set(SCOPES):
        raise InvalidScopeError("The scope is unknown.")
    return tuple(scope for scope in SCOPES if scope in wanted)
