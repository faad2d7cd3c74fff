"""Why a person, or a key, is told no. None of these says whether an account exists."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class EmailTaken(EngineError):
    """Somebody has this e-mail address already."""

    code = "email_taken"
    kind = Kind.CONFLICT


@dataclass(eq=False)
class NotAnOperator(EngineError):
    """The user with the operator's address is no operator. Name another address."""

    code = "not_an_operator"
    kind = Kind.CONFLICT


@dataclass(eq=False)
class PasswordUnfit(EngineError):
    """This password will not do: {problem}."""

    code = "password_unfit"
    kind = Kind.INVALID
    problem: str


@dataclass(eq=False)
class TooManyAttempts(EngineError):
    """Too many attempts. Try again in {retry_after} seconds."""

    code = "too_many_attempts"
    kind = Kind.LIMITED
    retry_after: int


@dataclass(eq=False)
class ApiKeyNotFound(EngineError):
    """There is no API key {key_id} here."""

    code = "api_key_not_found"
    kind = Kind.NOT_FOUND
    key_id: str


@dataclass(eq=False)
class ApiKeyNotActive(EngineError):
    """The API key {key_id} was revoked or has expired. Create a new one instead."""

    code = "api_key_not_active"
    kind = Kind.CONFLICT
    key_id: str


@dataclass(eq=False)
class KeyTooPowerful(EngineError):
    """A key cannot do more than who makes or rotates it. Beyond you: {beyond}."""

    code = "key_too_powerful"
    kind = Kind.FORBIDDEN
    beyond: list[str]
    """The role or the scopes that the caller does not have."""

    def __str__(self) -> str:
        beyond = ", ".join(self.beyond)
        return f"A key cannot do more than who makes or rotates it. Beyond you: {beyond}."


@dataclass(eq=False)
class TooManyApiKeys(EngineError):
    """There are {active_max} active API keys here, and no more can be made. Revoke unused ones."""

    code = "too_many_api_keys"
    kind = Kind.CONFLICT
    active_max: int
