"""Ids and secrets that look like Stripe's: a prefix, and letters and digits nobody can guess."""

import hashlib
import secrets
import string

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
LENGTH = 24
SESSION_LENGTH = 58


def new_id(prefix: str, length: int = LENGTH) -> str:
    return f"{prefix}_{random_text(length)}"


def random_text(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def fingerprint(number: str) -> str:
    """Name a card so that the same number has the same name, and the name tells no number."""
    digest = int.from_bytes(hashlib.sha256(f"fingerprint:{number}".encode()).digest())
    letters = []
    for _ in range(16):
        digest, place = divmod(digest, len(ALPHABET))
        letters.append(ALPHABET[place])
    return "".join(letters)
