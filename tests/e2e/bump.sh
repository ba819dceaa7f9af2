#!/bin/bash
# bump, with a web server that offers two versions.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-600}
. "$(dirname -- "$0")/lib.sh"

bump() {
    WL_MAKE_ROOT=$ROOT run "$WL_MAKE" bump --cache-dir "$CACHE" --ports "$PORTS" "$@"
}

# `release VERSION NAME=TEXT...`: an archive that the server offers, whose newest file is of a known day.
release() {
    local version=$1
    shift
    mkdir -p www/dl
    archive "www/pack-$version.tar.gz" "$@"
    # (`archive` makes all files as old as can be.)
    mkdir -p x && tar -C x -xzf "www/pack-$version.tar.gz"
    find x -exec touch -d '2001-01-01' {} +
    touch -d '2002-03-04 12:00 UTC' x/package/text
    tar -C x --sort=name --owner=0 --group=0 -czf "www/pack-$version.tar.gz" package
    rm -rf x
    # What a server shows of a directory.
    (cd www && printf '<a href="%s">file</a>\n' *.gz >dl/index.html)
}

# A port whose recipe has comments, an odd order and other numbers that are no versions.
made() {
    serve
    release 1.2 text=$'one\ntwo' LICENSE=mine old=x same=y
    release 1.10 text=$'one\ntwo' LICENSE=theirs new=x same=y
    mkdir -p "$PORTS/made/pack"
    printf -- '--- a/text\n+++ b/text\n@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n' >"$PORTS/made/pack/fix.patch"
    cat >"$PORTS/made/pack/recipe.yaml" <<END
# A port of 1.2, which stays 1.2 here.
summary: made up
date: 2001-02-03 # upstream's day
version: "1.2"   # the newest
license: MIT
toolchain: none
patches: [fix.patch]
sources:
  - url: $URL/dl/pack-\${version}.tar.gz
    sha256: $(sha256 www/pack-1.2.tar.gz)
steps:
  - {name: a, run: 'cp "\$SRC/text" "\$STAGE/"; echo 11.2 1.2.3'}
END
    cp "$PORTS/made/pack/recipe.yaml" before
}

test_to_the_newest_version() {
    made
    wl made/pack
    status 0
    bump made/pack
    status 0
    out 'made/pack: 1.2 -> 1.10' "pack-1.10.tar.gz: sha256 $(sha256 www/pack-1.10.tar.gz)" 'date: 2002-03-04' \
        'licence: LICENSE is another one' 'files: 1 added, 1 removed, 1 changed' 'patches: all 1 apply'
    is "$(diff before "$PORTS/made/pack/recipe.yaml" | sed -n 's/^> //p' | tr '\n' '|')" \
        "date: 2002-03-04 # upstream's day|version: \"1.10\"   # the newest|    sha256: $(sha256 www/pack-1.10.tar.gz)|"
    wl made/pack
    status 0
    bump made/pack
    status 0
    out 'nothing to do, 1.10 is the newest version'
    nothing_half
}

test_to_a_version() {
    made
    wl made/pack
    bump made/pack 1.10 --dry-run
    status 0
    out '1.2 -> 1.10'
    cmp before "$PORTS/made/pack/recipe.yaml" || fail 'the recipe was changed'
    bump made/pack 1.10
    status 0
    bump made/pack 1.2
    status 0
    sed -i 's/^date: .*/date: 2001-02-03 # upstream'"'"'s day/' "$PORTS/made/pack/recipe.yaml"
    cmp before "$PORTS/made/pack/recipe.yaml" || fail 'there and back is not the same'
}

test_a_patch_that_no_longer_applies() {
    made
    release 1.10 text=other
    bump made/pack
    status 1
    out 'patch: fix.patch does not apply' 'files: not compared, because version 1.2 is not in the cache'
    grep -q '^version: "1.10"' "$PORTS/made/pack/recipe.yaml" || fail 'the recipe was not changed'
}

test_other_spellings_and_archives() {
    made
    cp www/pack-1.2.tar.gz www/R_1_2.tar.gz
    cp www/pack-1.10.tar.gz www/R_1_10.tar.gz
    cp www/pack-1.2.tar.gz www/fixed.tar.gz
    cat >"$PORTS/made/pack/recipe.yaml" <<END
version: 1.2
toolchain: none
sources:
  - url: $URL/R_1_2.tar.gz
    sha256: $(sha256 www/pack-1.2.tar.gz)
    also:
      - url: $URL/gone-\${version}.tar.gz
        sha256: $(printf '%064d' 7)
  - url: $URL/fixed.tar.gz
    sha256: $(printf '%064d' 8)
    into: x
steps: [{name: a, run: 'true'}]
END
    bump made/pack 1.10
    status 0
    out "not updated: the hash of $URL/gone-1.10.tar.gz" "unchanged: $URL/fixed.tar.gz does not depend on the version"
    grep -q "/R_1_10.tar.gz" "$PORTS/made/pack/recipe.yaml" || fail 'the other spelling is still there'
    grep -q "$(sha256 www/pack-1.10.tar.gz)" "$PORTS/made/pack/recipe.yaml" || fail 'no new hash'
}

test_what_cannot_be_bumped() {
    made
    bump made/pack 9.9
    clean_failure 4
    err 'no archive of version 9.9 could be downloaded' 'nothing was changed'
    cmp before "$PORTS/made/pack/recipe.yaml" || fail 'the recipe was changed'
    bump
    clean_failure 2
    bump made/pack 1 2
    clean_failure 2
    bump made/pack '1.2;rm'
    clean_failure 2
    bump made/pack '../x'
    clean_failure 2
    bump made/none
    clean_failure 3
    simple made/bare
    bump made/bare 2
    clean_failure 2
    err 'has no sources'
    printf 'abstract: true\nversion: "1"\ntoolchain: none\nsteps: [{name: a, run: "true"}]\n' | port made/base
    printf 'from: made/base\n' | port made/heir
    bump made/heir 2
    [ "$st" = 2 ] || [ "$st" = 3 ] || fail "status $st"
    bump made/pack --offline
    clean_failure 4
}

main "$@"
