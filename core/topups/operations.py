"""What a caller can do about auto top-up: set it, look at it, switch it off."""

from core import checkouts, packs, payers, payments, projects, wallets
from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.kernel.ids import is_id
from core.kernel.period import Window
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.topups import finding, setting
from core.topups.beginning import spent_in
from core.topups.errors import AutoTopUpNotFound, CapBelowPrice, NoPaymentMethod
from core.topups.model import Rule
from core.topups.shapes import (
    AutoTopUpView,
    EnableAutoTopUp,
    ListTopUps,
    NamedAutoTopUp,
    TopUpList,
    attempt_view,
    rule_view,
)

PATH = "/v1/projects/{project_id}/wallets/{wallet_id}/auto-top-up"
WALLET = {"wallet_id": "wal_01jd3x8k5vq2m7r9t4w6y0z1ab"}
RULE = {"threshold": "100", "pack_key": "starter", "monthly_spend_max": "200.00"}


async def _shown(work: Work, rule: Rule) -> AutoTopUpView:
    day, month = [await spent_in(work, rule, each) for each in (Window.DAY, Window.MONTH)]
    return rule_view(rule, day, month)


@operation(
    f"PUT {PATH}",
    title="Enable auto top-up",
    toolset=Toolset.PAYMENTS,
    effect=Effect.SPEND,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(
        projects.ProjectNotFound,
        wallets.WalletNotFound,
        packs.PackNotFound,
        packs.PackArchived,
        packs.PackNotOnSale,
        checkouts.WalletHoldsAnother,
        payers.MethodNotFound,
        NoPaymentMethod,
        CapBelowPrice,
        payments.CurrencyNotTaken,
        payments.AmountTooSmall,
        payments.AmountTooLarge,
        payments.AmountNotPayable,
    ),
    examples=(Example(title="Buy a pack below 100 credits", arguments=WALLET | RULE),),
)
async def enable_auto_top_up(work: Work, request: EnableAutoTopUp) -> AutoTopUpView:
    """Have a credit pack bought whenever less than a threshold is available in a wallet.

    A kept payment method pays while nobody is there, within seconds, once at a time, and never
    beyond the caps. If the bank asks for the customer, the project's owner and admins are mailed a
    link. After several failures in a row it is paused and they are told; setting it again resumes.
    """
    return await _shown(work, await setting.set_rule(work, request))


@operation(
    f"GET {PATH}",
    title="Get auto top-up",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, AutoTopUpNotFound),
    examples=(Example(title="Is it on, and what has it spent?", arguments=WALLET),),
)
async def get_auto_top_up(work: Work, request: NamedAutoTopUp) -> AutoTopUpView:
    """Look at a wallet's auto top-up: its caps, what was spent of them, and why it rests."""
    rule = await finding.find_rule(work, request.wallet_id)
    if rule is None:
        raise AutoTopUpNotFound(request.wallet_id)
    return await _shown(work, rule)


@operation(
    f"DELETE {PATH}",
    title="Disable auto top-up",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound, wallets.WalletNotFound, AutoTopUpNotFound),
    examples=(Example(title="Buy no more", arguments=WALLET),),
)
async def disable_auto_top_up(work: Work, request: NamedAutoTopUp) -> AutoTopUpView:
    """Buy nothing more for a wallet by itself.

    A top-up that the payment provider was already asked for goes on; list_top_ups shows it.
    """
    return await _shown(work, await setting.disable_rule(work, request.wallet_id))


@operation(
    "GET /v1/projects/{project_id}/top-ups",
    title="List top-ups",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="What failed", arguments={"state": "failed"}),),
)
async def list_top_ups(work: Work, request: ListTopUps) -> TopUpList:
    """List what auto top-up has tried, newest first: what it came to, and why it failed.

    One that needs_action waits for a person to pay at its checkout.
    """
    key = paging.after(request.cursor, parts=1)
    if key is not None and not is_id("top", key[0]):
        raise paging.InvalidCursor
    found = await finding.list_before(
        work,
        key[0] if key else None,
        request.limit + 1,
        wallet_id=request.wallet_id,
        state=request.state,
    )
    shown = paging.page(found, request.limit, lambda attempt: [attempt.id])
    return TopUpList(
        items=[attempt_view(each) for each in shown.items], next_cursor=shown.next_cursor
    )


OPERATIONS = (enable_auto_top_up, get_auto_top_up, disable_auto_top_up, list_top_ups)
