"""The shop that reporting's tests begin with is metering's."""

from tests.core.metering.conftest import shop

__all__ = ["shop"]
