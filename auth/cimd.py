"""Client ID Metadata Documents (draft-ietf-oauth-client-id-metadata-document): the id is a URL.

The URL leads to the client's metadata, so who controls the URL controls what the client is. The
copy we keep is fetched again when it is no longer fresh, and never while a unit of work is open.
"""

from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import select

from auth import client_metadata, fetching, tables
from auth.clients import Client, ClientKind, of_metadata
from auth.errors import invalid_client_metadata
from auth.fetching import DocumentUnavailable
from auth.server import AuthServer, caller_of
from auth.settings import AuthSettings
from core.db.upsert import upsert

_SECRET_MEMBERS = ("client_secret", "client_secret_expires_at")
_SECRET_METHODS = ("client_secret_basic", "client_secret_post", "client_secret_jwt")


def fault(client_id: str) -> str | None:
    """Say why a URL may not be a client id (§3 of the draft), or None."""
    if len(client_id) > tables.CLIENT_ID_MAX:
        return "is too long"
    if wrong := fetching.fault(client_id):
        return wrong
    path = client_id.removeprefix("https://").partition("/")[2].partition("?")[0]
    if not path or any(part in {".", ".."} for part in path.lower().replace("%2e", ".").split("/")):
        return "must have a path without dot segments"
    return None


async def find(server: AuthServer, client_id: str) -> Client:
    """Return the client that the document at this URL describes.

    Raises DocumentUnavailable when there is no document, and an RFC 7591 error when it is wrong.
    """
    if wrong := fault(client_id):
        raise DocumentUnavailable(f"the client id {wrong}")
    members = await get_json(
        server, client_id, lambda found: read(server.settings, client_id, found)
    )
    return read(server.settings, client_id, members)


def read(settings: AuthSettings, client_id: str, members: dict[str, Any]) -> Client:
    """Read a document (§4 of the draft). It must name the URL it came from, and hold no secret."""
    if members.get("client_id") != client_id:
        raise invalid_client_metadata("client_id in the document is not the document's URL.")
    method = members.get("token_endpoint_auth_method") or "none"
    if method in _SECRET_METHODS or any(name in members for name in _SECRET_MEMBERS):
        raise invalid_client_metadata("A public document cannot hold a shared secret.")
    if not members.get("client_name"):
        raise invalid_client_metadata("client_name is required.")
    metadata = client_metadata.read(members | {"token_endpoint_auth_method": method}, settings)
    return of_metadata(client_id, ClientKind.DOCUMENT, metadata)


async def get_json(
    server: AuthServer, url: str, check: Callable[[dict[str, Any]], object]
) -> dict[str, Any]:
    """Return the JSON object at the URL: our copy while it is fresh, else a new one.

    While nothing can be fetched, our copy serves for a day after it was made (RFC 9111 §4.2.4).
    `check` raises on what is wrong with it. A wrong document is not kept: it may be put right.
    """
    if wrong := fetching.fault(url):
        raise DocumentUnavailable(f"the URL {wrong}")
    kept = tables.documents
    async with server.database.read(caller_of(url)) as work:
        now, found = work.real_now, await work.execute(select(kept).where(kept.c.url == url))
        copy = found.one_or_none()
    if copy is not None and copy.fresh_until > now:
        return dict(copy.body)
    try:
        document = await server.fetcher.fetch(url)
    except DocumentUnavailable:
        # Programs must not be locked out because their maker's site is down for an hour.
        if copy is None or copy.fetched_at <= now - fetching.FRESH_MAX:
            raise
        return dict(copy.body)
    body = _object(document.body)
    check(body)
    async with server.database.begin(caller_of(url)) as work:
        row = {
            "url": url,
            "body": body,
            "fetched_at": work.real_now,
            "fresh_until": fetching.fresh_until(document.headers, work.real_now),
        }
        await upsert(work, kept, row, key=["url"])
    return body


def _object(body: bytes) -> dict[str, Any]:
    """Parse the document. NUL is refused, because Postgres cannot store it."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise DocumentUnavailable("the document is not JSON") from None
    if not isinstance(value, dict) or b"\\u0000" in body:
        raise DocumentUnavailable("the document is not a JSON object that can be kept")
    return value
