"""What a server is asked about: projects with a wallet that does not run dry, a meter, API keys."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from auth import users
from benchmarks.calls import NUMBER, Tool
from benchmarks.events import METER
from core.kernel.caller import SYSTEM
from core.operations.perform import Call
from mcp_server.cli.demonstrating import project_key
from mcp_server.wiring import Installation


@dataclass(frozen=True, slots=True)
class Shop:
    """A project with a wallet, and the key of a member of it."""

    project_id: str
    wallet_id: str
    key: str
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    """No event is charged twice, whoever charges in this project."""

    def check_balance(self, port: int) -> Tool:
        arguments = {"project_id": self.project_id, "wallet_id": self.wallet_id}
        return Tool(port=port, name="check_balance", arguments=arguments, key=self.key)

    def charge_usage(self, port: int, *, keyed: bool = False) -> Tool:
        """Charge an event that has an id of its own and, where asked for, an idempotency key."""
        arguments = {
            "project_id": self.project_id,
            "wallet_id": self.wallet_id,
            "event_id": f"charged-{NUMBER}",
            "meter_key": METER,
            "properties": {"model": "large", "tokens": 1500},
            **({"idempotency_key": f"charge-{NUMBER}"} if keyed else {}),
        }
        return Tool(port=port, name="charge_usage", arguments=arguments, key=self.key)


async def make_meter(installation: Installation) -> None:
    await _ask(
        installation,
        "create_meter",
        key=METER,
        name="Tokens",
        aggregation="sum",
        unit="token",
        property="tokens",
        price="0.000002",
        asset="CREDIT/6",
    )


async def make_project(installation: Installation, name: str) -> str:
    async with installation.database.begin(SYSTEM) as work:
        email = installation.settings.operator_email
        owner = await users.ensure_first_operator(work, email, "Operator")
    made = await _ask(
        installation, "create_project", name=name, external_key=name, owner_user_id=owner
    )
    return str(made["id"])


async def open_shop(installation: Installation, name: str) -> Shop:
    project_id = await make_project(installation, name)
    wallet = await _ask(
        installation, "create_wallet", project_id=project_id, name="Credits", asset="CREDIT/6"
    )
    await _ask(
        installation,
        "grant_credits",
        project_id=project_id,
        wallet_id=wallet["id"],
        amount="1000000",
    )
    return Shop(project_id, wallet["id"], await project_key(installation, project_id, "Bench"))


async def _ask(installation: Installation, operation: str, /, **arguments: Any) -> dict[str, Any]:
    call = Call(caller=SYSTEM, arguments=arguments, door="bench")
    return (await installation.gate.perform(installation.operations[operation], call)).unwrap()
