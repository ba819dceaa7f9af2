import frozenlist
from frozenlist import FrozenList, PyFrozenList

items = FrozenList([3, 1, 2])
items.append(5)
items.insert(0, 9)
items.extend(x * x for x in range(3))
print(FrozenList is not PyFrozenList, FrozenList.__module__, list(items), items[1:3], len(items), 9 in items)
try:
    hash(items)
except RuntimeError as e:
    print(e)
items.freeze()
try:
    items.append(1)
except RuntimeError as e:
    print(e)
print(items, hash(items) == hash(tuple(items)), items == [9, 3, 1, 2, 5, 0, 1, 4], items > [9], list(reversed(items)))
