"""Subscriptions: who pays for which plan, from when to when. See README.md."""
