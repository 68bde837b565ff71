"""The log and all that goes with it in SQL: SQLite embedded, PostgreSQL for many processes, one behaviour."""
