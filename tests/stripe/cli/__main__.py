"""Install Stripe's command line: `python -m tests.stripe.cli`."""

from tests.stripe.cli import install

install()
