import datetime
import decimal
import io
import uuid

import rapidjson

data = {"a": [1, 2.5, None, True, "\u20ac\U0001f600\n"], "b": {"x": 10**30}, "c": decimal.Decimal("1.10")}
text = rapidjson.dumps(data, number_mode=rapidjson.NM_DECIMAL, sort_keys=True)
print(text, rapidjson.loads(text, number_mode=rapidjson.NM_DECIMAL) == data)
print(rapidjson.dumps({"b": 1, "a": [[], {}]}, indent=2, sort_keys=True), rapidjson.dumps("\u20ac", ensure_ascii=False))
moment = datetime.datetime(2026, 3, 29, 2, 30, 1, 250000, datetime.timezone(datetime.timedelta(hours=-3)))
stamp = rapidjson.dumps([moment, moment.date(), uuid.UUID(int=7)], datetime_mode=rapidjson.DM_ISO8601, uuid_mode=rapidjson.UM_CANONICAL)
print(stamp, rapidjson.loads(stamp, datetime_mode=rapidjson.DM_ISO8601, uuid_mode=rapidjson.UM_CANONICAL))
print(rapidjson.loads("[1, /* two */ 2, // three\n 3,]", parse_mode=rapidjson.PM_COMMENTS | rapidjson.PM_TRAILING_COMMAS))
print(rapidjson.loads("[NaN, -Infinity, 1.5e3]"))


class Points(rapidjson.Decoder):
    def end_object(self, mapping):
        return tuple(mapping.values()) if set(mapping) == {"x", "y"} else mapping


class Sets(rapidjson.Encoder):
    def default(self, value):
        return sorted(value) if isinstance(value, set) else None


print(Points()('{"p": {"x": 1, "y": 2}}'), Sets()({"s": {3, 1}}), rapidjson.loads('{"a": 1}', object_hook=lambda d: list(d.items())))
validate = rapidjson.Validator('{"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "maximum": 9}}}')
for text in ('{"n": 9}', '{"n": 10}', "{}"):
    try:
        print(validate(text))
    except rapidjson.ValidationError as e:
        print(type(e).__name__, e.args)
out = io.BytesIO()
rapidjson.dump(list(range(5000)), out, chunk_size=256)
print(len(out.getvalue()), sum(rapidjson.load(io.BytesIO(out.getvalue()), chunk_size=100)))
for call in (lambda: rapidjson.loads("[1, 2"), lambda: rapidjson.loads('{"a" 1}'), lambda: rapidjson.dumps({1, 2}), lambda: rapidjson.loads(b"\xff"),
             lambda: rapidjson.dumps(float("nan"), allow_nan=False)):
    try:
        print(call())
    except (ValueError, TypeError) as e:
        print(type(e).__name__, e)
print(len(rapidjson.loads("[" * 500 + "]" * 500)))
