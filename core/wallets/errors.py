"""Why a wallet says no."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class WalletNotFound(EngineError):
    """There is no wallet {wallet_id} in this project. Call list_wallets to see which there are."""

    code = "wallet_not_found"
    kind = Kind.NOT_FOUND
    wallet_id: str


@dataclass(eq=False)
class NoWalletForAsset(EngineError):
    """This project has no wallet that holds {asset}. Create one, or name another wallet."""

    code = "no_wallet_for_asset"
    kind = Kind.NOT_FOUND
    asset: str


@dataclass(eq=False)
class AssetsDiffer(EngineError):
    """{source_asset} cannot be moved into a wallet that holds {target_asset}."""

    code = "assets_differ"
    kind = Kind.REFUSED
    source_asset: str
    target_asset: str


@dataclass(eq=False)
class OnlyOperatorsSetFloors(EngineError):
    """Only a platform operator may give a wallet a floor. Leave floor out."""

    code = "floor_not_allowed"
    kind = Kind.FORBIDDEN
    field: str = "floor"
