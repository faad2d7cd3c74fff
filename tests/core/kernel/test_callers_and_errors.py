"""Roles are ordered, and an error's docstring is its message."""

from dataclasses import dataclass

import pytest

from core.kernel.caller import (
    ANONYMOUS,
    SYSTEM,
    PlatformRole,
    Role,
    at_least,
    platform_at_least,
)
from core.kernel.errors import Busy, EngineError, Kind, caught, described
from core.kernel.proving import KEPT, Difference, Proof


@dataclass(eq=False)
class OutOfCheese(EngineError):
    """{shop} is out of cheese: {missing} pieces are missing."""

    code = "out_of_cheese"
    kind = Kind.REFUSED
    shop: str
    missing: int


def test_a_higher_role_is_at_least_a_lower_one_and_no_role_is_none() -> None:
    assert at_least(Role.OWNER, Role.ADMIN)
    assert at_least(Role.VIEWER, Role.VIEWER)
    assert not at_least(Role.MEMBER, Role.ADMIN)
    assert not at_least(None, Role.VIEWER)


def test_an_operator_is_more_than_an_auditor() -> None:
    assert platform_at_least(PlatformRole.OPERATOR, PlatformRole.AUDITOR)
    assert not platform_at_least(PlatformRole.AUDITOR, PlatformRole.OPERATOR)
    assert not platform_at_least(None, PlatformRole.AUDITOR)


def test_the_engine_is_of_the_platform_and_nobody_is_not() -> None:
    assert SYSTEM.is_platform
    assert not ANONYMOUS.is_platform


def test_the_docstring_filled_in_with_the_facts_is_the_message() -> None:
    error = OutOfCheese("Wensleydale", 3)

    assert str(error) == "Wensleydale is out of cheese: 3 pieces are missing."
    assert error.facts == {"shop": "Wensleydale", "missing": 3}


def test_only_our_own_errors_are_described_in_their_words() -> None:
    ours, anothers = OutOfCheese("Wensleydale", 3), ValueError("what a customer sent")

    assert described(ours) == f"out_of_cheese: {ours}"
    assert described(anothers) == "ValueError"


def test_busy_says_when_to_come_again() -> None:
    assert str(Busy(4)) == (
        "The engine is busy. Try again in 4 seconds, with the same idempotency key."
    )


def test_a_proof_counts_every_difference_and_tells_the_first_of_them() -> None:
    proof = Proof()
    assert proof.clean
    for n in range(KEPT + 1):
        proof.differs(f"row {n}", "is wrong")

    assert (proof.clean, proof.found, len(proof.differences)) == (False, KEPT + 1, KEPT)
    assert str(proof.differences[0]) == str(Difference("row 0", "is wrong")) == "row 0: is wrong"


@pytest.mark.anyio
async def test_what_is_done_for_several_returns_what_it_raised() -> None:
    mistake = ValueError("ours")

    async def fail() -> None:
        raise mistake

    async def do_well() -> None:
        return

    assert await caught(fail()) is mistake
    assert await caught(do_well()) is None
