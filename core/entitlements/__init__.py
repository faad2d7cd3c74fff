"""Entitlements: who holds which plan, and what they may therefore use. See README.md."""
