"""Reporting: what was used and spent, told in the days and months of a project. See README.md."""
