"""Packs: credits for sale. See README.md."""
