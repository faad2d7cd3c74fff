"""Wallets: what customers hold and spend. See README.md."""

from core.wallets.errors import AssetsDiffer, NoWalletForAsset, WalletNotFound
from core.wallets.finding import balances, default_wallet, find, find_spendable, list_after
from core.wallets.jobs import FALLS_DUE, expire_credits
from core.wallets.model import Balance, Wallet
from core.wallets.moving import deposit
from core.wallets.opening import open_wallet

__all__ = [
    "FALLS_DUE",
    "AssetsDiffer",
    "Balance",
    "NoWalletForAsset",
    "Wallet",
    "WalletNotFound",
    "balances",
    "default_wallet",
    "deposit",
    "expire_credits",
    "find",
    "find_spendable",
    "list_after",
    "open_wallet",
]
