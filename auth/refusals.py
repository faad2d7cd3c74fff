"""Why a credential is not believed. One kind and one code, and a sentence that says what to do."""

from dataclasses import dataclass

from core.operations.errors import Unauthenticated


@dataclass(eq=False)
class CredentialMissing(Unauthenticated):
    """This needs an access token, or an API key."""


@dataclass(eq=False)
class CredentialMalformed(Unauthenticated):
    """The credential is not written as one of ours is. Send one, as Authorization: Bearer."""


@dataclass(eq=False)
class CredentialExpired(Unauthenticated):
    """The credential has expired. Get a new token, or rotate the API key."""


@dataclass(eq=False)
class CredentialRevoked(Unauthenticated):
    """The credential is unknown, was revoked, or is past its time. Get a new one."""


@dataclass(eq=False)
class WrongAudience(Unauthenticated):
    """The access token is for another resource. Ask for one that names this resource."""
