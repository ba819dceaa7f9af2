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

main "$@"
