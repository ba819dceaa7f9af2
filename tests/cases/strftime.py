"""strftime() behaves as in glibc: unknown directives stay unchanged, and nothing makes the whole text vanish."""
import datetime
import locale
import time

moment = datetime.datetime(2026, 7, 1, 9, 5, 3)
for form, expected in {
    "%-d %B %Y": "1 July 2026", "%l:%M %P": " 9:05 am", "%k h": " 9 h", "%^a": "WED", "100%": "100%", "%Q": "%Q",
    "report-%Y-%m-%d-%N.txt": "report-2026-07-01-%N.txt", "%d.%m.%Y, %H Uhr %": "01.07.2026, 09 Uhr %", "%_d|%-d|%03d": " 1|1|001",
    "%a %A %b %B %d %e %-d %H %I %-H %j %m %M %p %S %U %W %V %G %u %w %y %Y %C %g %k %l %P":
        "Wed Wednesday Jul July 01  1 1 09 09 9 182 07 05 AM 03 26 26 27 2026 3 3 26 2026 20 26  9  9 am",
    "%c|%x|%X|%D|%F|%T|%R|%r|%h|%n|%t|%%": "Wed Jul  1 09:05:03 2026|07/01/26|09:05:03|07/01/26|2026-07-01|09:05:03|09:05|"
                                            "09:05:03 AM|Jul|\n|\t|%",
    "": "", "\u20ac %d": "\u20ac 01", "%10A|%-5d|%#p|%Ey|%Od": " Wednesday|    1|am|26|01",
}.items():
    for got in moment.strftime(form), time.strftime(form, moment.timetuple()):
        assert got == expected, (form, got, expected)
assert moment.date().strftime("%l|%P|%") == "12|am|%"
assert time.strftime("%s", time.gmtime(86400)) == "86400"
for year in 5, 999:
    assert time.strftime("%Y", (year, 1, 1, 0, 0, 0, 0, 1, 0)) == str(year)
    assert int(datetime.date(year, 1, 2).strftime("%Y")) == year
assert time.strftime("%Y", (12345, 1, 1, 0, 0, 0, 0, 1, 0)) == "12345"

# Locales that are not installed.
for name in "de_DE.UTF-8", "de_DE", "nonsense", "en_US.UTF-8":
    try:
        locale.setlocale(locale.LC_ALL, name)
    except locale.Error:
        pass
    else:
        raise AssertionError(name)
for name in "C", "POSIX", "C.UTF-8", "":
    locale.setlocale(locale.LC_ALL, name)
    locale.setlocale(locale.LC_ALL, locale.setlocale(locale.LC_ALL))
