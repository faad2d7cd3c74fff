"""The database's history. Each file is a photograph and imports nothing from the engine."""
