import inspect

import wrapt
from wrapt import _wrappers

print(wrapt.ObjectProxy.__mro__[-2].__module__, issubclass(wrapt.ObjectProxy, _wrappers.ObjectProxy), wrapt.FunctionWrapper is _wrappers.FunctionWrapper)


@wrapt.decorator
def traced(wrapped, instance, args, kwargs):
    print(wrapped.__name__, type(instance).__name__, args, kwargs)
    return wrapped(*args, **kwargs)


class A:
    @traced
    def method(self, x, *, y=2):
        return x * y

    @traced
    @classmethod
    def of(cls, x):
        return cls.__name__, x

    @traced
    @staticmethod
    def free(x):
        return x + 1


@traced
def function(a: int, b="x"):
    """What it does."""
    return a, b


print(A().method(3, y=4), A.of(1), A.free(1), function(1), function.__doc__, inspect.signature(function))
proxy = wrapt.ObjectProxy([1, 2])
proxy += [3]
proxy.append(4)
print(proxy, proxy[1:], len(proxy), proxy == [1, 2, 3, 4], isinstance(proxy, list), type(proxy).__name__, proxy.__wrapped__, divmod(wrapt.ObjectProxy(17), 5))
try:
    hash(proxy)
except TypeError as e:
    print(e)
try:
    wrapt.ObjectProxy(3).missing
except AttributeError as e:
    print(e)
print(wrapt.PartialCallableObjectProxy(function, 5)(b="y"))
