"""Compliance: the trail, read by those who answer for it. See README.md."""
