#!/bin/bash
# Python on a terminal, in wl-run and as a native program. The terminal is tmux's, so that a test sees what a person
# would see, and the shell around the program shows whether the terminal's settings were restored.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.13.5}

# Packages for programs that draw on the terminal.
packages='click rich prompt_toolkit textual ipython'

tm() {
    tmux -S "$T/tmux" -f /dev/null "$@"
}

screen() {
    tm capture-pane -p -J -t t
}

# `see TEXT`: waits until the screen shows it. (A command is on the screen before it runs, so a program must not print what the
# command contains.)
see() {
    local n=${SEE:-1200}
    until screen | grep -qF -- "$1"; do
        n=$((n - 1))
        [ "$n" -gt 0 ] || {
            screen
            fail "not on the screen: $1"
        }
        sleep 0.05
    done
}

# `keys WORD...`: names of keys, and text.
keys() {
    tm send-keys -t t "$@"
}

# Opens a terminal with a shell in it, in which $RUN starts the Python.
open() {
    command -v tmux >/dev/null || not_available 'tmux is not installed'
    if [ "${ENGINE-wasmtime}" = native ]; then
        real_tool aot -q "$PY" -o "$T/native"
        [ "$st" = 0 ] || fail 'no native program'
        RUN="$T/native --dir $OUT/$PY/usr::/usr"
        real build -q "$PY"
    else
        real build -q toolchain/wl-run "$PY"
        RUN="$OUT/toolchain/wl-run/bin/wl-run --quick --cache-dir $T/compiled --dir $OUT/$PY/usr::/usr"
    fi
    status 0
    trap 'tm kill-server' EXIT
    tm new-session -d -s t -x 100 -y 30 "env -i PATH='$PATH' HOME='$T/home' TERM=\"\$TERM\" PS1='ready> ' bash --norc --noprofile -i"
    see 'ready>'
    MODULE=$([ "${ENGINE-wasmtime}" = native ] || echo "$OUT/$PY/bin/python.wasm")
}

# `python OPTIONS ARGUMENTS`: types the command, on a screen without what was shown before.
python() {
    keys -R
    keys -l "clear; $RUN $1 ${MODULE:---} $2"
    keys Enter
}

# Waits for what the shell prints after the command: `echo status $?` is also on the screen, as it was typed.
ended() {
    wait_for 60 eval 'screen | grep -q "status [0-9]"'
}

# The shell works, and the terminal edits lines, echoes, and sends signals.
restored() {
    see "${1-ready>}"
    keys C-u
    keys -l 'stty -a | grep -o "[-]*\(icanon\|echo\|isig\|icrnl\|opost\)\b" | tr "\n" "+"; echo end'
    keys Enter
    see 'icrnl+opost+isig+icanon+echo+end'
}

test_the_prompt() {
    case $PY in *v3.11*) skip '3.11 has no prompt of its own' ;; esac
    open
    python '' ''
    see '>>> '
    keys -l '6 * 7'
    keys Enter
    see 42
    # The line before, changed.
    keys Up
    see '>>> 6 * 7'
    keys BSpace 8 Enter
    see 48
    keys -l 'import math'
    keys Enter
    keys -l 'math.hyp'
    keys Tab
    see 'math.hypot('
    keys -l '3, 4)'
    keys Home
    keys -l 'x = 1; '
    keys End Enter
    see 5.0
    # A block is one entry of the history.
    keys -l 'for i in range(3):'
    keys Enter
    see '...'
    keys -l 'print(i * 111)'
    keys Enter Enter
    see 222
    keys -l 'half a li'
    keys C-c
    see KeyboardInterrupt
    keys -l 'while True: pass'
    keys Enter Enter
    sleep 1
    keys C-c
    wait_for 20 eval '[ "$(screen | grep -c KeyboardInterrupt)" = 2 ]'
    keys -l '"bye" * 2'
    keys Enter
    see byebye
    keys C-d
    restored
}

test_colours() {
    case $PY in *v3.11*) skip '3.11 has no prompt of its own' ;; esac
    open
    python '' ''
    see '>>> '
    tm capture-pane -p -e -t t | grep -q $'\x1b\[.*35m.*>>>' || fail "$(tm capture-pane -p -e -t t | cat -v)"
    keys C-d
    restored
}

test_the_plain_prompt() {
    open
    python '--env PYTHON_BASIC_REPL=1' ''
    see '>>> '
    keys -l '6 * 7'
    keys Enter
    see 42
    keys C-d
    restored
}

# The last process whose command line matches.
process() {
    local directory
    for directory in /proc/[0-9]*; do
        ! tr '\0' ' ' <"$directory/cmdline" 2>/dev/null | grep -q -e "$1" || echo "${directory#/proc/}"
    done | sort -n | tail -n 1
}

test_restored_after_each_end() {
    local how signal
    open
    for how in 'pass' '1 / 0' 'import os; os._exit(3)' 'import os; os.abort()'; do
        python '' "-c 'import tty; tty.setraw(0); $how'; echo status \$?"
        ended
        restored
    done
    python '--deadline 2' "-c 'import tty; tty.setraw(0); exec(\"while True: pass\")'; echo status \$?"
    restored 'status 124'
    python '--deadline 2' "-c 'import time, tty; tty.setraw(0); time.sleep(100)'; echo status \$?"
    restored 'status 124'
    for signal in TERM HUP QUIT USR1 ALRM; do
        python '' "-c 'import time, tty; tty.setraw(0); print(\"in \" + \"raw\", flush=True); time.sleep(100)'; echo status \$?"
        see 'in raw'
        kill -s "$signal" "$(process "$T.*time[.]sleep")"
        restored 'status 1'
    done
}

test_interrupt_and_stop() {
    open
    python '' "-c 'import time, tty; tty.setcbreak(0); print(\"wai\" + \"ting\", flush=True); time.sleep(100)'; echo status \$?"
    see waiting
    keys C-c
    restored 'KeyboardInterrupt'
    python '' "-c 'import os, time, tty; tty.setcbreak(0); print(\"rea\" + \"ding\", flush=True); print(\"got\", os.read(0, 1))'; echo status \$?"
    see reading
    keys C-z
    see Stopped
    restored
    keys -l 'clear; fg; echo status $?'
    keys Enter
    # (The shell prints the command that goes on.)
    see setcbreak
    wait_for 60 eval 'stty -a -F "$(tm display-message -p -t t "#{pane_tty}")" | grep -q -- -icanon'
    # No Enter: the settings are the program's again.
    keys -l 'k'
    see "got b'k'"
    restored 'status 0'
}

test_size() {
    open
    tm resize-window -t t -x 90 -y 20
    python '' "-c 'import os, shutil; print(*os.get_terminal_size(), *shutil.get_terminal_size())'"
    see '90 20 90 20'
    restored
}

test_password() {
    open
    python '' "-c 'import getpass; print(\"<\" + getpass.getpass() + \">\")'"
    see Password:
    keys -l secret
    sleep 0.5
    ! screen | grep -q secret || fail 'the password is shown'
    keys Enter
    see '<secret>'
    restored
}

test_a_terminal_that_is_not_given() {
    open
    python --no-terminal "-c 'import os, termios
try: termios.tcgetattr(0)
except termios.error as e: print(e.args[0], os.environ.get(\"TERM\"), os.isatty(0))'"
    see '59 None True'
    restored
}

packages_are_there() {
    HOME=$REAL_HOME SECONDS_EACH=600 run "$PYTHON" -m pip install -q --disable-pip-version-check --target packages --only-binary=:all: --platform=any \
        --implementation=py --abi=none --python-version=3.13 $packages
    [ "$st" = 0 ] || not_available "$(tail -n 1 .err)"
}

test_packages() {
    packages_are_there
    cat >packages/ask.py <<'END'
import click
name = click.prompt("Name", default="nobody")
secret = click.prompt("Secret", hide_input=True)
print("key", repr(click.getchar()), name, len(secret))
END
    cat >packages/table.py <<'END'
from rich.console import Console
from rich.table import Table
table = Table(title="Numbers")
table.add_column("one")
table.add_row("[bold red]1[/]")
console = Console()
console.print(table)
print(console.size.width, console.is_terminal, console.color_system)
END
    cat >packages/line.py <<'END'
from prompt_toolkit import prompt
from prompt_toolkit.completion import WordCompleter
print("<%s>" % prompt("enter: ", completer=WordCompleter(["completed", "other"])))
END
    open
    RUN="$RUN --dir $T/packages::/p --env PYTHONPATH=/p"
    python '' /p/ask.py
    see 'Name [nobody]:'
    keys -l somebody
    keys Enter
    see 'Secret:'
    keys -l xyz
    keys Enter
    sleep 2
    keys q
    see "key 'q' somebody 3"
    restored
    python '' /p/table.py
    see '100 True'
    see Numbers
    restored
    python '' /p/line.py
    see 'enter:'
    keys -l comp
    keys Tab
    see completed
    keys Enter
    see '<completed>'
    restored
}

test_textual() {
    packages_are_there
    cat >packages/small.py <<'END'
from textual.app import App
from textual.widgets import Input, Label
class Small(App):
    def compose(self):
        yield Label("a label")
        yield Input(placeholder="type here")
    def on_input_submitted(self, event):
        self.exit("<%s>" % event.value)
print(Small().run())
END
    open
    RUN="$RUN --dir $T/packages::/p --env PYTHONPATH=/p"
    python '' /p/small.py
    see 'type here'
    see 'a label'
    keys -l abc
    see abc
    keys Enter
    see '<abc>'
    restored
}

test_IPython() {
    packages_are_there
    open
    RUN="$RUN --dir $T/packages::/p --env PYTHONPATH=/p"
    python '' '-m IPython --no-banner --no-confirm-exit'
    see 'In [1]:'
    keys -l '6 * 7'
    keys Enter
    see 'Out[1]: 42'
    see 'In [2]:'
    # The line before, changed.
    keys Up BSpace 8 Enter
    see 'Out[2]: 48'
    keys -l 'import math'
    keys Enter
    see 'In [4]:'
    keys -l 'math.hyp'
    keys Tab
    see 'math.hypot'
    keys C-u
    keys -l '1 / 0'
    keys Enter
    see ZeroDivisionError
    keys -l exit
    keys Enter
    restored
}

test_natively() {
    ENGINE=native
    case $PY in *v3.11*) ;; *) test_the_prompt ;; esac
    test_restored_after_each_end
    test_interrupt_and_stop
    test_password
}

main "$@"
