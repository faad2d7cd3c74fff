"""A small stand-in for Stripe, so that nobody needs an account to see money move.

It speaks Stripe's wire format, so that the real SDK and the real webhook endpoint run. It knows
nothing of the engine, and no part of the engine may import it: see README.md.
"""

from mcp_server.sandbox.app import MayControl, SandboxApp, create_sandbox
from mcp_server.sandbox.delivering import Deliverer
from mcp_server.sandbox.sandbox import Sandbox, Webhook
from mcp_server.sandbox.switches import FAULTS, Switches

__all__ = [
    "FAULTS",
    "Deliverer",
    "MayControl",
    "Sandbox",
    "SandboxApp",
    "Switches",
    "Webhook",
    "create_sandbox",
]
