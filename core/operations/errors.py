"""What can go wrong before an operation begins."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class InvalidRequest(EngineError):
    """The request is not valid: {summary}."""

    code = "invalid_request"
    kind = Kind.INVALID
    problems: list[dict[str, str]]
    """One `{"field": …, "problem": …}` for each thing that is wrong, never with its value."""

    @property
    def summary(self) -> str:
        return "; ".join(f"{each['field']}: {each['problem']}" for each in self.problems)

    def __str__(self) -> str:
        return f"The request is not valid: {self.summary}."


def invalid(field: str, problem: str) -> InvalidRequest:
    """Refuse one field, saying what would be right."""
    return InvalidRequest([{"field": field, "problem": problem}])


@dataclass(eq=False)
class Unauthenticated(EngineError):
    """This needs a valid access token or API key."""

    code = "unauthenticated"
    kind = Kind.UNAUTHENTICATED


@dataclass(eq=False)
class ScopeRequired(EngineError):
    """This needs every one of these scopes: {scopes}. Ask for a token that carries them."""

    code = "insufficient_scope"
    kind = Kind.FORBIDDEN
    scopes: list[str]
    missing: list[str]

    def __str__(self) -> str:
        return (
            f"This needs the scope {' '.join(self.scopes)}; {' '.join(self.missing)} is missing. "
            "Authorize again with it, or use a key that carries it."
        )


@dataclass(eq=False)
class NotAllowed(EngineError):
    """{operation} needs {needed}."""

    code = "not_allowed"
    kind = Kind.FORBIDDEN
    operation: str
    needed: str
    """Who may, in words: `the role member of the project, or a platform operator`."""


@dataclass(eq=False)
class RateLimited(EngineError):
    """Too many calls of {operation}. Try again in {retry_after} seconds."""

    code = "rate_limited"
    kind = Kind.LIMITED
    operation: str
    retry_after: int


@dataclass(eq=False)
class ClockAdvancing(EngineError):
    """The test clock of {project_id} is being advanced; get_test_clock tells when it is done."""

    code = "test_clock_advancing"
    kind = Kind.CONFLICT
    project_id: str


@dataclass(eq=False)
class IdempotencyKeyReused(EngineError):
    """This idempotency key was used for another request. Use a new key for a new request."""

    code = "idempotency_key_reused"
    kind = Kind.CONFLICT
    operation: str
