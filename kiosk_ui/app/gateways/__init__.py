"""Adapters to systems of the hospital. httpx stays in here."""
