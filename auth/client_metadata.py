"""What a client says about itself: one set of rules for registration and for metadata documents.

RFC 7591 §2 names the members. Those we do not use are passed over (§3.1 allows it), so no logo or
home page of a stranger is ever fetched or shown.
"""

from collections.abc import Mapping
from typing import Any, Literal, cast

from authlib.oauth2.rfc7591 import ClientMetadataClaims
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, KeySetSerialization, OKPKey, RSAKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auth import fetching, redirects
from auth.errors import invalid_client_metadata, invalid_redirect_uri
from auth.settings import AuthSettings
from core.operations.fields import Name
from core.operations.scopes import SCOPES

AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
GRANT_TYPES = ("authorization_code", "refresh_token")
SIGNED = "private_key_jwt"
KEYS_MAX = 10
RSA_BITS_MIN = 2048


class ClientMetadata(BaseModel):
    """The members we use, each of its one type."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)

    redirect_uris: list[str] = Field(min_length=1, max_length=20)
    client_name: Name | None = None
    token_endpoint_auth_method: Literal[
        "none", "client_secret_basic", "client_secret_post", "private_key_jwt"
    ]
    grant_types: list[str] = Field(["authorization_code", "refresh_token"], max_length=10)
    response_types: list[str] = Field(["code"], max_length=10)
    scope: str | None = Field(None, max_length=1000)
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = Field(None, max_length=2000)
    application_type: Literal["web", "native"] | None = None

    @property
    def signs_assertions(self) -> bool:
        return self.token_endpoint_auth_method == SIGNED

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that mean something here, which the client asks for when it names none."""
        return tuple(each for each in dict.fromkeys((self.scope or "").split()) if each in SCOPES)


def read(members: Mapping[str, Any], settings: AuthSettings) -> ClientMetadata:
    """Read and check what a client says of itself. Raises RFC 7591 §3.2.2 errors."""
    given = {name: value for name, value in members.items() if value is not None}
    try:
        metadata = ClientMetadata.model_validate(given)
    except ValidationError as error:
        name = str(error.errors(include_input=False)[0]["loc"][0])
        if name == "redirect_uris":
            raise invalid_redirect_uri("redirect_uris must list 1 to 20 URIs.") from None
        raise invalid_client_metadata(f"{name} has a value that is not supported.") from None
    for uri in metadata.redirect_uris:
        if wrong := redirects.fault(uri, settings.app_schemes):
            raise invalid_redirect_uri(wrong)
    if "authorization_code" not in metadata.grant_types or "code" not in metadata.response_types:
        raise invalid_client_metadata("Only the authorization code grant is for programs.")
    _check_keys(metadata, given)
    return metadata.model_copy(update=_supported(metadata))


def _supported(metadata: ClientMetadata) -> dict[str, list[str]]:
    """Return what we can do of what it can (RFC 7591 §2): programs name all that they know."""
    grants = [each for each in GRANT_TYPES if each in metadata.grant_types]
    return {"grant_types": grants, "response_types": ["code"]}


def _check_keys(metadata: ClientMetadata, given: Mapping[str, Any]) -> None:
    if metadata.signs_assertions:
        if (metadata.jwks is None) == (metadata.jwks_uri is None):
            raise invalid_client_metadata("private_key_jwt needs jwks or jwks_uri, not both.")
        if metadata.jwks_uri and (wrong := fetching.fault(metadata.jwks_uri)):
            raise invalid_client_metadata(f"jwks_uri {wrong}.")
    try:
        ClientMetadataClaims(dict(given), {}).validate()
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise invalid_client_metadata("A member is not what RFC 7591 describes.") from None
    if metadata.jwks is not None:
        public_keys(metadata.jwks)


def public_keys(jwks: Mapping[str, Any]) -> KeySet:
    """Read a key set that verifies signatures: public keys only, of a strength we accept."""
    try:
        # A stranger wrote it. Whatever is not a key set, though it is called one here, is refused.
        keys = KeySet.import_key_set(cast("KeySetSerialization", dict(jwks))).keys
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise invalid_client_metadata("jwks is not a JSON Web Key Set.") from None
    if not 0 < len(keys) <= KEYS_MAX:
        raise invalid_client_metadata(f"jwks must hold 1 to {KEYS_MAX} keys.")
    for key in keys:
        if not isinstance(key, RSAKey | ECKey | OKPKey) or key.is_private:
            raise invalid_client_metadata("jwks must hold public keys only.")
        if isinstance(key, RSAKey) and key.public_key.key_size < RSA_BITS_MIN:
            raise invalid_client_metadata(f"RSA keys must have {RSA_BITS_MIN} bits or more.")
    return KeySet(keys)
