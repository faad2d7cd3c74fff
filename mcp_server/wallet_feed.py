"""Carry the news that a wallet changed to whoever listens in this process."""

from collections.abc import Callable

from mcp.server.subscriptions import ResourceUpdated, ServerEvent

from mcp_server.resources import wallet_uri

Wallet = tuple[str, str]
"""A project's id and a wallet's."""


class WalletFeed:
    """The SDK's bus of events, with one word of ours. It belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._listeners: dict[object, Callable[[ServerEvent], None]] = {}

    def notify(self, project_id: str, wallet_id: str) -> None:
        """Say that a committed unit touched the wallet. Never waits, never raises."""
        self._tell(ResourceUpdated(wallet_uri(project_id, wallet_id)))

    async def publish(self, event: ServerEvent) -> None:
        """Deliver an event: the SDK's name for it."""
        self._tell(event)

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Register a listener, and return what unregisters it."""
        token = object()
        self._listeners[token] = listener

        def unsubscribe() -> None:
            self._listeners.pop(token, None)

        return unsubscribe

    def _tell(self, event: ServerEvent) -> None:
        for listener in tuple(self._listeners.values()):
            listener(event)
