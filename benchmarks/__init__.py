"""Measures Bursar against baselines that anybody can repeat. See README.md."""
