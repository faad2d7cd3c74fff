"""What can be asked of the sandbox, one module per kind of object."""
