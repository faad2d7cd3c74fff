"""What packs tell: each change once for whoever listens, and once for the trail."""

from typing import Any

from core import audit, messaging
from core.db.work import Work
from core.packs.model import Pack

PACK_CREATED = "pack.created"
PACK_UPDATED = "pack.updated"
PACK_ARCHIVED = "pack.archived"
PACK_REFUSED = "pack.refused"
PACK_DRIFTED = "pack.drifted"


def facts_of(pack: Pack) -> dict[str, Any]:
    return {
        "pack_key": pack.key,
        "name": pack.name,
        "credits": pack.credits.decimal,
        "bonus_credits": pack.bonus.decimal,
        "asset": str(pack.credits.asset),
        "price": pack.price.money.decimal,
        "currency": str(pack.price.money.asset),
        "expires_after_days": pack.expires_after_days,
        "visibility": str(pack.visibility),
    }


async def tell(work: Work, happened: str, pack: Pack, before: Pack | None = None) -> None:
    """Publish what happened to the pack, and note it in the trail."""
    told = {"before": facts_of(before) if before else None, "after": facts_of(pack)}
    await messaging.publish(work, happened, pack.id, told)
    await audit.record(work, happened, pack.id, **told)


async def tell_sync(work: Work, happened: str, pack: Pack, reason: str) -> None:
    """Tell that the provider refuses the pack, or has another one than we."""
    told = {"pack_key": pack.key, "reason": reason}
    await messaging.publish(work, happened, pack.id, told)
    await audit.record(work, happened, pack.id, **told)
