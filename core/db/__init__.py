"""The database: engines, units of work, and the column types both databases agree on."""
