"""Stripe's own command line, which nobody here wrote, gets on with the sandbox."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.sandbox.conftest import Place
from tests.stripe.cli import program

pytestmark = pytest.mark.anyio

TRIGGERS = {
    "customer.created": ["customer.created"],
    "product.created": ["product.created"],
    "product.updated": ["product.created", "product.updated"],
    "price.created": ["product.created", "price.created"],
    "coupon.created": ["coupon.created"],
    "promotion_code.created": ["coupon.created", "promotion_code.created"],
    "payment_method.attached": ["customer.created", "payment_method.attached"],
    "payment_method.detached": ["payment_method.attached", "payment_method.detached"],
    "payment_intent.created": ["payment_intent.created"],
    "payment_intent.succeeded": ["charge.succeeded", "payment_intent.succeeded"],
    "payment_intent.payment_failed": ["charge.failed", "payment_intent.payment_failed"],
    "payment_intent.requires_action": ["payment_intent.requires_action"],
    "payment_intent.canceled": ["payment_intent.canceled"],
    "charge.refunded": ["charge.succeeded", "charge.refunded", "refund.created"],
    "charge.dispute.created": ["charge.succeeded", "charge.dispute.created"],
    "charge.dispute.closed": ["charge.dispute.created", "charge.dispute.closed"],
    "setup_intent.created": ["setup_intent.created"],
    "setup_intent.succeeded": ["setup_intent.created", "setup_intent.succeeded"],
    "setup_intent.setup_failed": ["setup_intent.setup_failed"],
    "setup_intent.requires_action": ["setup_intent.requires_action"],
    "checkout.session.completed": ["payment_intent.succeeded", "checkout.session.completed"],
    "checkout.session.expired": ["checkout.session.expired"],
    "checkout.session.async_payment_succeeded": [
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
    ],
    "customer.subscription.created": ["customer.subscription.created"],
    "customer.subscription.updated": [
        "customer.subscription.created",
        "customer.subscription.updated",  # it is paid
        "customer.subscription.updated",
    ],
    "customer.subscription.deleted": [
        "customer.subscription.created",
        "customer.subscription.deleted",
    ],
    "customer.subscription.paused": [
        "customer.subscription.created",
        "customer.subscription.paused",
    ],
    "customer.subscription.trial_will_end": [
        "customer.subscription.created",
        "customer.subscription.trial_will_end",
    ],
}
"""What is triggered, and what is told of it, in this order."""


@pytest.mark.parametrize("trigger", TRIGGERS)
async def test_what_stripes_command_line_triggers_happens(
    place: Place, tmp_path: Path, trigger: str
) -> None:
    # A home of its own, where it keeps a configuration; and it tells nobody that it ran.
    surroundings = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "PATH": os.defpath,
        "STRIPE_CLI_TELEMETRY_OPTOUT": "true",
    }
    running = await asyncio.create_subprocess_exec(
        *(program(), "trigger", trigger, "--api-base", place.url, "--api-key", place.key),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=surroundings,
    )
    said, _ = await running.communicate()

    assert running.returncode == 0, said.decode()
    place.sandbox.advance(60)  # what is pending is settled
    told = [each for each in await place.event_types() if each in TRIGGERS[trigger]]
    assert told == TRIGGERS[trigger], said.decode()
