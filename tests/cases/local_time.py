"""Local time is that of the zone in TZ: a name of the database, or rules as POSIX writes them."""
import calendar
import datetime
import email.utils
import os
import time
from datetime import timedelta

SUMMER, WINTER = 1782907200, 1768478400  # 2026-07-01 12:00 and 2026-01-15 12:00, UTC


def zone(name):
    if name is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = name
    time.tzset()


def shows(seconds, expected):
    t = time.localtime(seconds)
    got = "%d:%02d %s %d %d" % (t.tm_hour, t.tm_min, t.tm_zone, t.tm_gmtoff, t.tm_isdst)
    assert got == expected, (os.environ.get("TZ"), seconds, got, expected)
    assert time.strftime("%H:%M %Z", t) == "%02d:%02d %s" % (t.tm_hour, t.tm_min, t.tm_zone)
    # Every time of the year comes back, except in the hour that occurs twice.
    assert time.mktime(t) == seconds and time.mktime((*t[:8], -1)) == seconds, (os.environ["TZ"], t)
    moment = datetime.datetime.fromtimestamp(seconds)
    assert (moment.hour, moment.minute) == (t.tm_hour, t.tm_min) and moment.timestamp() == seconds
    aware = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).astimezone()
    assert aware.utcoffset() == timedelta(seconds=t.tm_gmtoff) and aware.tzname() == t.tm_zone


for name, summer, winter in (
    ("Europe/Berlin", "14:00 CEST 7200 1", "13:00 CET 3600 0"),
    (":Europe/Berlin", "14:00 CEST 7200 1", "13:00 CET 3600 0"),
    ("CET-1CEST,M3.5.0,M10.5.0/3", "14:00 CEST 7200 1", "13:00 CET 3600 0"),
    ("America/New_York", "8:00 EDT -14400 1", "7:00 EST -18000 0"),
    ("EST5EDT", "8:00 EDT -14400 1", "7:00 EST -18000 0"),
    ("XST5XDT,M3.2.0/2:00:00,M11.1.0", "8:00 XDT -14400 1", "7:00 XST -18000 0"),
    ("Asia/Kolkata", "17:30 IST 19800 0", "17:30 IST 19800 0"),
    ("Asia/Kathmandu", "17:45 +0545 20700 0", "17:45 +0545 20700 0"),
    ("Australia/Lord_Howe", "22:30 +1030 37800 0", "23:00 +11 39600 1"),
    ("Pacific/Auckland", "0:00 NZST 43200 0", "1:00 NZDT 46800 1"),
    ("NZST-12NZDT,M9.5.0,M4.1.0/3", "0:00 NZST 43200 0", "1:00 NZDT 46800 1"),
    ("<+0330>-3:30", "15:30 +0330 12600 0", "15:30 +0330 12600 0"),
    ("<-03>3", "9:00 -03 -10800 0", "9:00 -03 -10800 0"),
    ("ABC0DEF,J60/0,J300/0", "13:00 DEF 3600 1", "12:00 ABC 0 0"),
    ("ABC0DEF-2,59/0,299/0", "14:00 DEF 7200 1", "12:00 ABC 0 0"),
    ("UTC", "12:00 UTC 0 0", "12:00 UTC 0 0"),
    ("", "12:00 UTC 0 0", "12:00 UTC 0 0"),
):
    zone(name)
    shows(SUMMER, summer)
    shows(WINTER, winter)

# The constants of the module.
zone("Europe/Berlin")
assert (time.tzname, time.timezone, time.altzone, time.daylight) == (("CET", "CEST"), -3600, -7200, 1)
assert time.ctime(1e9) == "Sun Sep  9 03:46:40 2001"
assert email.utils.formatdate(1e9, localtime=True) == "Sun, 09 Sep 2001 03:46:40 +0200"
assert time.strftime("%Z %z", time.localtime(0)) == "CET +0100"
assert time.strftime("%s", time.localtime(SUMMER)) == str(SUMMER)
zone("Pacific/Auckland")
assert (time.tzname, time.timezone, time.altzone, time.daylight) == (("NZST", "NZDT"), -43200, -46800, 1)
zone("Asia/Kolkata")
assert (time.tzname, time.timezone, time.daylight) == (("IST", "IST"), -19800, 0)

# Missing and repeated hours, the distant past and future.
zone("Europe/Berlin")
for before in range(1, 3):
    t = time.localtime(calendar.timegm((2026, 3, 29, 1, 0, 0)) - before)
    assert (t.tm_hour, t.tm_min, t.tm_isdst) == (1, 59, 0)
assert time.localtime(calendar.timegm((2026, 3, 29, 1, 0, 0)))[3:5] == (3, 0)
assert [time.localtime(calendar.timegm((2026, 10, 25, h, 59, 59)))[3] for h in (0, 1, 2)] == [2, 2, 3]
for isdst, expected in (0, 1), (1, 0):
    assert time.gmtime(time.mktime((2026, 10, 25, 2, 30, 0, 0, 0, isdst))).tm_hour == expected
    assert time.gmtime(time.mktime((2026, 7, 1, 12, 0, 0, 0, 0, isdst))).tm_hour == 11 - isdst
    assert time.gmtime(time.mktime((2026, 1, 15, 12, 0, 0, 0, 0, isdst))).tm_hour == 11 - isdst
assert [datetime.datetime(2026, 10, 25, 2, 30, fold=f).astimezone(datetime.timezone.utc).hour for f in (0, 1)] == [0, 1]
assert time.mktime((2026, 1, 32, 25, 61, 61, 0, 0, -1)) == time.mktime((2026, 2, 2, 2, 2, 1, 0, 0, -1))
shows(-2500000000, "20:26 LMT 3208 0")
shows(-1500000000, "22:20 CET 3600 0")
shows(calendar.timegm((2500, 7, 1, 12, 0, 0)), "14:00 CEST 7200 1")
shows(calendar.timegm((2500, 12, 1, 12, 0, 0)), "13:00 CET 3600 0")
for seconds in 1e20, -1e20:
    try:
        time.localtime(seconds)
    except (OverflowError, OSError):
        pass
    else:
        raise AssertionError(seconds)

# Everything that is not a zone is UTC.
for name in "Nope/Zone", "../../etc/passwd", "/etc/passwd", "/nowhere/at/all", "X", "5", "ABC", "Europe", "A" * 5000:
    zone(name)
    assert time.localtime(SUMMER)[3:5] == (12, 0) and time.localtime(SUMMER).tm_gmtoff == 0, name
zone(None)
