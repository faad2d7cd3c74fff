"""Links to where a card is left: signed, good for a while, and for nothing else.

Nothing is stored for a link. It names the project, the currency and until when it is good, and
carries a signature that only this installation can make.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.db.work import Work
from core.dunning.errors import CardLinkNotGood
from core.kernel.ids import compose, number_of
from core.kernel.money import Asset

PATH = "/billing/card/"
ROUTE = "/billing/card/{token}"
DONE = "/billing/card-left"
CANCELED = "/billing/card-not-left"
BANNER_DAYS = 2
"""A link that is read again and again lasts this long, and is the same for a day."""
_PURPOSE = "a link to leave a card"
_SIGNATURE = 16


@dataclass(frozen=True, slots=True)
class Link:
    project_id: str
    asset: Asset
    expires_at: datetime


def path_of(work: Work, link: Link) -> str:
    """Return the path, below the public URL, at which this link is opened."""
    seconds = int(link.expires_at.timestamp())
    named = number_of(link.project_id).to_bytes(16, "big") + seconds.to_bytes(5, "big")
    packed = named + str(link.asset).encode() + _signature(work, link)
    return PATH + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def banner_path(work: Work, asset: Asset) -> str:
    """Return a path for who may read it at any time."""
    midnight = work.real_now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    until = midnight + timedelta(days=BANNER_DAYS)
    return path_of(work, Link(work.project_id, asset, until))


def read(work: Work, token: str) -> Link:
    """Read a link that is good now. Raises CardLinkNotGood, whatever is wrong with it."""
    try:
        packed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        link = Link(
            compose("prj", int.from_bytes(packed[:16], "big")),
            Asset.parse(packed[21:-_SIGNATURE].decode()),
            datetime.fromtimestamp(int.from_bytes(packed[16:21], "big"), UTC),
        )
    except (binascii.Error, ValueError, OverflowError, OSError):
        raise CardLinkNotGood from None
    if not hmac.compare_digest(packed[-_SIGNATURE:], _signature(work, link)):
        raise CardLinkNotGood
    if link.expires_at <= work.real_now:
        raise CardLinkNotGood
    return link


def _signature(work: Work, link: Link) -> bytes:
    until = int(link.expires_at.timestamp())
    return work.digest(_PURPOSE, link.project_id, str(link.asset), until)
