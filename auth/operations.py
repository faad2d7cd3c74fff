"""What callers can ask of identity: their own, and the API keys they may manage."""

from auth import keys_operations, whoami

OPERATIONS = (*whoami.OPERATIONS, *keys_operations.OPERATIONS)
