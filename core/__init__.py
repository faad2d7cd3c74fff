"""The engine: what Bursar knows and decides, without any protocol or provider."""
