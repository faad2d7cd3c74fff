"""What a caller can do with wallets."""

from datetime import datetime

from core import audit, ledger, projects, statements
from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.kernel.money import Asset, Money
from core.operations.errors import invalid
from core.operations.fields import (
    money,
)
from core.operations.operation import (
    Effect,
    Example,
    ProjectPageRequest,
    RateClass,
    operation,
)
from core.operations.scopes import Toolset
from core.wallets import finding, moving
from core.wallets import hold_operations as holds
from core.wallets.errors import (
    AssetsDiffer,
    OnlyOperatorsSetFloors,
    WalletNotFound,
)
from core.wallets.model import Balance, Wallet
from core.wallets.opening import open_wallet
from core.wallets.shapes import (
    CheckBalance,
    CreateWallet,
    GrantCredits,
    Granted,
    GrantList,
    ListGrants,
    ListTransactions,
    Movement,
    Reversal,
    ReverseTransaction,
    TransactionList,
    TransferCredits,
    WalletBalance,
    WalletList,
    WalletView,
    grant_view,
    told_expiry,
    transaction_view,
    wallet_view,
)


@operation(
    "POST /v1/projects/{project_id}/wallets",
    title="Create wallet",
    toolset=Toolset.WALLETS,
    effect=Effect.CREATE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound, projects.MemberNotFound, OnlyOperatorsSetFloors),
    examples=(
        Example(title="Prepaid credits", arguments={"name": "Prepaid", "asset": "CREDIT/6"}),
    ),
)
async def create_wallet(work: Work, request: CreateWallet) -> WalletView:
    """Open a wallet that holds one asset, for the project or for one of its members.

    The asset is a code and a scale: USD/2 counts cents, CREDIT/6 counts millionths of a credit. It
    cannot be changed later. A new wallet is empty; grant_credits puts something in.
    """
    if request.floor is not None and not work.caller.is_platform:
        raise OnlyOperatorsSetFloors
    asset = Asset.parse(request.asset)
    if request.user_id and not await projects.role_of(work, request.user_id, work.project_id):
        raise projects.MemberNotFound(request.user_id)
    floor = money(request.floor, asset, "floor").amount if request.floor else 0
    wallet = await open_wallet(work, request.name, asset, floor=floor, user_id=request.user_id)
    return wallet_view(wallet, Balance.empty(asset, floor))


@operation(
    "GET /v1/projects/{project_id}/wallets",
    title="List wallets",
    toolset=Toolset.WALLETS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="Of my project", arguments={}),),
)
async def list_wallets(work: Work, request: ProjectPageRequest) -> WalletList:
    """List a project's wallets, oldest first, with what each holds now."""
    after = finding.place(request.cursor, "wal")
    found = await finding.list_after(work, after, request.limit + 1)
    shown = paging.page(found, request.limit, lambda wallet: [wallet.id])
    held = await finding.balances(work, [each.id for each in shown.items])
    items = [wallet_view(each, held[each.id]) for each in shown.items]
    return WalletList(items=items, next_cursor=shown.next_cursor)


@operation(
    "GET /v1/projects/{project_id}/wallets/{wallet_id}/balance",
    title="Check balance",
    toolset=Toolset.WALLETS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    rate=RateClass.USAGE,
    raises=(projects.ProjectNotFound, WalletNotFound),
    examples=(
        Example(title="One wallet", arguments={"wallet_id": "wal_01jd3x8k5vq2m7r9t4w6y0z1ab"}),
    ),
    batched=True,
)
async def check_balance(work: Work, request: CheckBalance) -> WalletBalance:
    """Tell what a wallet holds: posted, held, and available, which is what can be spent now."""
    balance = await finding.balance(work, request.wallet_id)
    return WalletBalance(
        wallet_id=request.wallet_id,
        asset=str(balance.posted.asset),
        posted=balance.posted.decimal,
        held=balance.held.decimal,
        expired=balance.expired.decimal,
        available=balance.available.decimal,
        floor=balance.floor.decimal,
        as_of=work.now,
    )


@operation(
    "GET /v1/projects/{project_id}/wallets/{wallet_id}/transactions",
    title="List transactions",
    toolset=Toolset.WALLETS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, WalletNotFound, paging.InvalidCursor),
    examples=(
        Example(
            title="The ten newest",
            arguments={"wallet_id": "wal_01jd3x8k5vq2m7r9t4w6y0z1ab", "limit": 10},
        ),
    ),
)
async def list_transactions(work: Work, request: ListTransactions) -> TransactionList:
    """List what happened to a wallet, newest first, each with the balance before and after it."""
    wallet = await finding.find(work, request.wallet_id)
    after = paging.after(request.cursor, parts=1)
    if after and not (after[0].isascii() and after[0].isdigit() and len(after[0]) < 19):
        raise paging.InvalidCursor
    lines = await statements.statement(
        work,
        ledger.wallet_account(wallet.id),
        limit=request.limit + 1,
        before=int(after[0]) if after else None,
    )
    shown = paging.page(lines, request.limit, lambda line: [str(line.sequence)])
    return TransactionList(
        items=[transaction_view(line, wallet.asset) for line in shown.items],
        next_cursor=shown.next_cursor,
    )


@operation(
    "POST /v1/projects/{project_id}/wallets/{wallet_id}/grants",
    title="Grant credits",
    toolset=Toolset.WALLETS,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound, WalletNotFound, ledger.BalanceTooLarge),
    examples=(
        Example(
            title="Welcome credits",
            arguments={
                "wallet_id": "wal_01jd3x8k5vq2m7r9t4w6y0z1ab",
                "amount": "25.00",
                "memo": "Welcome",
            },
        ),
        Example(
            title="A promotion that is spent before anything else, until the end of the year",
            arguments={
                "wallet_id": "wal_01jd3x8k5vq2m7r9t4w6y0z1ab",
                "amount": "10",
                "source": "promotion",
                "priority": 10,
                "expires_at": "2027-01-01T00:00:00Z",
            },
        ),
    ),
    batched=True,
)
async def grant_credits(work: Work, request: GrantCredits) -> Granted:
    """Put credits into a wallet at the operator's expense. Only platform operators may.

    Credits are spent by priority, the lowest first, then by the earliest expiry, then by age. From
    expires_at on nothing of them can be spent, and what is left is booked as breakage. Send an
    idempotency key: the same key never grants twice, and answers with the first result.
    """
    terms = ledger.Terms(request.source, request.priority, _expiry(work, request.expires_at))
    wallet = await finding.find(work, request.wallet_id)
    amount = money(request.amount, wallet.asset)
    posted = await moving.grant(work, wallet, amount, terms, memo=request.memo or "")
    return Granted(
        **_moved(posted, wallet, amount),
        grant_id=ledger.lot_id(posted.transaction.id, 0),
        priority=terms.priority,
        expires_at=told_expiry(terms.expires_at),
    )


def _expiry(work: Work, expires_at: datetime | None) -> datetime:
    if expires_at is None:
        return ledger.NEVER
    if not work.now < expires_at < ledger.NEVER:
        last = f"{ledger.NEVER:%Y-%m-%d}"
        raise invalid("expires_at", f"must be later than now, and earlier than {last}")
    return expires_at


@operation(
    "GET /v1/projects/{project_id}/wallets/{wallet_id}/grants",
    title="List grants",
    toolset=Toolset.WALLETS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, WalletNotFound, paging.InvalidCursor),
    examples=(
        Example(title="Of one wallet", arguments={"wallet_id": "wal_01jd3x8k5vq2m7r9t4w6y0z1ab"}),
    ),
)
async def list_grants(work: Work, request: ListGrants) -> GrantList:
    """List what a wallet was credited with, newest first, and what is left of each.

    Each tells its source, priority and expiry. Credits that came from another wallet kept theirs.
    """
    wallet = await finding.find(work, request.wallet_id)
    before = finding.place(request.cursor, "grt")
    account_id = ledger.wallet_account(wallet.id)
    standing = (await ledger.standings(work, [account_id]))[account_id]
    lots = await statements.list_grants(work, standing, limit=request.limit + 1, before=before)
    shown = paging.page(lots, request.limit, lambda lot: [lot.grant.id])
    items = [grant_view(lot, wallet.asset) for lot in shown.items]
    return GrantList(items=items, next_cursor=shown.next_cursor)


@operation(
    "POST /v1/projects/{project_id}/transfers",
    title="Transfer credits",
    toolset=Toolset.WALLETS,
    effect=Effect.SPEND,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    status=201,
    raises=(
        projects.ProjectNotFound,
        WalletNotFound,
        AssetsDiffer,
        ledger.InsufficientFunds,
        ledger.BalanceTooLarge,
    ),
    examples=(
        Example(
            title="Team budget",
            arguments={
                "from_wallet_id": "wal_01jd3x8k5vq2m7r9t4w6y0z1ab",
                "to_wallet_id": "wal_01jd3x8k5vq2m7r9t4w6y0z1ac",
                "amount": "10",
            },
        ),
    ),
    batched=True,
)
async def transfer_credits(work: Work, request: TransferCredits) -> Movement:
    """Move credits between two wallets of one project that hold the same asset.

    The whole amount moves or nothing does. When the first wallet is short, the error says by how
    much. Credits keep their priority and expiry. The answer tells what the wallet it was taken from
    has left.
    """
    source = await finding.find(work, request.from_wallet_id)
    target = await finding.find(work, request.to_wallet_id)
    if source.id == target.id:
        raise invalid("to_wallet_id", "must be another wallet than from_wallet_id")
    amount = money(request.amount, source.asset)
    posted = await moving.transfer(work, source, target, amount, memo=request.memo or "")
    return Movement(**_moved(posted, source, amount))


@operation(
    "POST /v1/projects/{project_id}/transactions/{transaction_id}/reversal",
    title="Reverse transaction",
    toolset=Toolset.WALLETS,
    effect=Effect.DESTROY,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    status=201,
    raises=(
        projects.ProjectNotFound,
        ledger.TransactionNotFound,
        ledger.NotReversible,
        ledger.InsufficientFunds,
    ),
    examples=(
        Example(
            title="A charge made in error",
            arguments={
                "transaction_id": "txn_01jd3x8k5vq2m7r9t4w6y0z1ab",
                "memo": "Charged in error",
            },
        ),
    ),
)
async def reverse_transaction(work: Work, request: ReverseTransaction) -> Reversal:
    """Answer a mistaken transaction with its exact opposite. Only platform operators may.

    Nothing is deleted: both stay on the statement. A transaction is reversed at most once, and a
    reversal is not reversed itself. Taking credits back that were spent is refused.
    """
    reversal = await moving.reverse(work, request.transaction_id, request.memo or "")
    await audit.record(work, "transaction.reversed", request.transaction_id, by=reversal.id)
    return Reversal(transaction_id=reversal.id, reverses=request.transaction_id)


def _moved(posted: ledger.Accepted, wallet: Wallet, amount: Money) -> dict[str, str]:
    return {
        "transaction_id": posted.transaction.id,
        "wallet_id": wallet.id,
        "amount": amount.decimal,
        "asset": str(wallet.asset),
        "available": Money(posted.available, wallet.asset).decimal,
    }


OPERATIONS = (
    create_wallet,
    list_wallets,
    check_balance,
    list_transactions,
    grant_credits,
    list_grants,
    transfer_credits,
    reverse_transaction,
    *holds.OPERATIONS,
)
