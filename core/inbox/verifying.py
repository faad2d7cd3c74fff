"""The port to whoever can tell a provider's own deliveries from everybody else's."""

from typing import Protocol


class WebhookVerifier(Protocol):
    """Knows the secrets of one endpoint: several while they are rotated, and no other endpoint's.

    An endpoint without a secret has no verifier, and so is not there.
    """

    def verify(self, body: bytes, header: str | None) -> None:
        """Return when one of the secrets signed exactly these bytes, and lately.

        That is at most 300 seconds ago, or ahead of our clock: what somebody recorded cannot be
        told again later. `header` is the signature's, or None where there was none. Raises
        NotVerified with its reason otherwise, and nothing else, whatever the two are.
        """
