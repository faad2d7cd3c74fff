"""How anything is asked for: the declaration of an operation, and the one path every call takes."""

from core.operations.errors import (
    ClockAdvancing,
    IdempotencyKeyReused,
    InvalidRequest,
    NotAllowed,
    RateLimited,
    ScopeRequired,
    Unauthenticated,
)
from core.operations.operation import (
    Effect,
    Operation,
    RateClass,
    Request,
    Result,
    operation,
)
from core.operations.scopes import Toolset

__all__ = [
    "ClockAdvancing",
    "Effect",
    "IdempotencyKeyReused",
    "InvalidRequest",
    "NotAllowed",
    "Operation",
    "RateClass",
    "RateLimited",
    "Request",
    "Result",
    "ScopeRequired",
    "Toolset",
    "Unauthenticated",
    "operation",
]
