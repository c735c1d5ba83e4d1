"""The store of check-ins: SQLite in one kiosk, PostgreSQL where several share one. SQLAlchemy stays in here."""
