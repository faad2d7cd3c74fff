"""Who sent a webhook: the signature over its raw bytes, and how old it may be.

https://docs.stripe.com/webhooks#verify-manually. The SDK's verification lets timestamps of the
future pass and, unasked, those of any age; so its arithmetic is used, and the age is judged here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import stripe

from core.inbox import NotVerified
from core.kernel.clock import Clock

SECONDS_MAX = 300
"""How old, or how far ahead, a signature may be: a recorded delivery is of no use for longer."""


@dataclass(frozen=True, slots=True)
class Signatures:
    """Verifies what arrives at one endpoint, whose secret may be in rotation: any of them will do.

    There is none without a secret: anybody could sign with an empty one.
    """

    secrets: Sequence[str] = field(repr=False)
    clock: Clock

    def __post_init__(self) -> None:
        if not self.secrets or not all(each.strip() for each in self.secrets):
            raise ValueError("a webhook endpoint needs a secret, and none of them may be empty")

    def verify(self, body: bytes, header: str | None) -> None:
        """Return if the body was signed with one of the secrets, lately. Else NotVerified."""
        if not header:
            raise NotVerified("unsigned")
        if not any(self._signed_with(secret, body, header) for secret in self.secrets):
            raise NotVerified("forged")
        # Only now is the timestamp worth reading: it is signed as well.
        seconds = self.clock.now().timestamp() - _signed_at(header)
        if seconds > SECONDS_MAX:
            raise NotVerified("stale")
        if seconds < -SECONDS_MAX:
            raise NotVerified("ahead")

    @staticmethod
    def _signed_with(secret: str, body: bytes, header: str) -> bool:
        try:
            return bool(stripe.WebhookSignature.verify_header(body, header, secret, None))
        except (stripe.SignatureVerificationError, UnicodeDecodeError, TypeError):
            # A signature that is not ASCII cannot even be compared.
            return False


def _signed_at(header: str) -> int:
    """Read the timestamp just as the SDK did when it verified it: the first one there is."""
    parts = (each.split("=") for each in header.split(","))
    return next(int(each[1]) for each in parts if each[0] == "t")
