"""Moving: who holds one version of a plan moves to another, when it is asked for. See README."""

from core.moving.migrating import migrate_batch

JOBS = (migrate_batch,)

__all__ = ["JOBS", "migrate_batch"]
