#!/bin/bash
# Checks that the documentation is true: it describes everything that the tool knows, and nothing else. Prints TAP.
#
# From meson: WL_MAKE is the tool, WL_SOURCE_ROOT the checkout.
set -u

: "${WL_MAKE:?WL_MAKE must name the tool}"
: "${WL_SOURCE_ROOT:=$(CDPATH= cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)}"
export WL_MAKE_ROOT=$WL_SOURCE_ROOT LC_ALL=C.UTF-8
cd "$WL_SOURCE_ROOT" || exit 1

n=0
failed=0

# `same WHAT LEFT RIGHT`: two lists of lines must be equal, in any order.
same() {
    local difference
    difference=$(diff <(sort -u <<<"$2" | sed '/^$/d') <(sort -u <<<"$3" | sed '/^$/d') | sed -n 's/^</only left:/p; s/^>/only right:/p')
    [ -n "$(sed '/^$/d' <<<"$2")" ] || difference="nothing was found to compare"
    none "$1" "$difference"
}

# `none WHAT COMPLAINTS`: the list of complaints must be empty.
none() {
    n=$((n + 1))
    if [ -z "$2" ]; then
        echo "ok $n - $1"
    else
        failed=$((failed + 1))
        echo "not ok $n - $1"
        sed 's/^/#   /' <<<"$2"
    fi
}

# The files of the project: the committed and new ones, or, outside git, all except build output.
files() {
    if git ls-files >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard | while read -r f; do [ ! -f "$f" ] || echo "$f"; done
    else
        find . -type f ! -path './.build/*' ! -path './build-output/*' ! -path './.git/*' | sed 's|^\./||'
    fi
}
all_files=$(files)
documents=$(grep '\.md$' <<<"$all_files")

# --- commands and options ---

commands=$("$WL_MAKE" help --list)
same "every command has its man page (left: help, right: man/)" "$commands" \
    "$(sed -n 's|^man/wl-make-\([a-z-]*\)\.1\.scd$|\1|p' <<<"$all_files")"
same "wl-make(1) names every command" "$commands" "$(sed -n 's/^\*wl-make-\([a-z-]*\)\*(1)$/\1/p' man/wl-make.1.scd)"

# The options that the section OPTIONS of a page lists.
page_options() {
    sed -n '/^# OPTIONS/,/^# [^O]/p' "$1" | grep '^\*-' | grep -oE '\*--?[A-Za-z0-9-]+\*' | tr -d '*'
}
for command in $commands; do
    known=$("$WL_MAKE" help --list "$command")
    same "wl-make-$command(1) has the options of $command (left: the tool, right: the page)" "$(cut -f 1 <<<"$known")" \
        "$(page_options "man/wl-make-$command.1.scd")"
    none "wl-make-$command(1) names the value of each option as the tool does" "$(
        # (The pages underline the words of a value, not the marks between them.)
        page=$(tr -d _ <"man/wl-make-$command.1.scd")
        while IFS=$'\t' read -r option value _; do
            [ -z "$value" ] || grep -F -e "*$option*" <<<"$page" | grep '^\*' | grep -qF -e "* $value" || echo "$option $value"
        done <<<"$known"
    )"
done
# shellcheck source=/dev/null
source completions/wl-make
same "the completion knows the commands" "$commands" "$(tr ' ' '\n' <<<"$_wl_make_commands")"
same "wl-make(1) lists the exit statuses of src/util/err.h" \
    "$(sed -n 's/^    WL_E_[A-Z]* = \([1-7]\),.*/\1/p' src/util/err.h)" \
    "$(sed -n '/^# EXIT STATUS/,/^# [^E]/s/^\*\([1-7]\)\*$/\1/p' man/wl-make.1.scd)"
none "the man pages that the tool mentions exist" "$(
    grep -ohE 'man wl-[a-z-]+' src/cmd/*.c src/main.c | sort -u | sed 's/^man //; s/-$//' | while read -r page; do
        [ -e "man/$page.1.scd" ] || [ -e "man/$page.5.scd" ] || echo "$page"
    done
)"

# (Options that only native programs have are marked as such.)
same "wl-run(1) has the options of host/cli/options.c" "$(
    sed -n '/^const struct run_option run_options/,/^};/p' host/cli/options.c | tr '\n' ' ' | sed 's/{"/\n{"/g' |
        grep -vE ', OF_NATIVE, ' | sed -nE "s/^\{\"([a-z0-9-]+)\", 0,.*/--\1/p; s/^\{\"([a-z-]+)\", '(.)',.*/-\2\n--\1/p"
)" "$(page_options man/wl-run.1.scd)"

# --- recipes ---

same "docs/recipes.md describes the keys of src/recipe/fields.c and schema.c" \
    "$(sed -nE 's/^    \{"([a-z0-9-]+)", .*FIELD_.*/\1/p' src/recipe/fields.c
       sed -nE 's/^    \{"[a-z0-9-]+", "([a-z0-9-]+)", .*/\1/p' src/recipe/fields.c
       sed -nE 's/^ *(STRINGS?|STRUCTS|CYAML_FIELD_[A-Z_]+)\("([a-z0-9-]+)".*/\2/p' src/recipe/schema.c)" \
    "$(sed -n '/^## All keys/,/^Unpacked is/p; /^## Extension modules/,/^A module that/p' docs/recipes.md | sed -nE 's/^\| `([a-z0-9-]+)` \|.*/\1/p'
       grep -oE 'list of `\{name, run\}`' docs/recipes.md | grep -oE 'name|run')"
# TERM is for enter.sh, STATUS_FD for the steps of apps and native programs, LD_PRELOAD for those of verify: no recipe has
# them.
none "docs/recipes.md describes the variables of a step" "$(
    grep -ohE '"[A-Z_]+=' src/make/box.c src/plan/toolchain.c | tr -d '"=' | grep -vxE 'TERM|STATUS_FD|LD_PRELOAD' | sort -u | while read -r name; do
        grep -qE "^\|.*\`$name[\`.]" docs/recipes.md || echo "$name"
    done
    grep -oE '\{"[A-Z]+", "[/a-z]*"\}' src/make/box.c | grep -oE '[A-Z]+' | while read -r name; do
        grep -qE "^\|.*\`$name\`" docs/recipes.md || echo "$name"
    done
)"
none "docs/recipes.md describes every kind of address" "$(
    sed -nE 's/^const struct source_kind [a-z_]+ = \{"([^"]+)".*/\1/p' src/source/kinds/*.c | while read -r scheme; do
        grep -qF -e "$scheme" docs/recipes.md || echo "$scheme"
    done
)"

# --- paths, links, pages ---

none "every path in the documents exists" "$(
    for document in $documents; do
        grep -oE '`[^` ]+`' "$document" | tr -d '`' |
            grep -E '^(src|docs|man|ports|tests|bench|guest|host|completions|\.ci)/|^[A-Za-z.-]+\.(sh|md|build)$|^LICENSE$' |
            # Leave out patterns such as ports/NAME, and files that an example would create.
            grep -vE '[A-Z]{2,}|\*|libs/bzip2|v3\.11\.15' | sort -u | while read -r path; do
            [ -e "${path%:*}" ] || [ -e "$(dirname -- "$document")/$path" ] || echo "$document: $path"
        done
    done
)"
anchors() {
    sed -n 's/^##* //p' "$1" | tr 'A-Z' 'a-z' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}
none "every relative link leads somewhere" "$(
    for document in $documents; do
        grep -oE '\]\([^)]+\)' "$document" | sed 's/^](//; s/)$//' | grep -vE '^[a-z]+:' | while read -r link; do
            target=${link%%#*}
            file=$document
            [ -z "$target" ] || file=$(dirname -- "$document")/$target
            if [ ! -e "$file" ]; then
                echo "$document: $link"
            elif [ "$link" != "$target" ] && ! anchors "$file" | grep -qxF -e "${link#*#}"; then
                echo "$document: $link: no such heading"
            fi
        done
    done
)"
cache=$(mktemp -d) || exit 1
trap 'rm -rf "$cache"' EXIT
none "every command line of README.md and usage.md names a command or a port" "$(
    grep -oE '^ +\./wl-make\.sh( --offline)? [a-z/0-9.-]+' README.md docs/usage.md | awk '{ print $NF }' | sort -u | while read -r word; do
        grep -qxF -e "$word" <<<"$commands" && continue
        # Other errors do not matter here (for example a missing toolchain), but the name must be known.
        ! "$WL_MAKE" --dry-run --cache-dir "$cache" "$word" 2>&1 | grep -E 'there is no (port|command)' || echo "$word"
    done
)"
if command -v scdoc >/dev/null 2>&1; then
    none "scdoc accepts every page" "$(
        for page in man/*.scd; do
            scdoc <"$page" 2>&1 >/dev/null | sed "s|^|$page: |"
            [ "$(scdoc <"$page" 2>/dev/null | wc -c)" -gt 200 ] || echo "$page: is empty"
        done
    )"
else
    n=$((n + 1))
    echo "ok $n - scdoc accepts every page # SKIP scdoc is not installed"
fi
none "man/meson.build builds every page" "$(
    sed -n 's|^man/\(.*\)\.scd$|\1|p' <<<"$all_files" | while read -r page; do
        command=${page#wl-make-}
        grep -qF -e "'$page'" -e "'$page.scd'" -e "'${command%.1}'" man/meson.build || echo "$page"
    done
)"

# --- language (CONTRIBUTING.md) ---

# Phrases of translated German, which should not come back. A match is rewritten, not excused.
old_phrases='(can|could) ?not be had|to be had|anew|who(ever|soever)|mend(s|ed|ing)?|(is|are|was|were|been|be|being) told'
old_phrases+='|told (of|from|by)|tell(s|ing)? of|(became|become|becomes|comes) of|says? of itself|for want of|of one.s own'
old_phrases+='|(is|are|was|were) there already|for company|br(ing|ings|ought) along|can not|for ever|in vain|as ever'
old_phrases+='|one a (line|port|processor|process|page|file)|a line each|what is no|words? behind|but for|but once|worth knowing'
old_phrases+='|all the same|will do|whom|what became|(comes?|came) upon|(is|are|was|were) (not )?looked at|as it begins'
old_phrases+='|(is|are|was|were) not there|nobody (gives|maps)|(is|are) said to be|(is|are) nothing that|in whatever way|made of it'
# Texts of others, and generated tables. (Of patches, only the description is ours.)
elsewhere='^docs/(results|benchmarks)/|(^|/)LICENSE$|[.](svg|json|xz|start|png)$'
our_texts=$(grep -vE "$elsewhere" <<<"$all_files" | grep -v '^tests/docs/check-docs.sh$')
none "no text uses the phrases that CONTRIBUTING.md advises against" "$(
    xargs -d '\n' grep -nHwiE -e "$old_phrases" -- <<<"$our_texts" |
        # The left column of the table of examples.
        grep -vE '^CONTRIBUTING[.]md:[0-9]+:[|]|[.]patch:[0-9]+:[ -]'
)"
# Names in the code may contain the word, and so may examples in `...`.
none "documents and comments say directory, not folder" "$(
    grep -E '[.](md|scd)$' <<<"$our_texts" | while read -r f; do sed 's/`[^`]*`//g' "$f" | grep -nwiE 'folders?' | sed "s|^|$f:|"; done
    grep -vE '[.](md|scd)$' <<<"$our_texts" |
        xargs -d '\n' grep -nHiE '(^[+]?[[:space:]]*(#+|[*]|//|;;)[[:space:]]|/[*])[^"]*\bfolders?\b([^./_]|$)' --
)"

# --- strings that must not occur anywhere ---

none "the project contains no address of a package registry's host" "$(
    grep -nHE '(deb|security|snapshot|ftp)[.]debian[.]org|archive[.]ubuntu|py''pi[.](org|io)|pythonhosted[.]|crates[.]io|registry[.]npmjs|npmjs[.]com|proxy[.]golang' \
        $(grep -v '^tests/docs/check-docs.sh$' <<<"$all_files") /dev/null
)"
none "the project contains no path of one machine" "$(
    grep -nHE "(^|[^A-Za-z0-9_.\$}-])/(work|root|home/[a-z][a-z]+|Users)/|$(hostname | sed 's/[^A-Za-z0-9-]//g; s/^.\{0,5\}$/a name too short to mean it/')" \
        $(grep -v '^tests/docs/check-docs.sh$' <<<"$all_files") /dev/null
)"

echo "1..$n"
[ "$failed" = 0 ]
