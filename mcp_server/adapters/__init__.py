"""What the ports are made of outside the engine: mail servers, Redis."""
