import pytest

# Their asserts are to tell as much as those of the tests themselves.
pytest.register_assert_rewrite("tests.durability.load", "tests.durability.server")
