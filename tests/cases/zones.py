"""Time zones, dates and their formats, whatever the local time is."""
import calendar
import datetime
import email.utils
import time
import zoneinfo
from datetime import timedelta

UTC = datetime.timezone.utc
Zone = zoneinfo.ZoneInfo
moment = datetime.datetime(2026, 7, 1, 12, tzinfo=UTC)
for name, expected in {
    "UTC": ("2026-07-01T12:00:00+00:00", "UTC"), "Europe/Berlin": ("2026-07-01T14:00:00+02:00", "CEST"),
    "America/New_York": ("2026-07-01T08:00:00-04:00", "EDT"), "Asia/Kolkata": ("2026-07-01T17:30:00+05:30", "IST"),
    "Australia/Lord_Howe": ("2026-07-01T22:30:00+10:30", "+1030"), "Etc/GMT+5": ("2026-07-01T07:00:00-05:00", "-05"),
    "EST5EDT": ("2026-07-01T08:00:00-04:00", "EDT"), "US/Pacific": ("2026-07-01T05:00:00-07:00", "PDT"),
    "Asia/Katmandu": ("2026-07-01T17:45:00+05:45", "+0545"), "Pacific/Apia": ("2026-07-02T01:00:00+13:00", "+13"),
}.items():
    there = moment.astimezone(Zone(name))
    assert (there.isoformat(), there.tzname()) == expected, (name, there)
assert datetime.datetime(1900, 1, 1, tzinfo=Zone("Asia/Kolkata")).utcoffset() == timedelta(seconds=19270)
assert len(zoneinfo.available_timezones()) > 590
for name in "Nope/Zone", "IST":
    try:
        Zone(name)
    except zoneinfo.ZoneInfoNotFoundError as error:
        assert name in str(error)
    else:
        raise AssertionError(name)
for name in "../etc/passwd", "/etc/localtime", "":
    try:
        Zone(name)
    except (ValueError, zoneinfo.ZoneInfoNotFoundError, OSError):
        pass
    else:
        raise AssertionError(name)
berlin = Zone("Europe/Berlin")
assert [datetime.datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=f).astimezone(UTC).hour for f in (0, 1)] == [0, 1]
assert datetime.datetime(2100, 7, 1, tzinfo=berlin).utcoffset() == timedelta(hours=2)
assert datetime.datetime(2026, 3, 29, 1, 30, tzinfo=UTC).astimezone(berlin).isoformat() == "2026-03-29T03:30:00+02:00"

# Far away in both directions.
for seconds, expected in {0: "1970-01-01T00:00:00+00:00", -1e9: "1938-04-24T22:13:20+00:00", 2**31 + 5: "2038-01-19T03:14:13+00:00",
                          2**37: "6325-04-08T15:04:32+00:00"}.items():
    assert datetime.datetime.fromtimestamp(seconds, UTC).isoformat() == expected, seconds
assert time.gmtime(2**40)[:6] == (36812, 2, 20, 0, 36, 16)
for beyond in 2**60, -2**60, float("nan"):
    try:
        datetime.datetime.fromtimestamp(beyond, UTC)
    except (OSError, ValueError, OverflowError):
        pass
    else:
        raise AssertionError(beyond)

# Texts.
assert datetime.datetime.strptime("Wed Jul  1 09:05:03 2026 +0530", "%a %b %d %H:%M:%S %Y %z").isoformat() == \
    "2026-07-01T09:05:03+05:30"
assert datetime.datetime.strptime("2026-07-01 UTC", "%Y-%m-%d %Z") == datetime.datetime(2026, 7, 1)
assert time.asctime(time.gmtime(1e9)) == "Sun Sep  9 01:46:40 2001"
assert email.utils.formatdate(1e9) == "Sun, 09 Sep 2001 01:46:40 -0000"
assert email.utils.parsedate_to_datetime("Sat, 08 Sep 2001 21:46:40 -0400").utcoffset() == timedelta(hours=-4)
assert calendar.month(2026, 7).splitlines()[2] == "       1  2  3  4  5"
assert tuple(datetime.date(2026, 1, 1).isocalendar()) == (2026, 1, 4)
assert datetime.datetime.fromisoformat("2026-W27-3T12:00:00.5Z") == datetime.datetime(2026, 7, 1, 12, 0, 0, 500000, UTC)

# Clocks and waiting.
before = time.perf_counter()
time.sleep(0.05)
time.sleep(0.00001)
time.sleep(0)
assert time.perf_counter() - before >= 0.05
try:
    time.sleep(-1)
except ValueError as error:
    assert "non-negative" in str(error)
else:
    raise AssertionError("slept for less than nothing")
assert time.clock_gettime(time.CLOCK_REALTIME) > 1.7e9
