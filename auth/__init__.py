"""Identity: who people and programs are, and what they were allowed. Ends in a `Caller`."""
