"""An agent as the MCP SDK makes them: it finds out how to sign in, and asks a person."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from mcp.client.auth import OAuthClientProvider
from mcp.client.client import Client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from mcp_types import CallToolResult
from pydantic import AnyUrl

from tests.stories.browser import Browser, Choice
from tests.stories.serving import Person, Served

CALLBACK = "http://127.0.0.1:49152/callback"
DOCUMENT = "https://agent.example/client.json"
"""A client id metadata document: the id is where the document is."""


@dataclass
class Keychain:
    """What an agent keeps between two days. The SDK's `TokenStorage`."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@dataclass
class Agent:
    """An agent of one person, who has a browser and makes up their mind in `choice`."""

    served: Served
    person: Person
    choice: Choice
    mode: str = "auto"
    path: str = "/x/all"
    document: str | None = None
    """Where its metadata document is; without one it registers."""
    keychain: Keychain = field(default_factory=Keychain)
    asked: list[str] = field(default_factory=list)
    """Every authorization URL that it opened."""

    def __post_init__(self) -> None:
        self.browser = Browser(self.person, lambda: self.choice)
        self.answer: dict[str, str] = {}

    @property
    def token(self) -> str:
        assert self.keychain.tokens
        return self.keychain.tokens.access_token

    def provider(self) -> OAuthClientProvider:
        metadata = OAuthClientMetadata(
            client_name="Test agent",
            redirect_uris=[AnyUrl(CALLBACK)],
            token_endpoint_auth_method="none",
        )
        return OAuthClientProvider(
            self.served.mcp + self.path,
            metadata,
            self.keychain,
            redirect_handler=self._open,
            callback_handler=self._wait,
            client_metadata_url=self.document,
        )

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["Connected"]:
        """Connect, signing in on the way if the server asks for it."""
        auth = self.provider()
        async with self.served.client(mode=self.mode, path=self.path, auth=auth) as client:
            yield Connected(client, auth)

    async def _open(self, url: str) -> None:
        self.asked.append(url)
        self.answer = await self.browser.authorize(url, CALLBACK)

    async def _wait(self) -> AuthorizationCodeResult:
        told = self.answer
        return AuthorizationCodeResult(
            code=told.get("code", ""), state=told.get("state"), iss=told.get("iss")
        )


@dataclass
class Connected:
    client: Client
    auth: OAuthClientProvider

    async def call(self, tool: str, /, **arguments: Any) -> CallToolResult:
        result = await self.client.call_tool(tool, arguments)
        assert isinstance(result, CallToolResult)
        return result

    async def do(self, tool: str, /, **arguments: Any) -> Mapping[str, Any]:
        """Call a tool that does what it is asked, and return what it answers."""
        result = await self.call(tool, **arguments)
        assert not result.is_error, result.structured_content
        body: Mapping[str, Any] = result.structured_content or {}
        return body

    async def refused(self, tool: str, /, **arguments: Any) -> Mapping[str, Any]:
        """Call a tool that says no, and return why."""
        result = await self.call(tool, **arguments)
        assert result.is_error, result.structured_content
        body: Mapping[str, Any] = result.structured_content or {}
        return body

    def let_the_token_expire(self) -> None:
        """The SDK measures a token's life by the machine's clock, which no test can put forward."""
        self.auth.context.token_expiry_time = 1.0
