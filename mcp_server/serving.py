"""Make the application that serves an installation, from the doors that exist.

Identity is asked in one place for every door. The application's lifespan keeps open what runs
beside requests: MCP sessions, and the worker where it shares the process.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from alembic.config import Config
from alembic.script import ScriptDirectory
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

import migrations
from auth import pages
from auth.endpoints import routes as oauth_routes
from auth.identity import Identity
from auth.passwords import Passwords
from auth.people import People
from auth.server import AuthServer
from auth.settings import AuthSettings
from auth.totp import SecondFactors
from core.inbox import Intake
from mcp_server import console
from mcp_server.adapters.metadata_fetcher import HttpDocumentFetcher
from mcp_server.app import Lifespan, Parts, build_app
from mcp_server.http import api, docs, health, metrics, openapi, stripe_webhook
from mcp_server.http.origins import LOOPBACK, Origins, host_of
from mcp_server.http.proxies import networks
from mcp_server.mcp_app import Mcp, McpSettings, build_mcp
from mcp_server.paying import SANDBOX_PATH, deliver_inside
from mcp_server.wiring import Installation
from mcp_server.worker import WorkerProcess, write_floods

VERSION = version("bursar")

logger = logging.getLogger(__name__)


def build(installation: Installation) -> Starlette:
    """Make the whole application of one serving process."""
    settings = installation.settings
    origins = Origins(settings.public_url, settings.allowed_origins)
    identity = Identity(installation.database)
    auth = AuthSettings(issuer=settings.public_url, name=settings.name)
    mcp, passwords = _mcp(installation, identity), Passwords()
    return build_app(
        Parts(
            origins=origins,
            metrics=installation.metrics,
            routes=[
                Route("/", _home, methods=["GET"]),
                *_api(installation, identity, auth),
                *_auth(installation, auth, passwords),
                *_payments(installation),
                *health.routes(_readiness(installation)),
                metrics.route(
                    installation.metrics, settings.metrics_token.get_secret_value() or None
                ),
            ],
            mcp=mcp.guard,
            trusted_proxies=networks(settings.trusted_proxies),
            lifespan=_lifespan(installation, mcp, identity, passwords),
        )
    )


async def _home(_request: Request) -> Response:
    """Take whoever types the address into a browser to their own page, by the sign-in page."""
    return RedirectResponse("/account", status_code=303)


def _mcp(installation: Installation, identity: Identity) -> Mcp:
    settings = installation.settings
    return build_mcp(
        list(installation.operations.values()),
        installation.gate,
        identity,
        McpSettings(
            public_url=settings.public_url,
            version=VERSION,
            allowed_origins=settings.allowed_origins,
            stateless=settings.mcp_stateless,
            state_keys=(installation.keys.state,),
        ),
    )


def _api(installation: Installation, identity: Identity, auth: AuthSettings) -> list[BaseRoute]:
    url = installation.settings.public_url
    operations = list(installation.operations.values())
    served = api.Api(
        gate=installation.gate,
        identify=identity,
        public_url=url,
        resource=auth.api_resource,
        resource_metadata=f"{url}/.well-known/oauth-protected-resource/v1",
    )
    addresses = openapi.Addresses(
        public_url=url,
        authorization_url=auth.authorization_endpoint,
        token_url=auth.token_endpoint,
    )
    document = openapi.document(operations, addresses, version=VERSION)
    return [*api.routes(operations, served), *docs.routes(document, url)]


def _auth(installation: Installation, auth: AuthSettings, passwords: Passwords) -> list[BaseRoute]:
    people = People(
        settings=auth,
        database=installation.database,
        gate=installation.gate,
        passwords=passwords,
        second_factors=SecondFactors(installation.keys.factors),
        require_second_factor=installation.settings.require_second_factor,
    )
    server = AuthServer(
        auth,
        installation.database,
        installation.trail,
        installation.limiter,
        HttpDocumentFetcher(),
    )
    return [
        *oauth_routes(server, pages.show_error(people)),
        *pages.routes(people),
        *console.routes(people, installation.operations),
    ]


def _payments(installation: Installation) -> list[BaseRoute]:
    """Make the endpoints that hear of payments, and the stand-in where there is one."""
    paying = installation.paying
    door = stripe_webhook.StripeDoor(
        intake=Intake(installation.database),
        verifiers=paying.verifiers,
        metrics=installation.metrics,
        trail=installation.trail,
    )
    if not paying.sandbox:
        return [*stripe_webhook.routes(door)]
    if host_of(urlsplit(installation.settings.public_url).netloc) not in LOOPBACK:
        logger.warning(
            "the sandbox stands in for Stripe, and whoever comes here can buy without paying: "
            "set BURSAR_STRIPE_SECRET_KEY, or BURSAR_STRIPE_SANDBOX=false"
        )
    return [*stripe_webhook.routes(door), Mount(SANDBOX_PATH, app=paying.sandbox.app)]


def _readiness(installation: Installation) -> health.Readiness:
    probes = installation.probes.reader
    parts = [*health.database(probes, newest_migration()), health.memory()]
    if installation.redis:
        parts.append(health.Part("redis", installation.redis.probe, essential=False))
    parts.append(health.Part("stripe", installation.paying.probe, essential=False))
    return health.Readiness(parts)


def newest_migration() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config).get_current_head()


def _lifespan(
    installation: Installation, mcp: Mcp, identity: Identity, passwords: Passwords
) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        stop = asyncio.Event()
        sandbox = installation.paying.sandbox
        async with mcp.app.run(), deliver_inside(sandbox, app), asyncio.TaskGroup() as tasks:
            tasks.create_task(write_floods(installation.trail, stop))
            if installation.settings.worker_in_serve:
                tasks.create_task(WorkerProcess(installation).run(stop))
            yield
            stop.set()
        await identity.last_used.settle()
        passwords.close()

    return lifespan
