"""Name our calls of the provider, so that it can tell a repeated one from a new one."""


def key_of_attempt(root: str, attempt: int) -> str:
    """Name a call that may be made once too often without harm: a product, a page, a customer.

    Two attempts share a key, so that an answer that was lost is given again. What the provider
    failed at under one key it would fail at for a day; the attempts after that have another one.
    Money is never moved under such a key.
    """
    return f"{root}:{(attempt + 1) // 2}"
