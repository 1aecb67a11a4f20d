"""A newsroom and a program, as the acceptance tests have them."""

from tests.acceptance.conftest import news, program

__all__ = ["news", "program"]
