import pytest

# What these say of a failure is worth as much as what the tests themselves say.
pytest.register_assert_rewrite("tests.soak.books", "tests.soak.load", "tests.soak.wire")
