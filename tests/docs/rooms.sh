#!/bin/bash
# The files of each room of src/ and host/ (a static library, docs/architecture.md) use each other in one direction only.
# Speaks TAP.
#
# Usage: rooms.sh LIBRARY...
set -u
export LC_ALL=C.UTF-8

# The pairs "USER USED" of object files in a library.
uses() {
    nm -A -P "$1" | sed -nE 's/^[^[]*\[([^]]*\/)?([^]]*)\]: ([^ ]+) ([A-Za-z]).*/\2 \3 \4/p' | awk '
        $3 ~ /^[TDBRC]$/ { defines[$2] = $1 }
        $3 == "U" { n++; user[n] = $1; symbol[n] = $2 }
        END {
            for (i = 1; i <= n; i++)
                if (symbol[i] in defines && defines[symbol[i]] != user[i])
                    print user[i], defines[symbol[i]]
        }' | sort -u
}

n=0
failed=0
for library; do
    n=$((n + 1))
    name=$(basename "$library" .a)
    # help is a command, and lists the table of commands.
    edges=$(uses "$library" | grep -v '^cmd_cmd_help\.c\.o cmd_commands\.c\.o$')
    if loop=$(tsort <<<"$edges" 2>&1 >/dev/null) && [ -z "$loop" ]; then
        echo "ok $n - $name has no circle"
    else
        failed=$((failed + 1))
        echo "not ok $n - $name has no circle"
        sed 's/^/#   /' <<<"$loop"
    fi
done
echo "1..$n"
[ "$failed" = 0 ]
