import decimal
import io

import simplejson
from simplejson import _speedups, decoder, encoder, scanner

print(encoder.c_make_encoder is _speedups.make_encoder, scanner.c_make_scanner is _speedups.make_scanner, decoder.c_scanstring is _speedups.scanstring)
value = {"a": [1, 2.5, None, True], "\u20ac\U0001f600": "text\n\"\u2028", "d": decimal.Decimal("1.10"), "big": 2**70}
text = simplejson.dumps(value, use_decimal=True, sort_keys=True)
print(text)
print(simplejson.loads(text, use_decimal=True) == value, simplejson.dumps(value, ensure_ascii=False, indent=1, sort_keys=True))
for bad in ("[1,", '{"a" 1}', '["\\ud8zz"]', "[NaN]", '"\t"'):
    try:
        print(simplejson.loads(bad))
    except simplejson.JSONDecodeError as e:
        print(e)
print(simplejson.dumps([float("inf")], ignore_nan=True), simplejson.dumps(iter([1, 2]), iterable_as_array=True), simplejson.dumps(2**60, bigint_as_string=True))
print(simplejson.load(io.StringIO("[1.0, 2]"), parse_float=str), simplejson.loads("1" * 30 + ".5"))
deep = []
for _ in range(100000):
    deep = [deep]
try:
    simplejson.dumps(deep)
except RecursionError:
    print("too deep")
