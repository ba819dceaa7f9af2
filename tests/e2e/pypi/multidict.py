from multidict import CIMultiDict, CIMultiDictProxy, MultiDict, istr

print(MultiDict.__module__, type(MultiDict.add).__name__)
d = CIMultiDict([("Accept", "a"), ("accept", "b"), ("Host", "h")])
d.add("ACCEPT", "c")
print(d.getall("accept"), d["HOST"], len(d), list(d.items()))
view = CIMultiDictProxy(d)
print(list(view.keys()), view == {"Accept": "a"}, "accept" in view, istr("A-b") == "A-b")
d.popone("accept")
d["host"] = "other"
print(d, view.getone("Accept"), d.popall("accept"), d.get("none", 7))
try:
    d["none"]
except KeyError as e:
    print(repr(e))
m = MultiDict(a=1, b=2)
m.update(b=3, c=4)
m.extend([("a", 5)])
print(m, m.keys() & {"a", "z"}, sorted(m.keys() | {"z"}), m.copy() == m)
try:
    for key in m:
        m.add(key + key, 1)
except RuntimeError as e:
    print(e)
