"""The command wlpy, which serves Python over HTTP and to models: a program of its own that lies in this package."""

from __future__ import annotations

import os
import sys

from wlpy import _program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_command")


def main() -> NoReturn:
    """Becomes that program, which loads the Python of this package."""
    loader, program = os.path.join(_DIRECTORY, "ld-musl"), os.path.join(_DIRECTORY, "wlpy")
    arguments = sys.argv[1:]
    if arguments and not arguments[0].startswith("-"):
        # First, so that the user's own --program counts.
        arguments[1:1] = ["--program", _program.PATH]
    try:
        os.execv(loader, [loader, "--argv0", "wlpy", program, *arguments])
    except OSError as error:
        sys.exit(f"wlpy: cannot start {loader}: {error.strerror}; reinstall the package from its wheel, which has this file")


if __name__ == "__main__":
    main()
