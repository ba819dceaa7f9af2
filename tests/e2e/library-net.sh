#!/bin/bash
# The network of a native library's guests: what the caller's rules and limits allow, and nothing without them.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-900}
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib-native.sh"

test_network_of_a_library() {
    wabt
    library channel <"$WL_SOURCE_ROOT/host/tests/modules/channel.wat"
    cc -Wall -Wextra -Werror -D_GNU_SOURCE -I"$HOST" "$E2E/guest-net.c" -o guest-net -ldl -lpthread || fail 'not compiled'
    run ./guest-net channel/guest.so
    status 0
    diff - .out >difference <<'END' || fail "otherwise: $(cat difference)"
without rules
08 
08 
0 0 ; 0 refused
with a rule
00 wl 1 net 1
00 4
00 
00 
00 hello
52 
0 0 ; 0 refused
against the rules
00 4
02 
00 
02 
0 0 ; 2 refused
listening
00 4
02 
00 
00 
0 0 ; 1 refused
limits
00 4
33 
00 
00 
00 hello
19 
0 0 ; 0 refused
received
00 wl 1 net 1
00 4
00 
00 
00 hello
0 0 ; 0 refused
a rule that is none
3 125 cannot use the; 0 refused
END
}

main "$@"
