"""Who holds a version of a plan: known to what stands above the catalog, and asked for here."""

from collections.abc import Mapping, Sequence

from core.db.work import Work
from core.operations.given import given


class Holders:
    """What whoever assigns plans to projects tells of it. By itself, that nobody holds any."""

    async def count(self, work: Work, version_ids: Sequence[str]) -> Mapping[str, int]:
        """Return how many projects hold each of these versions now; what nobody holds, may miss."""
        return {}

    async def after(
        self, work: Work, version_id: str, project_id: str | None, limit: int
    ) -> Sequence[str]:
        """Return the projects that hold the version now, by their ids, after this one."""
        return ()


def holders() -> Holders:
    """Return what the installation was given, under the key `Holders`."""
    return given(Holders) or Holders()
