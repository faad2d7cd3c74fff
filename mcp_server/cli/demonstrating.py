"""`bursar demo`: make the demo once, and print what a script needs to try it."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Annotated

import typer

from auth import keys
from core.kernel.caller import PlatformRole, Role
from core.operations.scopes import SCOPES
from mcp_server import seed
from mcp_server.cli.telling import out, tell_fields, tell_json
from mcp_server.migrating import migrate_database
from mcp_server.settings import Settings, load_settings
from mcp_server.wiring import Installation, opened

KEY_DAYS = 30


@dataclass(frozen=True, slots=True)
class DemoAccess:
    base_url: str
    mcp_url: str
    api_key: str
    operator_api_key: str
    project_id: str
    wallet_id: str


def demo(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Make the demo unless it is there, and print two new API keys for it, valid for 30 days."""
    access = asyncio.run(_demo(load_settings()))
    if as_json:
        tell_json(asdict(access))
        return
    tell_fields(asdict(access))
    out.print("\nThe keys are shown this once; run it again for new ones.")


async def _demo(settings: Settings) -> DemoAccess:
    await migrate_database(settings)
    async with opened(settings) as installation:
        made = await seed.seed(installation)
        return DemoAccess(
            base_url=settings.public_url,
            mcp_url=f"{settings.public_url}/mcp",
            api_key=await project_key(installation, made.project_id, "Demo script"),
            operator_api_key=await operator_key(installation, "Demo script (operator)"),
            project_id=made.project_id,
            wallet_id=made.wallet_id,
        )


async def project_key(installation: Installation, project_id: str, name: str) -> str:
    """Make a key that spends and reads in one project, as a backend of that customer's would."""
    role = str(Role.MEMBER)
    return await _key(installation, project_id=project_id, role=role, name=name)


async def operator_key(installation: Installation, name: str) -> str:
    """Make a key that may do everything on the platform."""
    role = str(PlatformRole.OPERATOR)
    return await _key(installation, project_id=None, role=role, name=name)


async def _key(installation: Installation, *, project_id: str | None, role: str, name: str) -> str:
    async with installation.database.begin(seed.SEEDER) as work:
        work.found_project_id = project_id
        _, secret = await keys.create_key(
            work,
            name=name,
            role=role,
            scopes=list(SCOPES),
            expires_at=work.now + timedelta(days=KEY_DAYS),
        )
    return secret
