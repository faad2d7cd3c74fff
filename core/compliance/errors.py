"""Why the record says no."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class InvocationNotFound(EngineError):
    """There is no call {invocation_id} in the trail that you may see."""

    code = "invocation_not_found"
    kind = Kind.NOT_FOUND
    invocation_id: str
