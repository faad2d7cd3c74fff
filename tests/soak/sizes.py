"""How much a soak asks for: the short form, unless `make soak` says otherwise."""

import os

OPERATIONS = int(os.environ.get("BURSAR_SOAK_OPERATIONS", "50000"))
"""Counted as `script` tells."""
KILLS = int(os.environ.get("BURSAR_SOAK_KILLS", "4"))
"""Half of them of the server, half of its database."""
CUTS = int(os.environ.get("BURSAR_SOAK_CUTS", "50"))
"""Answers to a COMMIT that are not delivered."""
ROUNDS = int(os.environ.get("BURSAR_SOAK_ROUNDS", "12"))
"""Races between the callers of two servers."""
EVENTS = int(os.environ.get("BURSAR_SOAK_EVENTS", "100"))
"""What the payment provider tells, each of it five times."""
SECONDS = int(os.environ.get("BURSAR_SOAK_SECONDS", "600"))
"""A test that takes longer hangs."""
