"""Replaces pytest-httpbin, whose server cannot be started: many tests that use it need only an address."""
import types

import pytest


@pytest.fixture
def httpbin():
    return types.SimpleNamespace(url="http://127.0.0.1:80")


@pytest.fixture
def httpbin_secure():
    return types.SimpleNamespace(url="https://127.0.0.1:443")
