"""Customer portal sessions: a link that lets one customer look after their cards."""

from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.ids import random_text
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.work import Json, Work

PAGE = "/portal/"
LASTS_SECONDS = 3600
CONFIGURATION = "bpc_sandbox"
FLOWS = ("payment_method_update",)


def create(work: Work, asked: Params) -> Json:
    asked.ignore("expand", "on_behalf_of", "after_expiration")
    customer = work.get("customer", asked.needed("customer"), "customer")
    token = random_text(58)
    session = work.new(
        "billing_portal.session",
        "bps",
        after_expiration=None,
        configuration=asked.text("configuration") or CONFIGURATION,
        customer=customer["id"],
        flow=_flow(asked.part("flow_data")),
        locale=asked.text("locale"),
        on_behalf_of=None,
        return_url=asked.text("return_url"),
        url=f"{work.url}{PAGE}{token}",
        _token=token,
    )
    work.emit("billing_portal.session.created", session)
    return session


def _flow(asked: Params | None) -> Json | None:
    if asked is None:
        return None
    type = asked.choice("type", *FLOWS, "subscription_cancel", "subscription_update",
                        "subscription_update_confirm")  # fmt: skip
    if type not in FLOWS:
        raise Refused("The sandbox's portal has no such flow.", param="flow_data[type]")
    after = asked.part("after_completion")
    redirect = after.part("redirect") if after else None
    return {
        "after_completion": {
            "hosted_confirmation": None,
            "redirect": {"return_url": redirect.needed("return_url")} if redirect else None,
            "type": (after.text("type") if after else None) or "portal_homepage",
        },
        "subscription_cancel": None,
        "subscription_update": None,
        "subscription_update_confirm": None,
        "type": type,
    }


def of_token(work: Work, token: str) -> Json | None:
    """Find the session of a link, if the link still works."""
    found = next(work.every("billing_portal.session", _token=token), None)
    return found if found and work.now < found["created"] + LASTS_SECONDS else None
