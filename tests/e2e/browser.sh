#!/bin/bash
# The page of examples/browser, in headless Chromium. WL_PICTURE=FILE saves the picture for its README.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-1800}
. "$(dirname -- "$0")/lib.sh"

test_the_page() {
    command -v chromedriver >/dev/null || skip 'chromium-driver is not installed'
    real build examples/browser
    status 0
    local page=$OUT/examples/browser server
    "$PYTHON" "$page/serve.py" 0 >address &
    server=$!
    wait_for 10 grep -q http address
    run "$PYTHON" "$E2E/browser.py" "$(cat address)" ${WL_PICTURE:+"$WL_PICTURE"}
    kill "$server"
    status 0
}

# Its author gives the programs a network, as examples/browser/README.md says.
test_the_page_with_a_network() {
    command -v chromedriver >/dev/null || skip 'chromium-driver is not installed'
    real build examples/browser
    status 0
    local http echo _ server
    cp -r "$OUT/examples/browser" page
    mkdir f
    mkfifo end
    "$PYTHON" "$WL_SOURCE_ROOT/tests/net/page_servers.py" f >serving <end 2>servers.err &
    exec 9>end
    "$PYTHON" page/serve.py 0 >address 9>&- &
    server=$!
    wait_for 20 test -s serving
    wait_for 20 grep -q http address
    read -r http _ _ _ echo _ <serving
    "$PYTHON" "$WL_SOURCE_ROOT/tests/net/page_proxy.py" page/proxy.py --port 0 --origin "$(sed 's#/$##' address)" localhost:"$echo" <end >proxy 9>&- &
    wait_for 20 grep -q ws: proxy
    chmod u+w page page/network.js
    cat >page/network.js <<END
export const network = { http: ['localhost:$http'], tcp: ['localhost:$echo'], proxy: '$(cat proxy)' };
END
    run "$PYTHON" "$E2E/browser.py" "$(cat address)" network "$http" "$echo"
    kill "$server"
    status 0
}

main "$@"
