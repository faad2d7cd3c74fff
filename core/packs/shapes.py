"""What is sent to the operations on packs, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from core.kernel.money import Asset, Money
from core.operations.errors import invalid
from core.operations.fields import Amount, AssetCode, Code, Line, Name, ProjectId, money
from core.operations.operation import (
    PageRequest,
    ProjectOrPlatformRequest,
    Request,
    Result,
)
from core.packs.model import Pack

DAYS_MAX = 3650
PROJECTS_MAX = 200

PackKey = Annotated[Code, Field(examples=["starter"])]
Description = Annotated[str, Line(500)]
Days = Annotated[int, Field(ge=1, le=DAYS_MAX)]
VisibilityWord = Literal["all", "listed"]
Listed = Annotated[list[ProjectId], Field(max_length=PROJECTS_MAX)]


class CreateCreditPack(Request):
    pack_key: PackKey = Field(description="What it is named by. It never changes.")
    name: Name = Field(description="What customers see.", examples=["Starter"])
    description: Description | None = Field(None, description="One line more for customers.")
    credits: Amount = Field(description="How many credits one pack is, in asset.")
    bonus_credits: Amount | None = Field(
        None, description="Credits on top that are given away with it, in asset."
    )
    asset: AssetCode = Field(description="What the wallet that is credited holds: CREDIT/6.")
    price: Amount = Field(description="What one pack costs, in currency.", examples=["10.00"])
    currency: AssetCode = Field(description="What is paid in, as it is counted: USD/2, JPY/0.")
    expires_after_days: Days | None = Field(
        None, description="The credits expire so long after they were paid; leave out for never."
    )
    visibility: VisibilityWord = Field(
        "all", description="Who sees it: all projects, or only those in visible_to."
    )
    visible_to: Listed | None = Field(None, description="The projects that see a listed pack.")


class UpdateCreditPack(Request):
    pack_key: PackKey
    name: Name | None = Field(None, description="Leave out to keep it, as with every field.")
    description: Description | None = Field(None, description="Null takes it away.")
    credits: Amount | None = Field(None, description="For later purchases; sold ones stay.")
    bonus_credits: Amount | None = Field(None, description="Null takes the bonus away.")
    price: Amount | None = Field(None, description="For later purchases, in the same currency.")
    expires_after_days: Days | None = Field(None, description="Null for credits that stay.")
    visibility: VisibilityWord | None = Field(None, description="Who sees it.")
    visible_to: Listed | None = Field(
        None, description="Replaces the projects that see a listed pack."
    )


class NamedCreditPack(Request):
    pack_key: PackKey


class ListCreditPacks(ProjectOrPlatformRequest, PageRequest):
    include_archived: bool = Field(
        default=False, description="Also those that are not sold any more."
    )


class CatalogPack(Result):
    id: str
    pack_key: str
    name: str
    description: str | None
    credits: str
    bonus_credits: str
    asset: str
    price: str
    currency: str
    expires_after_days: int | None
    visibility: VisibilityWord
    on_sale: bool
    """A checkout can be opened for it."""
    version: int
    """Grows with every change."""
    created_at: datetime
    archived_at: datetime | None
    visible_to: list[str] | None
    """The projects that see it, when it is listed. Null in what projects are told."""
    sync_state: Literal["waiting", "synced", "refused", "drifted"] | None
    """How far the payment provider knows it. Null in what projects are told."""
    sync_reason: str | None
    """Why the provider refuses it, in its own words, or how it differs there."""


class PackList(Result):
    items: list[CatalogPack]
    next_cursor: str | None


def pack_view(pack: Pack, listed: list[str] | None, *, for_staff: bool) -> CatalogPack:
    """Show a pack: to projects what they can buy, to staff also how the provider has it."""
    is_listed = pack.visibility == "listed"
    return CatalogPack(
        id=pack.id,
        pack_key=pack.key,
        name=pack.name,
        description=pack.description,
        credits=pack.credits.decimal,
        bonus_credits=pack.bonus.decimal,
        asset=str(pack.credits.asset),
        price=pack.price.money.decimal,
        currency=str(pack.price.money.asset),
        expires_after_days=pack.expires_after_days,
        visibility=pack.visibility.value,
        on_sale=pack.is_on_sale,
        version=pack.version,
        created_at=pack.created_at,
        archived_at=pack.archived_at,
        visible_to=listed if for_staff and is_listed else None,
        sync_state=pack.sync.state.value if for_staff else None,
        sync_reason=pack.sync.reason if for_staff else None,
    )


def bonus(text: str | None, asset: Asset) -> Money:
    return money(text, asset, "bonus_credits") if text else Money(0, asset)


def listed(visibility: str, projects: list[str] | None) -> list[str]:
    """Return the projects that are named for a listed pack; for all projects none may be."""
    if visibility == "all" and projects:
        raise invalid("visible_to", "must be left out unless visibility is listed")
    return sorted(set(projects or []))
