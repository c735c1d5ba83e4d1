"""Migrations of the store, run by :mod:`kiosk_ui.app.store.database` at every start."""
