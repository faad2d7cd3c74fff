"""Invoices. See README.md."""
