"""Revenue: what recurs, what was earned and what is owed, of all projects. See README.md."""
