#!/bin/bash
# audit, with made-up ports and records.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-600}
. "$(dirname -- "$0")/lib.sh"

audit() {
    WL_MAKE_ROOT=$ROOT run "$WL_MAKE" audit --cache-dir "$CACHE" --ports "$PORTS" "$@"
}

# A program with a library that has a CPE, one of PyPI, one whose recipe names a repository, and a tool.
ports() {
    local none
    none=$(printf '%064d' 0)
    from_url libs/zed https://example.org/zed-1.2.11.tar.gz "$none" 'cpe: maker:zed'
    sed -i 's/^version: .*/version: "1.2.11"/' "$PORTS/libs/zed/recipe.yaml"
    from_url wheels/pack 'pypi:Some_Pack==2.0/some_pack-2.0.tar.gz' "$none"
    sed -i 's/^version: .*/version: "2.0"/' "$PORTS/wheels/pack/recipe.yaml"
    from_url libs/repo https://github.com/owner/repo/archive/v3.1.tar.gz "$none"
    sed -i 's/^version: .*/version: "3.1"/' "$PORTS/libs/repo/recipe.yaml"
    simple tools/hammer 'tool: true' 'cpe: maker:hammer'
    simple made/program 'needs: [libs/zed, wheels/pack, libs/repo]' 'build-needs: [tools/hammer]'
    mkdir -p db
}

# `record ID AFFECTED [MEMBER...]`: a record in the database.
record() {
    local id=$1 affected=$2
    shift 2
    printf '{"id": "%s", "modified": "2026-01-01T00:00:00Z", "affected": [%s]%s}\n' "$id" "$affected" "${1:+, $1}" >"db/$id.json"
}

# `about PORT`: the names of the records that were reported for it, in one line.
about() {
    sed -nE "s,^$1 [^:]*: ([^ ,:]*).*,\\1,p" .out | tr '\n' ' '
}

zed='"database_specific": {"cpe": "cpe:2.3:a:maker:zed:*:*:*:*:*:*:*:*"}'

test_by_cpe() {
    ports
    record CVE-1 '{'"$zed"', "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2.12"}]}]}' \
        '"aliases": ["GHSA-1"], "summary": "a hole", "database_specific": {"severity": "HIGH"}'
    record CVE-2 '{'"$zed"', "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.2.0"}, {"fixed": "1.2.11"}]}]}'
    record CVE-3 '{'"$zed"', "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.2.12"}]}]}'
    record CVE-4 '{'"$zed"', "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"last_affected": "1.2.11"}]}]}'
    record CVE-5 '{'"$zed"', "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"last_affected": "1.2.9"}]}]}'
    record CVE-6 '{'"$zed"', "versions": ["1.2.10", "1.2.11"]}'
    record CVE-7 '{'"$zed"', "versions": ["1.2.10"]}'
    # Two ranges, the second of which has it; events in the wrong order.
    record CVE-8 '{'"$zed"', "ranges": [{"type": "SEMVER", "events": [{"fixed": "1.3"}, {"introduced": "1.2.5"}, {"fixed": "1.1"}, {"introduced": "0"}]}]}'
    record CVE-9 '{'"$zed"', "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}' '"withdrawn": "2026-01-02T00:00:00Z"'
    record CVE-10 '{"database_specific": {"cpe": "cpe:2.3:a:maker:zedder:*:*"}, "versions": ["1.2.11"]}'
    record CVE-11 '{"ranges": [{"type": "GIT", "repo": "https://example.org/zed", "events": [{"introduced": "0"}, {"fixed": "0123abc"}], "database_specific": {"cpe": "cpe:2.3:a:maker:zed:1:*", "extracted_events": [{"introduced": "0"}, {"fixed": "1.2.13"}]}}]}'
    record CVE-12 '{"ranges": [{"type": "GIT", "repo": "https://example.org/zed", "events": [{"introduced": "0"}], "database_specific": {"cpe": "cpe:2.3:a:maker:zed:1:*"}}]}'
    audit --database db made/program
    status 13
    is "$(about libs/zed)" 'CVE-1 CVE-11 CVE-4 CVE-6 CVE-8 '
    out 'libs/zed 1.2.11: CVE-1 (GHSA-1), severity HIGH, fixed in 1.2.12: a hole' '4 ports, 12 records: 5 vulnerabilities'
    out 'CVE-8, fixed in 1.3' 'CVE-11, fixed in 1.2.13'
    audit --database db --ignore GHSA-1 --ignore CVE-4 --ignore CVE-6 --ignore CVE-8 --ignore CVE-11 made/program
    status 0
    out '0 vulnerabilities'
    not_there "$CACHE"/artifacts/*
}

test_by_package() {
    ports
    local range='"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}]'
    record PYSEC-1 '{"package": {"ecosystem": "PyPI", "name": "some-pack"}, '"$range"'}'
    record PYSEC-2 '{"package": {"ecosystem": "PyPI", "name": "Some.Pack"}, '"$range"'}'
    record PYSEC-3 '{"package": {"ecosystem": "npm", "name": "some-pack"}, '"$range"'}'
    record PYSEC-4 '{"package": {"ecosystem": "PyPI", "name": "some-packs"}, '"$range"'}'
    record PYSEC-5 '{"package": {"ecosystem": "X", "name": "x", "purl": "pkg:pypi/some-pack"}, "versions": ["2"]}'
    record PYSEC-6 '{"package": {"ecosystem": "PyPI", "name": "some-pack"}, "versions": ["2.0.1", "2.0rc1"]}'
    audit --database db made/program
    status 13
    is "$(about wheels/pack)" 'PYSEC-1 PYSEC-2 PYSEC-5 '
}

test_by_repository() {
    ports
    record OSV-1 '{"ranges": [{"type": "GIT", "repo": "https://github.com/Owner/repo.git", "events": [{"introduced": "0"}]}], "versions": ["v3.0", "v3.1"]}'
    record OSV-2 '{"ranges": [{"type": "GIT", "repo": "https://github.com/owner/other", "events": [{"introduced": "0"}]}], "versions": ["v3.1"]}'
    record OSV-3 '{"ranges": [{"type": "GIT", "repo": "https://github.com/owner/repo", "events": [{"introduced": "0"}], "database_specific": {"versions": [{"introduced": "3.0"}, {"fixed": "3.2"}]}}]}'
    record OSV-4 '{"ranges": [{"type": "GIT", "repo": "https://github.com/owner/repo"}], "versions": ["repo_3_1"]}'
    record OSV-5 '{"ranges": [{"type": "GIT", "repo": "https://github.com/owner/repo"}], "versions": ["v3.1.1", "v3.10"]}'
    audit --database db made/program
    status 13
    is "$(about libs/repo)" 'OSV-1 OSV-3 OSV-4 '
}

# What was built counts: here an older archive, because the recipe's own cannot be fetched.
test_an_older_archive() {
    archive zed-1.2.9.tar.gz text=old
    mkdir -p db
    printf 'version: "1.2.11"\ntoolchain: none\ncpe: maker:zed\nsources:\n  - url: "file:%s/zed-1.2.11.tar.gz"\n    sha256: %064d\n    also:\n      - url: "file:%s/zed-1.2.9.tar.gz"\n        sha256: %s\nsteps:\n  - name: a\n    run: cp "$SRC/text" "$STAGE/"\n' \
        "$T" 0 "$T" "$(sha256 zed-1.2.9.tar.gz)" | port libs/zed
    record CVE-OLD '{'"$zed"', "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.10"}]}]}'
    audit --database db libs/zed
    status 0
    wl libs/zed
    status 0
    audit --database db libs/zed
    status 13
    out 'libs/zed 1.2.9: CVE-OLD, fixed in 1.2.10'
}

test_tools() {
    ports
    record T-1 '{"database_specific": {"cpes": ["cpe:2.3:a:x:y:*", "cpe:2.3:a:maker:hammer:*:*"]}, "versions": ["1"]}'
    audit --database db made/program
    status 0
    audit --database db --tools made/program
    status 13
    is "$(about tools/hammer)" 'T-1 '
}

test_forms_of_a_database() {
    ports
    record ONE '{'"$zed"', "versions": ["1.2.11"]}'
    mkdir -p db/deep/er
    mv db/ONE.json db/deep/er/
    echo 'not JSON' >db/README
    ln -s / db/loop
    audit --database db libs/zed
    status 13
    audit --database db/deep/er/ONE.json --json libs/zed
    status 13
    "$PYTHON" -c 'import json; d = json.load(open(".out")); assert [x["id"] for x in d] == ["ONE"] and d[0]["port"] == "libs/zed"' || fail 'not JSON'
    { echo '['; cat db/deep/er/ONE.json; echo ','; sed 's/ONE/TWO/' db/deep/er/ONE.json; echo ']'; } >list.json
    audit --database list.json libs/zed
    is "$(about libs/zed)" 'ONE TWO '
}

test_licenses() {
    ports
    printf 'license: %s\n' MIT >>"$PORTS/libs/zed/recipe.yaml"
    printf 'license: %s\n' 'Zlib OR GPL-3.0-only' >>"$PORTS/wheels/pack/recipe.yaml"
    printf 'license: %s\n' 'MIT AND Apache-2.0 WITH LLVM-exception' >>"$PORTS/libs/repo/recipe.yaml"
    printf 'license: %s\n' 'MIT' >>"$PORTS/made/program/recipe.yaml"
    printf 'license: %s\n' 'GPL-3.0-only' >>"$PORTS/tools/hammer/recipe.yaml"
    printf '# what we allow\n  MIT\nZlib # too\n\napache-2.0' >list
    audit --licenses list made/program
    status 0
    is "$(cat .out)" '4 ports: 0 licenses that are not allowed'
    # A tool counts only if that is wished.
    audit --licenses list --tools made/program
    status 14
    out 'tools/hammer 1: the license GPL-3.0-only is not allowed' ': 1 licenses'
    echo MIT >list
    audit --licenses list --json made/program
    status 14
    "$PYTHON" - <<'EOF' || fail "$(cat .out)"
import json
assert {(x["port"], x["license"]) for x in json.load(open(".out"))} == {
    ("wheels/pack", "Zlib OR GPL-3.0-only"), ("libs/repo", "MIT AND Apache-2.0 WITH LLVM-exception")}
EOF
    # A recipe that says nothing, and one with a sentence.
    sed -i '/^license/d' "$PORTS/libs/zed/recipe.yaml"
    sed -i 's/^license: .*/license: as you like it/' "$PORTS/wheels/pack/recipe.yaml"
    audit --licenses list made/program
    status 14
    out 'libs/zed 1.2.11: the license NOASSERTION is not allowed' 'the license as you like it is no SPDX expression'
    # Both: vulnerabilities count for more.
    record CVE-1 '{'"$zed"', "versions": ["1.2.11"]}'
    audit --licenses list --database db made/program
    status 13
    out 'CVE-1' '4 ports, 1 records: 1 vulnerabilities, 3 licenses that are not allowed'
    for wrong in 'MIT AND Zlib' 'MIT,' '(MIT)' 'my own license'; do
        printf 'MIT\n%s\n' "$wrong" >list
        audit --licenses list made/program
        status 2
        err "list:2: \"$wrong\" is no license"
    done
    printf 'MIT\0' >list
    audit --licenses list made/program
    status 2
    err 'list is no text'
    audit --licenses none made/program
    status 7
    err none
    audit made/program
    status 2
    err '--database or --licenses is missing'
}

test_bad_databases() {
    ports
    audit made/program
    clean_failure 2
    err '--database or --licenses is missing'
    audit --database db made/program
    clean_failure 2
    err 'there are no records'
    audit --database none made/program
    clean_failure 2
    local bad
    for bad in '{' '[{]' '{"id": 5, "affected": []}' '{"affected": []}' '[3]' '{"id": "a", "affected": {}}' '"text"' \
        "$("$PYTHON" -c 'print("[" * 100000)')" '{"id": "\ud800", "affected": []}'; do
        printf '%s\n' "$bad" >db/bad.json
        audit --database db made/program
        clean_failure 5
        err db/bad.json
    done
    # Members of other types than they should have are members that are missing.
    record ODD '{"package": [], "ranges": [3, {"type": 1, "repo": {}, "events": [null, {"introduced": 4}]}], "versions": [1, null, {}], "database_specific": {"cpes": 4}}, 7, null' \
        '"aliases": {"a": 1}, "severity": [1], "summary": 4'
    rm db/bad.json
    audit --database db made/program
    status 0
}

main "$@"
