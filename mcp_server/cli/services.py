"""`bursar register-service` and `bursar revoke-client`: programs that sign in by themselves.

A service gets tokens by client_credentials (RFC 6749 §4.4), with a secret or, better, with a key
pair of its own whose public half is registered here (RFC 7523, private_key_jwt).
"""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from auth import clients
from core import projects
from core.kernel.caller import PlatformRole, Role
from core.operations.scopes import SCOPES
from mcp_server.cli.calling import local_caller
from mcp_server.cli.telling import MISUSED, NOT_FOUND, out, stop, tell_fields, tell_json
from mcp_server.wiring import opened


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    role: str
    external_key: str | None
    scopes: tuple[str, ...]
    jwks: dict[str, Any] | None


def register_service(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    *,
    role: Annotated[
        str, typer.Option(help="viewer, member or admin of --project; else operator or auditor.")
    ],
    project: Annotated[str | None, typer.Option(help="The project's external key.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="May be repeated; all if left out.")
    ] = None,
    jwks: Annotated[Path | None, typer.Option(help="A file with its public keys.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Register a service that signs in by itself, and show its secret once."""
    keys = None if jwks is None else _keys(jwks)
    service = Service(name, role, project, tuple(scope or SCOPES), keys)
    told = asyncio.run(_register(service))
    tell_json(told) if as_json else tell_fields(told)


def revoke_client(
    client_id: Annotated[str, typer.Argument(help="Of a service, or of any connected program.")],
) -> None:
    """Shut a program out: its tokens stop working at once, and it gets no new ones."""
    if not asyncio.run(_revoke(client_id)):
        stop(f"there is no program {client_id} to shut out", NOT_FOUND)
    out.print(f"{client_id} is shut out.", markup=False)


async def _register(service: Service) -> dict[str, Any]:
    known = Role if service.external_key else PlatformRole
    if service.role not in list(known):
        stop(f"--role must be one of {', '.join(known)}", MISUSED)
    async with opened() as installation, installation.database.begin(local_caller()) as work:
        project_id = None
        if service.external_key:
            project_id = await projects.find_project(work, None, service.external_key)
        client_id, secret = await clients.register_service(
            work,
            name=service.name,
            scopes=service.scopes,
            project_id=project_id,
            role=Role(service.role) if project_id else None,
            platform_role=None if project_id else PlatformRole(service.role),
            jwks=service.jwks,
        )
        return {
            "client_id": client_id,
            "client_secret": secret,
            "token_url": f"{installation.settings.public_url}/oauth/token",
        }


async def _revoke(client_id: str) -> bool:
    async with opened() as installation, installation.database.begin(local_caller()) as work:
        return await clients.revoke(work, client_id)


def _keys(file: Path) -> dict[str, Any]:
    try:
        keys: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        stop(f"{file} cannot be read: {error}", MISUSED)
    return keys
