"""The second factor: six digits every thirty seconds (RFC 6238), and ten recovery codes.

The seed must be readable to check a code, so it is sealed with a key of the installation and bound
to the person: neither a stolen database nor a row moved to another user opens it.
A code is taken once; the guarded update lets only one of two racing requests have it.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, func, select, update

from auth.opaque import hash_of
from auth.people_tables import recovery_codes, second_factors
from core import audit
from core.db.upsert import upsert
from core.db.work import Work

STEP_SECONDS = 30
DRIFT_STEPS = 1
"""A code of the step before or after is taken too: clocks differ, and people type slowly."""
RECOVERY_CODES = 10
_NONCE_BYTES = 12
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class SecondFactors:
    """Makes and checks second factors with the installation's key for their seeds, 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    async def propose(self, work: Work, user_id: str) -> str:
        """Make a seed for this person to put into their program, in place of one never confirmed.

        Returns the seed in base32. It counts only once `confirm` has seen a code made from it;
        while a confirmed one exists this is a ValueError, so nobody can slip in another.
        """
        if await has_factor(work, user_id):
            raise ValueError("a confirmed second factor is removed first, by proving it")
        seed = pyotp.random_base32()
        row = {
            "user_id": user_id,
            "sealed_seed": self._seal(user_id, seed),
            "created_at": work.real_now,
            "confirmed_at": None,
            "last_step": 0,
        }
        await upsert(work, second_factors, row, key=["user_id"])
        return seed

    async def proposed_seed(self, work: Work, user_id: str) -> str | None:
        """Return the seed that still waits for its first code, to show it while it is set up."""
        query = select(second_factors.c.sealed_seed).where(
            second_factors.c.user_id == user_id, second_factors.c.confirmed_at.is_(None)
        )
        sealed = (await work.execute(query)).scalar_one_or_none()
        return None if sealed is None else self._open(user_id, sealed)

    async def confirm(self, work: Work, user_id: str, code: str) -> list[str] | None:
        """Begin to ask for the second factor, once a code shows that the person has it.

        Returns the recovery codes, which are shown once; None when the code is wrong.
        """
        if await self.proposed_seed(work, user_id) is None or not await self._take_code(
            work, user_id, code
        ):
            return None
        this = update(second_factors).where(
            second_factors.c.user_id == user_id, second_factors.c.confirmed_at.is_(None)
        )
        if not (await work.execute(this.values(confirmed_at=work.real_now))).rowcount:
            return None
        await audit.record(work, "second_factor.enabled", user_id)
        return await _make_recovery_codes(work, user_id)

    async def prove(self, work: Work, user_id: str, code: str) -> bool:
        """Take a code of the person's program, or a recovery code of theirs. Each counts once."""
        if not await has_factor(work, user_id):
            return False
        return await self._take_code(work, user_id, code) or await _take_recovery(
            work, user_id, code
        )

    async def _take_code(self, work: Work, user_id: str, code: str) -> bool:
        query = select(second_factors).where(second_factors.c.user_id == user_id)
        row = (await work.execute(query)).one()
        seed = self._open(user_id, row.sealed_seed)
        step = matching_step(seed, code, work.real_now, row.last_step)
        if step is None:
            return False
        newer = update(second_factors).where(
            second_factors.c.user_id == user_id, second_factors.c.last_step < step
        )
        return (await work.execute(newer.values(last_step=step))).rowcount == 1

    def _seal(self, user_id: str, seed: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, seed.encode(), user_id.encode())

    def _open(self, user_id: str, sealed: bytes) -> str:
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, rest, user_id.encode()).decode()
        except InvalidTag:
            # Either the installation's key was replaced, or the row is not this person's.
            raise RuntimeError("a second factor's seed cannot be opened with this key") from None


async def has_factor(work: Work, user_id: str) -> bool:
    """Tell whether this person must prove a second factor to sign in."""
    query = select(second_factors.c.confirmed_at).where(second_factors.c.user_id == user_id)
    return (await work.execute(query)).scalar_one_or_none() is not None


async def recovery_codes_left(work: Work, user_id: str) -> int:
    unused = (recovery_codes.c.user_id == user_id) & recovery_codes.c.used_at.is_(None)
    query = select(func.count()).select_from(recovery_codes).where(unused)
    return int((await work.execute(query)).scalar_one())


async def remove(work: Work, user_id: str) -> None:
    """Stop asking this person for a second factor. The caller has made them prove it."""
    await work.execute(delete(second_factors).where(second_factors.c.user_id == user_id))
    await work.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    await audit.record(work, "second_factor.removed", user_id)


def enrolment_uri(seed: str, *, email: str, issuer: str) -> str:
    """Return the otpauth: URI that programs read from a QR code."""
    return pyotp.TOTP(seed).provisioning_uri(name=email, issuer_name=issuer)


def matching_step(seed: str, code: str, now: datetime, after: int) -> int | None:
    """Return the step whose code this is, later than `after` and within the drift, or None."""
    totp, present = pyotp.TOTP(seed), int(now.timestamp()) // STEP_SECONDS
    given = "".join(code.split())
    if len(given) != 6 or not given.isascii() or not given.isdecimal():
        return None
    steps = range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1)
    found = [step for step in steps if secrets.compare_digest(totp.generate_otp(step), given)]
    return next((step for step in found if step > after), None)


async def _take_recovery(work: Work, user_id: str, code: str) -> bool:
    unused = update(recovery_codes).where(
        recovery_codes.c.user_id == user_id,
        recovery_codes.c.code_hash == hash_of(_plain(code)),
        recovery_codes.c.used_at.is_(None),
    )
    if (await work.execute(unused.values(used_at=work.real_now))).rowcount != 1:
        return False
    await audit.record(work, "second_factor.recovery_code_used", user_id)
    return True


async def _make_recovery_codes(work: Work, user_id: str) -> list[str]:
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    await work.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    await _keep(work, user_id, codes)
    return codes


async def _keep(work: Work, user_id: str, codes: Sequence[str]) -> None:
    rows = [{"user_id": user_id, "code_hash": hash_of(_plain(code))} for code in codes]
    await work.execute(recovery_codes.insert(), rows)


def _new_recovery_code() -> str:
    """Make sixteen letters, 79 bits: a fast hash of it cannot be searched."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(16))
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()
