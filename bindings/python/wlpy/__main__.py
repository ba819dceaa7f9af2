"""The command: python -m wlpy."""

from __future__ import annotations

import argparse
import os
import sys

import wlpy
from wlpy._limits import DEFAULT_LIMITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

_EPILOG = """\
Nothing of this machine is visible to the program unless an option names it. Its exit status is the command's; 124 means that a
time has passed, 134 that it was stopped for another reason, and 125 that it could not be started.

examples:
  python -m wlpy -c 'print(6 * 7)'
  python -m wlpy --timeout 5 --memory 128M --dir data untrusted.py data/input.csv
  python -m wlpy --allow-net example.com:443 -m http.client
"""


def _size(text: str) -> int | None:
    if text == "none":
        return None
    unit = _UNITS.get(text[-1:].upper()) if text[-1:].isalpha() else 1
    number = text[:-1] if text[-1:].isalpha() else text
    if unit is None or not number.isdigit() or int(number) == 0:
        raise argparse.ArgumentTypeError(f"a size is a number with K, M or G after it, or none; not {text!r}")
    return int(number) * unit


def _seconds(text: str) -> float | None:
    if text == "none":
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e12:
        raise argparse.ArgumentTypeError(f"a time is a number of seconds, or none; not {text!r}")
    return seconds


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name:
        raise argparse.ArgumentTypeError(f"a variable is NAME=VALUE, or NAME for that of this process; not {text!r}")
    return name, value if equals else os.environ.get(name, "")


def _directory(text: str) -> tuple[str, wlpy.Directory]:
    host, _, rest = text.partition("::")
    guest, _, mode = rest.partition("::")
    if not host or mode not in ("", "rw"):
        raise argparse.ArgumentTypeError(f"a directory is HOST, HOST::GUEST or HOST::GUEST::rw; not {text!r}")
    return os.path.normpath(os.path.join("/", guest or host)), wlpy.Directory(host, writable=mode == "rw")


class _Program(argparse.Action):
    """-c and -m end the options, as those of python do."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: Any = None) -> None:
        if not values:
            parser.error(f"{option} needs an argument")
        setattr(namespace, self.dest, values[0])
        namespace.rest = values[1:]


def _parser() -> argparse.ArgumentParser:
    limits = DEFAULT_LIMITS
    parser = argparse.ArgumentParser(
        prog="python -m wlpy",
        usage="python -m wlpy [option ...] [-c CODE | -m MODULE | FILE] [argument ...]",
        description=f"Runs a Python program in a sandbox (Python {wlpy.python_version}).",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("-c", dest="code", nargs=argparse.REMAINDER, action=_Program, metavar="CODE",
                        help="run this code; everything after it is sys.argv[1:]")
    parser.add_argument("-m", dest="module", nargs=argparse.REMAINDER, action=_Program, metavar="MODULE",
                        help="run a module of its library; the same")
    parser.add_argument("file", nargs="?", metavar="FILE", help="a program of this machine; - or none: stdin")
    parser.add_argument("argv", nargs=argparse.REMAINDER, metavar="argument", help="sys.argv[1:]")
    parser.add_argument("--timeout", type=_seconds, default=limits.timeout, metavar="SECONDS",
                        help=f"end it after this time (default: {limits.timeout:g}; none: never)")
    parser.add_argument("--cpu", type=_seconds, default=limits.cpu, metavar="SECONDS",
                        help="end it after so much processor time (default: none)")
    parser.add_argument("--memory", type=_size, default=limits.memory, metavar="SIZE",
                        help="its memory, as 64M or 2G (default: 256M)")
    parser.add_argument("--output", type=_size, default=limits.output, metavar="SIZE",
                        help="what it may print (default: 1M; none: any amount)")
    parser.add_argument("--env", type=_variable, action="append", default=[], metavar="NAME[=VALUE]",
                        help="give it a variable; without a value, that of this process")
    parser.add_argument("--dir", type=_directory, action="append", default=[], metavar="HOST[::GUEST[::rw]]",
                        help="show it a directory (read-only unless rw), by default under its own name")
    parser.add_argument("--allow-net", action="append", default=[], metavar="RULE",
                        help='let it connect: "example.com:443", "192.0.2.0/24", "*"')
    parser.add_argument("--python", metavar="FILE",
                        help="run another Python than the one in this package, which wl-make aot --library has made")
    parser.add_argument("--save", metavar="DIR", help="write the files that it leaves in memory below DIR")
    parser.add_argument("--version", action="version",
                        version=f"wlpy {wlpy.__version__} (Python {wlpy.python_version} inside)")
    return parser


def _program(given: argparse.Namespace) -> dict[str, Any]:
    if given.code is not None:
        return {"code": given.code}
    if given.module is not None:
        return {"module": given.module}
    if given.file in (None, "-"):
        return {"code": sys.stdin.read()}
    with open(given.file, "rb") as file:
        content = file.read()
    name = "/" + os.path.basename(given.file)
    return {"file": name, "files": {name: content}}


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    argv = getattr(given, "rest", given.argv)
    try:
        limits = DEFAULT_LIMITS.replace(timeout=given.timeout, cpu=given.cpu, memory=given.memory, output=given.output)
        result = wlpy.run(
            **_program(given), argv=argv, stdin=sys.stdin if sys.stdin is not None else None, stdout=sys.stdout,
            stderr=sys.stderr, env=dict(given.env), dirs=dict(given.dir), limits=limits, net=given.allow_net, python=given.python,
            on_refusal=lambda line: print(f"wlpy: {line}", file=sys.stderr),
        )  # fmt: skip
        if given.save is not None and result.files:
            result.files.save(given.save)
    except KeyboardInterrupt:
        return 130
    except (OSError, ValueError, wlpy.Error) as error:
        print(f"wlpy: {error}", file=sys.stderr)
        return 125
    if result.reason:
        print(f"wlpy: the program was stopped: {result.reason}", file=sys.stderr)
    return result.exit_status


if __name__ == "__main__":
    sys.exit(main())
