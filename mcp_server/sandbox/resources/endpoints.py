"""Webhook endpoints: who is told of events."""

from urllib.parse import urlsplit

from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.ids import new_id
from mcp_server.sandbox.lists import page
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.work import API_VERSION, Json, Work, public, with_metadata


def make(work: Work, url: str, events: list[str], secret: str, kind: str = "snapshot") -> Json:
    """Make an endpoint. Its secret is told once, in the answer to its making."""
    return work.new(
        "webhook_endpoint",
        "we",
        api_version=API_VERSION,
        application=None,
        description=None,
        enabled_events=events,
        metadata={},
        status="enabled",
        url=url,
        _kind=kind,
        _secrets=[secret],
    )


def provide(work: Work, kind: str, url: str, secrets: list[str]) -> None:
    """Have exactly this endpoint of the installation's own, from before any request."""
    for each in work.every("webhook_endpoint", _own=kind):
        work.save({**each, "url": url, "_secrets": secrets})
        return
    made = make(work, url, ["*"], secrets[0], kind)
    work.save({**made, "_own": kind, "_secrets": secrets})


def create(work: Work, asked: Params) -> Json:
    asked.ignore("connect", "expand")
    events = asked.texts("enabled_events")
    if not events:
        raise Refused("You must pass at least one event.", param="enabled_events")
    secret = new_id("whsec", 32)
    made = make(work, _url(asked), events, secret)
    made |= {
        "api_version": asked.text("api_version") or API_VERSION,
        "description": asked.text("description"),
        "metadata": asked.mapping("metadata"),
    }
    work.save(made)
    return public(made) | {"secret": secret}


def _url(asked: Params) -> str:
    url = asked.needed("url")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise Refused("Invalid URL", code="url_invalid", param="url")
    return url


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return work.get("webhook_endpoint", id)


def update(work: Work, asked: Params, id: str) -> Json:
    endpoint = work.get("webhook_endpoint", id)
    fields: Json = {"metadata": with_metadata(endpoint, asked.mapping("metadata"))}
    if asked.given("url"):
        fields["url"] = _url(asked)
    if asked.given("enabled_events"):
        fields["enabled_events"] = asked.texts("enabled_events")
    if asked.given("description"):
        fields["description"] = asked.text("description")
    if asked.given("disabled"):
        fields["status"] = "disabled" if asked.flag("disabled") else "enabled"
    return work.change(endpoint, **fields)


def delete(work: Work, asked: Params, id: str) -> Json:
    found = work.get("webhook_endpoint", id)
    work.db.execute("update objects set deleted = 1 where id = ?", (id,))
    return {"id": found["id"], "object": "webhook_endpoint", "deleted": True}


def find(work: Work, asked: Params) -> Json:
    return page(work, asked, "webhook_endpoint", "/v1/webhook_endpoints")
