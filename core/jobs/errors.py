"""What can go wrong for whoever works under a lease."""


class LeaseLost(Exception):
    """Someone else holds the lease now. Whatever this unit did is rolled back."""
