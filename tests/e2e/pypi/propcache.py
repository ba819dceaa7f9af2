from propcache.api import cached_property, under_cached_property
from propcache import _helpers, _helpers_c


class A:
    def __init__(self):
        self._cache = {}
        self.calls = 0

    @under_cached_property
    def kept(self):
        """What it is."""
        self.calls += 1
        return self.calls

    @cached_property
    def own(self):
        self.calls += 1
        return self.calls * 10


a = A()
print(cached_property is _helpers_c.cached_property, under_cached_property is _helpers_c.under_cached_property)
print(a.kept, a.kept, a._cache, a.own, a.own, a.__dict__["own"], a.calls, A.kept.__doc__)
try:
    a.kept = 3
except AttributeError as e:
    print(e)
del a.own
print(a.own, type(A.own).__name__)
