"""What the prompt asks of curses: how to move the cursor, and which keys send what, on the terminal named by TERM.

It replaces _pyrepl._minimal_curses, which loads the library of curses. Terminals of today all understand the sequences
of ECMA-48, and differ in their keys, so no database of terminals is needed."""

import os


class error(Exception):
    pass


COMMON = {
    "bel": "\a", "civis": "\033[?25l", "clear": "\033[H\033[2J", "cnorm": "\033[?25h", "cub": "\033[%dD", "cub1": "\b",
    "cud": "\033[%dB", "cud1": "\n", "cuf": "\033[%dC", "cuf1": "\033[C", "cup": "\033[%d;%dH", "cuu": "\033[%dA",
    "cuu1": "\033[A", "dch": "\033[%dP", "dch1": "\033[P", "ed": "\033[J", "el": "\033[K", "hpa": "\033[%dG", "ich": "\033[%d@",
    "ind": "\n", "ri": "\033M", "rmkx": "\033[?1l\033>", "smkx": "\033[?1h\033=",
    "kcuu1": "\033OA", "kcud1": "\033OB", "kcuf1": "\033OC", "kcub1": "\033OD", "kent": "\033OM", "kich1": "\033[2~",
    "kdch1": "\033[3~", "kpp": "\033[5~", "knp": "\033[6~", "kf1": "\033OP", "kf2": "\033OQ", "kf3": "\033OR", "kf4": "\033OS",
}
COMMON.update(("kf%d" % n, "\033[%d~" % code) for n, code in zip(range(5, 13), (15, 17, 18, 19, 20, 21, 23, 24)))
COMMON.update(("kf%d" % n, "\033[%s;2%s" % code) for n, code in zip(range(13, 17), zip("1111", "PQRS")))
COMMON.update(("kf%d" % n, "\033[%d;2~" % code) for n, code in zip(range(17, 21), (15, 17, 18, 19)))
XTERM = {"khome": "\033OH", "kend": "\033OF"}
NUMBERED = {"khome": "\033[1~", "kend": "\033[4~"}
# The console of Linux always sends the same for an arrow.
CONSOLE = {"kcuu1": "\033[A", "kcud1": "\033[B", "kcuf1": "\033[C", "kcub1": "\033[D", "smkx": None, "rmkx": None, **NUMBERED,
           **{"kf%d" % n: "\033[[" + "ABCDE"[n - 1] for n in range(1, 6)}}
KINDS = {"screen": NUMBERED, "tmux": NUMBERED, "linux": CONSOLE, "putty": NUMBERED,
         "rxvt": {"khome": "\033[7~", "kend": "\033[8~"}}
# Terminals that cannot move their cursor so, and TERM where there is none.
UNUSABLE = {"", "dumb", "emacs", "unknown", "network", "dialup"}

codes = {}
# Parameters of these count from 0.
FROM_ZERO = {COMMON[name].encode() for name in ("cup", "hpa")}


def setupterm(term=None, fd=-1):
    """Chooses the terminal; None: the one of TERM."""
    if term is None:
        term = os.environ.get("TERM", "")
    if isinstance(term, bytes):
        term = term.decode("latin-1")
    if term in UNUSABLE:
        raise error("setupterm: a terminal of the type %r cannot move its cursor" % term)
    codes.clear()
    codes.update(COMMON)
    codes.update(KINDS.get(term.partition("-")[0], XTERM))


def tigetstr(name):
    if isinstance(name, bytes):
        name = name.decode("latin-1")
    code = codes.get(name)
    return None if code is None else code.encode()


def tparm(code, *parameters):
    if code in FROM_ZERO:
        parameters = tuple(number + 1 for number in parameters)
    return code % parameters[:code.count(b"%d")]
