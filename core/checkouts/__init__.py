"""Checkouts: pages at the provider that somebody is sent to. See README.md."""
