"""What a caller can do with holds: reserve before a use whose price is not known, settle after."""

from datetime import timedelta

from core import ledger, projects, statements
from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.operations.fields import money
from core.operations.operation import Effect, Example, RateClass, operation
from core.operations.scopes import Toolset
from core.wallets import finding, holding
from core.wallets.errors import WalletNotFound
from core.wallets.hold_shapes import (
    Capture,
    CaptureHold,
    HeldCredits,
    HoldCredits,
    HoldList,
    ListHolds,
    ReleaseHold,
    held_credits,
    hold_view,
)
from core.wallets.model import wallet_of


@operation(
    "POST /v1/projects/{project_id}/wallets/{wallet_id}/holds",
    title="Hold credits",
    toolset=Toolset.WALLETS,
    effect=Effect.CREATE,
    project=Role.MEMBER,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.USAGE,
    raises=(
        projects.ProjectNotFound,
        WalletNotFound,
        ledger.InsufficientFunds,
        ledger.BalanceTooLarge,
    ),
    examples=(
        Example(
            title="Before a call of a model that costs about a dollar, and 1.20 at most",
            arguments={
                "wallet_id": "wal_01jd3x8k5vq2m7r9t4w6y0z1ab",
                "amount": "1.00",
                "capture_max": "1.20",
                "expires_in_seconds": 300,
            },
        ),
    ),
    batched=True,
)
async def hold_credits(work: Work, request: HoldCredits) -> HeldCredits:
    """Reserve credits for a use whose price is known only afterwards.

    Nobody else can spend what is held. Settle it with capture_hold when you know the price, or
    release_hold when it was not needed; otherwise it is released when it expires. What is held can
    be captured even if the credits themselves expire in the meantime. When the wallet is short,
    the error says by how much, and nothing is held.
    """
    wallet = await finding.find_spendable(work, request.wallet_id)
    amount = money(request.amount, wallet.asset)
    wished = request.capture_max
    held = await holding.hold(
        work,
        wallet,
        amount,
        capture_max=money(wished, wallet.asset, "capture_max") if wished else amount,
        expires_at=work.now + timedelta(seconds=request.expires_in_seconds),
        memo=request.memo or "",
    )
    return held_credits(held, wallet.asset, work.now)


@operation(
    "POST /v1/projects/{project_id}/holds/{hold_id}/capture",
    title="Capture hold",
    toolset=Toolset.WALLETS,
    effect=Effect.SPEND,
    project=Role.MEMBER,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.USAGE,
    raises=(
        projects.ProjectNotFound,
        ledger.HoldNotFound,
        ledger.HoldNotOpen,
        ledger.CaptureTooLarge,
        ledger.InsufficientFunds,
        ledger.BalanceTooLarge,
    ),
    examples=(
        Example(
            title="It cost less than was held",
            arguments={"hold_id": "hld_01jd3x8k5vq2m7r9t4w6y0z1ab", "amount": "0.83"},
        ),
    ),
    batched=True,
)
async def capture_hold(work: Work, request: CaptureHold) -> Capture:
    """Pay what a use has cost out of a hold, once. What is not needed goes back to the wallet.

    Leave amount out for the whole hold. More than was held can be captured up to the hold's
    capture_max, as far as the wallet has it. A hold that was captured, released or has expired is
    refused, and the error says which; charge what is owed on its own then.
    """
    done = await holding.capture(work, request.hold_id, request.amount, request.memo)
    return Capture(
        hold_id=done.hold.id,
        wallet_id=wallet_of(done.hold),
        transaction_id=done.transaction_id,
        asset=str(done.captured.asset),
        captured=done.captured.decimal,
        released=done.released.decimal,
        available=done.available.decimal,
    )


@operation(
    "POST /v1/projects/{project_id}/holds/{hold_id}/release",
    title="Release hold",
    toolset=Toolset.WALLETS,
    effect=Effect.CHANGE,
    project=Role.MEMBER,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.USAGE,
    raises=(projects.ProjectNotFound, ledger.HoldNotFound, ledger.HoldNotOpen),
    examples=(
        Example(title="It was not needed", arguments={"hold_id": "hld_01jd3x8k5vq2m7r9t4w6y0z1ab"}),
    ),
    batched=True,
)
async def release_hold(work: Work, request: ReleaseHold) -> HeldCredits:
    """Give back what a hold has reserved. Credits that expired in the meantime stay expired."""
    released, wallet = await holding.release(work, request.hold_id)
    return held_credits(released, wallet.asset, work.now)


@operation(
    "GET /v1/projects/{project_id}/wallets/{wallet_id}/holds",
    title="List holds",
    toolset=Toolset.WALLETS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, WalletNotFound, paging.InvalidCursor),
    examples=(
        Example(
            title="What is reserved now",
            arguments={"wallet_id": "wal_01jd3x8k5vq2m7r9t4w6y0z1ab", "state": "open"},
        ),
    ),
)
async def list_holds(work: Work, request: ListHolds) -> HoldList:
    """List a wallet's holds, newest first: what each reserved, and what became of it."""
    wallet = await finding.find(work, request.wallet_id)
    found = await statements.list_holds(
        work,
        ledger.wallet_account(wallet.id),
        limit=request.limit + 1,
        before=finding.place(request.cursor, "hld"),
        state=ledger.HoldState(request.state) if request.state else None,
    )
    shown = paging.page(found, request.limit, lambda hold: [hold.id])
    items = [hold_view(each, wallet.asset, work.now) for each in shown.items]
    return HoldList(items=items, next_cursor=shown.next_cursor)


OPERATIONS = (hold_credits, capture_hold, release_hold, list_holds)
