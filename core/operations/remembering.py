"""Remember the answers of dear reads that cannot change any more: where one is kept, and for whom.

An answer belongs to one project, and its place begins with that project's id. Where it is not
certain without the database which project is meant, nothing is remembered and nothing recalled.
"""

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from core.kernel.caller import Caller
from core.operations.cache import Cache
from core.operations.operation import Operation, ProjectRequest, Request

logger = logging.getLogger(__name__)

NAMING = {"project_id", "external_key"}
"""What says which project, and so is told apart by the place and not by the rest of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the answer to one request about one project is kept."""

    kind: str
    """The operation's name: each has its lifetime."""
    project_id: str
    asked: str

    @property
    def key(self) -> str:
        return f"{self.project_id}:{self.asked}"


def place_of(
    operation: Operation[Any, Any], request: Request, caller: Caller, *, at: datetime
) -> Place | None:
    """Return where the answer is kept, or None where it must be found out anew. Pure."""
    if operation.remembered is None or not isinstance(request, ProjectRequest):
        return None
    project_id = _project_of(request, caller)
    if project_id is None or not operation.remembered(request, at):
        return None
    said = request.model_dump(mode="json", exclude=NAMING)
    asked = hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return Place(kind=operation.name, project_id=project_id, asked=asked)


def _project_of(request: ProjectRequest, caller: Caller) -> str | None:
    """Return the one project that can be meant, as far as that is known without looking it up.

    Whoever is bound to one project and names another must be told what an unknown project is told,
    and whose an external key is only the database knows. What the platform's staff names may not
    exist, but then no answer of it was ever kept.
    """
    if request.external_key is not None:
        return None
    if caller.project_id:
        return caller.project_id if request.project_id in {None, caller.project_id} else None
    return request.project_id if caller.is_platform else None


async def recall(cache: Cache, place: Place) -> dict[str, Any] | None:
    """Return the answer that was kept. A cache that fails has none."""
    try:
        kept = await cache.get(place.kind, place.key)
    except Exception:
        logger.exception("the cache could not be asked: %s", place.kind)
        return None
    return kept if isinstance(kept, dict) else None


async def keep(cache: Cache, place: Place, body: dict[str, Any]) -> None:
    """Keep an answer, if that is possible: it was found out, and is told in any case."""
    try:
        await cache.put(place.kind, place.key, body)
    except Exception:
        logger.exception("the cache could not keep an answer: %s", place.kind)
