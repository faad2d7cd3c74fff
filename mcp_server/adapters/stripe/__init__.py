"""Stripe: the only place that knows its SDK. See README.md."""

from mcp_server.adapters.stripe.gateway import StripeGateway, client_over, open_gateway
from mcp_server.adapters.stripe.signatures import Signatures

__all__ = ["Signatures", "StripeGateway", "client_over", "open_gateway"]
