"""A program that asks for tokens, and a person who answers: what every test here is made of."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import httpx2
from sqlalchemy import select
from starlette.applications import Starlette

from auth import authorize, clients, endpoints, users, verifying
from auth.server import AuthServer
from auth.users import person
from core import projects
from core.audit import tables as audit_tables
from core.kernel.caller import SYSTEM, Caller, Role
from core.projects.members import leave
from tests.fakes.documents import FakeDocuments
from tests.world import World

ISSUER = "https://bursar.test"
MCP = f"{ISSUER}/mcp"
CALLBACK = "https://program.example/callback"
SCOPE = "wallets:read metering:write"
VERIFIER = "a-verifier-of-a-program-that-is-long-enough-to-be-one"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


def answer(url: str) -> dict[str, str]:
    """Return what the browser carries back to the program."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def basic(client_id: str, secret: str) -> dict[str, str]:
    """RFC 6749 §2.3.1."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


@dataclass
class Oauth:
    """The endpoints, one project with its owner, and how a program and a person use them."""

    world: World
    server: AuthServer
    documents: FakeDocuments
    app: Starlette
    http: httpx2.AsyncClient
    user_id: str
    project_id: str

    async def register(self, **members: Any) -> dict[str, Any]:
        """Register a public program, unless the members say otherwise."""
        response = await self.http.post("/oauth/register", json=self.members(**members))
        assert response.status_code == 201, response.text
        registered: dict[str, Any] = response.json()
        return registered

    def members(self, **members: Any) -> dict[str, Any]:
        return {
            "client_name": "A program",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
        } | members

    def from_address(self, address: str) -> httpx2.AsyncClient:
        """Return a client that calls from another place."""
        transport = httpx2.ASGITransport(self.app, client=(address, 5000))
        return httpx2.AsyncClient(transport=transport, base_url=ISSUER)

    async def ask(self, client_id: str, /, **changes: str | None) -> httpx2.Response:
        """Send the browser to the authorization endpoint. A change to None leaves it out."""
        parameters = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "scope": SCOPE,
            "state": "a state",
            "resource": MCP,
        } | changes
        sent = {name: value for name, value in parameters.items() if value is not None}
        return await self.http.get("/oauth/authorize", params=sent)

    async def pending(self, client_id: str, /, **changes: str | None) -> str:
        """Return the id of the request that the consent page would show."""
        response = await self.ask(client_id, **changes)
        location = urlsplit(response.headers["location"])
        assert location.path == endpoints.CONSENT_PATH, response.headers["location"]
        return parse_qs(location.query)["request"][0]

    async def allow(self, pending_id: str, **choice: Any) -> str:
        """Consent as the owner of the project; return the URL the browser is sent to."""
        chosen = {"project_id": self.project_id, "scopes": SCOPE.split()} | choice
        async with self.world.database.begin(await self._person()) as work:
            return await authorize.grant(work, pending_id, self.user_id, **chosen)

    async def code(self, client_id: str, **changes: str | None) -> str:
        return answer(await self.allow(await self.pending(client_id, **changes)))["code"]

    async def token(
        self, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        return await self.http.post("/oauth/token", data=dict(form), headers=headers)

    async def redeem(self, client_id: str, code: str, /, **changes: str) -> httpx2.Response:
        form = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "code_verifier": VERIFIER,
            "redirect_uri": CALLBACK,
            "resource": MCP,
        }
        return await self.token(form | changes)

    async def refresh(self, client_id: str, token: str, /, **changes: str) -> httpx2.Response:
        form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": token}
        return await self.token(form | changes)

    async def sign_in(self, **changes: str | None) -> tuple[str, dict[str, Any]]:
        """Register, ask, consent and redeem; return the client's id and its tokens."""
        client_id = (await self.register())["client_id"]
        response = await self.redeem(client_id, await self.code(client_id, **changes))
        assert response.status_code == 200, response.text
        tokens: dict[str, Any] = response.json()
        return client_id, tokens

    async def sign_in_for(self, resource: str, **choice: Any) -> tuple[str, dict[str, Any]]:
        """Sign in for this resource, and choose what the token is for."""
        client_id = (await self.register())["client_id"]
        where = await self.allow(await self.pending(client_id, resource=resource), **choice)
        response = await self.redeem(client_id, answer(where)["code"], resource=resource)
        assert response.status_code == 200, response.text
        tokens: dict[str, Any] = response.json()
        return client_id, tokens

    async def service_token(self, service_id: str, secret: str | None) -> str:
        form = {"grant_type": "client_credentials", "resource": MCP}
        response = await self.token(form, basic(service_id, secret or ""))
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])

    async def caller(self, token: str, resource: str = MCP) -> Caller:
        async with self.world.database.read(SYSTEM) as work:
            return await verifying.verify(work, token, resource)

    async def leave(self) -> None:
        """Take the person's place in the project away."""
        async with self.world.database.begin(SYSTEM) as work:
            within = work.within(self.project_id)
            place = await projects.role_of(work, self.user_id, self.project_id)
            assert place
            member = projects.Member(
                project_id=self.project_id, user_id=self.user_id, role=place, joined_at=work.now
            )
            await leave(within, member)

    async def service(self, **changes: Any) -> tuple[str, str | None]:
        """Add a service of the project, as an operator does; return its id and its secret."""
        described = {
            "name": "Backend",
            "scopes": ["wallets:read", "metering:write"],
            "project_id": self.project_id,
            "role": Role.MEMBER,
        }
        async with self.world.database.begin(SYSTEM) as work:
            return await clients.register_service(work, **described | changes)

    async def told(self) -> list[str]:
        """Return what the trail says was done, in order."""
        events = audit_tables.events
        async with self.world.database.read(SYSTEM) as work:
            rows = await work.execute(select(events.c.action).order_by(events.c.id))
            return list(rows.scalars())

    async def _person(self) -> Caller:
        async with self.world.database.read(SYSTEM) as work:
            user = await users.find_user(work, self.user_id)
        assert user
        return person(user)
