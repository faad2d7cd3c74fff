"""The OAuth endpoints over a `world`, with nobody else's documents but those a test puts there."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from auth import endpoints, users
from auth.server import AuthServer
from auth.settings import AuthSettings
from core.kernel.caller import SYSTEM
from core.projects.creating import NewProject, create_project
from tests.auth.oauth.program import ISSUER, Oauth
from tests.fakes.documents import FakeDocuments
from tests.world import World


async def show_error(request: Request, sentence: str) -> Response:
    return PlainTextResponse(sentence, 400)


@pytest.fixture
async def oauth(world: World) -> AsyncIterator[Oauth]:
    documents = FakeDocuments()
    settings = AuthSettings(issuer=ISSUER)
    server = AuthServer(settings, world.database, world.trail, world.gate.limiter, documents)
    async with world.database.begin(SYSTEM) as work:
        user = await users.create_user(work, email="ada@example.com", name="Ada")
        new = NewProject(name="Ada's project")
        made = await create_project(work, new, owner_user_id=user.id, owner_email=None)
    app = Starlette(routes=endpoints.routes(server, show_error))
    transport = httpx2.ASGITransport(app, client=("203.0.113.7", 5000))
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
        yield Oauth(world, server, documents, app, http, user.id, made.project.id)
