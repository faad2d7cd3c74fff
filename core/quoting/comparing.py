"""Choose whose prices a simulation compares: who holds a plan, or else who uses what it meters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core import catalog, projects
from core.catalog import PlanVersion
from core.db import paging
from core.db.work import Work
from core.kernel.ids import compose, is_id, number_of

VERSIONS_MAX = 100
"""Of a plan: how many of the newest versions are looked at for who holds them."""

Place = tuple[str, str]
"""The version whose holders are listed, or nothing, and the project after which to go on."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A project, and the version that it would change from."""

    project_id: str
    version_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    kind: Literal["holders", "users"]
    versions: Sequence[PlanVersion]
    """Which are held, or else the one on sale: each project changes from one of them."""


async def whom(work: Work, plan_key: str, number: int | None, place: Place | None) -> Compared:
    """Say from which versions projects would change: those held, or where none is, from one.

    The version at which to go on is among them though its last holder has gone meanwhile.
    """
    reached = place[0] if place else ""
    if number is None:
        plan = await catalog.find_plan(work, plan_key)
        known = await catalog.versions(work, plan, limit=VERSIONS_MAX)
        held = await catalog.holders().count(work, [each.id for each in known])
        versions = [each for each in known if held.get(each.id) or each.id == reached]
        if versions:
            return Compared(kind="holders", versions=versions)
    one = await catalog.find_version(work, plan_key, number)
    held = await catalog.holders().count(work, [one.id])
    is_held = held.get(one.id) or one.id == reached
    return Compared(kind="holders" if is_held else "users", versions=[one])


async def next_of(
    work: Work, compared: Compared, place: Place | None, limit: int
) -> tuple[list[Candidate], Place | None]:
    """Return the next candidates, and where to go on: every project there is, of who may be asked.

    Staff who bound themselves to one project are told of no other.
    """
    if compared.kind == "users":
        [version] = compared.versions
        everyone = await _projects_after(work, place[1] if place else None, limit)
        last: Place | None = ("", everyone[-1]) if len(everyone) == limit else None
        return [Candidate(each, version.id) for each in everyone], last
    candidates: list[Candidate] = []
    began = place is None
    for version in compared.versions:
        after = place[1] if place and place[0] == version.id else None
        began = began or after is not None
        if not began:
            continue
        found = await _holders_after(work, version.id, after, limit - len(candidates))
        candidates += [Candidate(each, version.id) for each in found]
        if len(candidates) == limit:
            return candidates, (version.id, candidates[-1].project_id)
    return candidates, None


async def _projects_after(work: Work, after: str | None, limit: int) -> list[str]:
    if (only := work.caller.project_id) is not None:
        return [only] if after is None else []
    return [each.id for each in await projects.list_projects(work, after=after, limit=limit)]


async def _holders_after(
    work: Work, version_id: str, after: str | None, limit: int
) -> Sequence[str]:
    holders = catalog.holders()
    if (only := work.caller.project_id) is None:
        return await holders.after(work, version_id, after, limit)
    before = compose("prj", number_of(only) - 1)
    found = await holders.after(work, version_id, before, 1) if after is None else ()
    return [each for each in found if each == only]


def place_of(cursor: str | None) -> Place | None:
    """Read where to go on. A cursor that is not ours is refused, not believed."""
    key = paging.after(cursor, parts=2)
    if key is None:
        return None
    version_id, project_id = key
    if not is_id("prj", project_id) or (version_id and "_" not in version_id):
        raise paging.InvalidCursor
    return version_id, project_id
