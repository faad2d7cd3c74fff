"""A seeded crowd of customers, and the plain arithmetic that says what each must have in the end.

Every action is asked for under a key. Some callers go away before the answer; some ask twice. In
the end each action that was not refused is asked for once more under its key: whatever became of
the first try, it has then been done exactly once, and the sums below must be the ledger's.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

from core.operations.perform import Outcome
from tests.core.wallets.bank import ask, must, open_project, open_wallet
from tests.world import OPERATOR, World

METERS = (("calls", "count", "0.01"), ("tokens", "sum", "0.0000007"))
ASSET = "CREDIT/6"
GOES_AWAY, ASKS_TWICE = 0.1, 0.1


@dataclass(frozen=True, slots=True)
class Action:
    key: str
    name: str
    arguments: dict[str, Any]


@dataclass
class Crowd:
    """Projects with wallets, and the actions that were done to them."""

    world: World
    random: Random
    projects: dict[str, list[str]] = field(default_factory=dict)
    done: dict[str, tuple[Action, dict[str, Any]]] = field(default_factory=dict)
    doubtful: dict[str, Action] = field(default_factory=dict)

    async def move_in(self, projects: int, wallets: int) -> None:
        for key, aggregation, price in METERS:
            meter = {"key": key, "aggregation": aggregation, "price": price, "asset": ASSET}
            await must(self.world, "create_meter", OPERATOR, name=key, unit="unit", **meter)
        for _ in range(projects):
            project = await open_project(self.world)
            self.projects[project] = [
                await open_wallet(self.world, project, asset=ASSET) for _ in range(wallets)
            ]

    def think_of(self, n: int) -> Action:
        """Choose what somebody does next."""
        project = self.random.choice(list(self.projects))
        wallet, other = self.random.sample(self.projects[project], 2)
        amount = str(Decimal(self.random.randrange(1, 3_000_000)).scaleb(-6))
        in_project = {"project_id": project}
        match self.random.randrange(14):
            case 0 | 1:
                sent = {"wallet_id": wallet, "amount": amount}
                return Action(f"k{n}", "grant_credits", in_project | sent)
            case 2 | 3:
                sent = {"from_wallet_id": wallet, "to_wallet_id": other, "amount": amount}
                return Action(f"k{n}", "transfer_credits", in_project | sent)
            case 4 if self.done:
                return self._reversal(n)
            case 5 | 6:
                held = {"wallet_id": wallet, "amount": amount}
                lasts = {"expires_in_seconds": self.random.choice([5, 86_400])}
                return Action(f"k{n}", "hold_credits", in_project | held | lasts)
            case 7 | 8 if self._holds():
                return self._settlement(n)
            case _:
                return Action(f"k{n}", "charge_usage", in_project | self._usage(wallet))

    def _usage(self, wallet: str) -> dict[str, Any]:
        # Few ids, so that some events are charged again and again.
        event = {"event_id": f"e{self.random.randrange(400)}", "wallet_id": wallet}
        if self.random.random() < 0.5:
            return event | {"meter_key": "calls"}
        return event | {"meter_key": "tokens", "quantity": self.random.randrange(1, 900_000)}

    def _reversal(self, n: int) -> Action:
        action, body = self.random.choice(list(self.done.values()))
        sent = {"project_id": action.arguments["project_id"]}
        if body.get("transaction_id") is None or action.name == "reverse_transaction":
            return Action(f"k{n}", "charge_usage", sent | self._usage(self._any(sent)))
        sent["transaction_id"] = body["transaction_id"]
        return Action(f"k{n}", "reverse_transaction", sent)

    def _holds(self) -> list[tuple[Action, dict[str, Any]]]:
        return [each for each in self.done.values() if each[0].name == "hold_credits"]

    def _settlement(self, n: int) -> Action:
        """Capture a part of a hold, or the whole, or release it, whatever became of it before."""
        action, hold = self.random.choice(self._holds())
        sent = {"project_id": action.arguments["project_id"], "hold_id": hold["hold_id"]}
        if self.random.random() < 0.5:
            return Action(f"k{n}", "release_hold", sent)
        if self.random.random() < 0.5:
            sent["amount"] = str((Decimal(hold["amount"]) / 3).quantize(Decimal("0.000001")))
        return Action(f"k{n}", "capture_hold", sent)

    def _any(self, sent: dict[str, Any]) -> str:
        return self.random.choice(self.projects[sent["project_id"]])

    async def act(self, action: Action) -> None:
        """Do it, perhaps twice at once, perhaps going away before the answer comes."""
        times = 2 if self.random.random() < ASKS_TWICE else 1
        tasks = [asyncio.create_task(self._ask(action)) for _ in range(times)]
        if self.random.random() < GOES_AWAY:
            self.doubtful[action.key] = action
            await asyncio.sleep(self.random.random() * 0.03)
            for task in tasks:
                task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Outcome):
                self._note(action, outcome)
            else:
                assert isinstance(outcome, asyncio.CancelledError), outcome

    async def settle(self) -> None:
        """Ask again for what nobody waited for, and for everything that was done."""
        for action in [*self.doubtful.values(), *(action for action, _ in self.done.values())]:
            outcome = await self._ask(action)
            before = self.done.get(action.key)
            if before and not outcome.error:
                assert outcome.body == before[1], "a key answers with its first result"
            self._note(action, outcome)

    async def _ask(self, action: Action) -> Outcome:
        return await ask(self.world, action.name, OPERATOR, action.key, **action.arguments)

    def _note(self, action: Action, outcome: Outcome) -> None:
        if outcome.error is None:
            self.done[action.key] = action, outcome.body

    def _open_holds(self) -> list[dict[str, Any]]:
        endings = {"capture_hold", "release_hold"}
        ended = {body["hold_id"] for action, body in self.done.values() if action.name in endings}
        now = self.world.clock.now()
        holds = [hold for _, hold in self._holds() if hold["hold_id"] not in ended]
        return [hold for hold in holds if datetime.fromisoformat(hold["expires_at"]) > now]

    def expected(self) -> dict[str, Decimal]:
        """Add up what every wallet must have to spend."""
        sums: Counter[str] = Counter()
        moved: dict[str, dict[str, Decimal]] = {}
        for action, body in self.done.values():
            if action.name in NOT_MOVING:
                continue
            moved[body["transaction_id"] or action.key] = _effect(action, body)
        for effect in moved.values():
            sums.update(effect)
        for action, body in self.done.values():
            if action.name == "reverse_transaction":
                sums.subtract(moved[body["reverses"]])
        for hold in self._open_holds():
            sums.subtract({hold["wallet_id"]: Decimal(hold["amount"])})
        every = [wallet for wallets in self.projects.values() for wallet in wallets]
        return {wallet: Decimal(sums[wallet]) for wallet in every}


NOT_MOVING = {"reverse_transaction", "hold_credits", "release_hold"}


def _effect(action: Action, body: dict[str, Any]) -> dict[str, Decimal]:
    """Say what an action moved: a charge may have come from the wallet of an earlier one."""
    amount = Decimal(body["captured"] if action.name == "capture_hold" else body["amount"])
    match action.name:
        case "grant_credits":
            return {body["wallet_id"]: amount}
        case "transfer_credits":
            source, target = (action.arguments[f"{end}_wallet_id"] for end in ("from", "to"))
            return {source: -amount, target: amount}
        case _:
            return {body["wallet_id"]: -amount}
