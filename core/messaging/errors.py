"""What can go wrong between us and those we tell."""


class NotTaken(Exception):
    """The broker could not be reached: none of the events was certainly taken, try them again."""
