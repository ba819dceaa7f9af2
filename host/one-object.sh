#!/bin/sh
# one-object.sh ARCHIVE RESULT: makes an archive of one object, in which only the public names of libwlpy are visible: a
# program that it is linked with may have functions of its own with the others.
set -e
"${LD:-ld}" -r -o "$2.o" --whole-archive "$1" --no-whole-archive
"${OBJCOPY:-objcopy}" --localize-hidden "$2.o"
rm -f "$2"
"${AR:-ar}" rcs "$2" "$2.o"
rm "$2.o"
