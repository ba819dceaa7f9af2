"""Replaces duckdb, pandas and numpy, which are not pure Python, and a pool of processes. Tests import these packages
to compare results, and are skipped when they do so."""
import unittest
from concurrent.futures import Future


class Absent:
    def __init__(self, name):
        self.name = name

    def __call__(self, *args, **options):
        raise unittest.SkipTest("it compares with %s, which does not exist here" % self.name)

    def __getattr__(self, name):
        return Absent("%s.%s" % (self.name, name))


class Connection:
    """A connection of duckdb that accepts every statement and has no results."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def execute(self, *args):
        return self

    def __getattr__(self, name):
        return Absent("duckdb")


class Pool:
    def submit(self, function, *args, **options):
        future = Future()
        try:
            future.set_result(function(*args, **options))
        except Exception as e:
            future.set_exception(e)
        return future

    def shutdown(self):
        pass
