#!/bin/bash
# The scripts of bench/: which options they refuse, how they save and compare, and the plots and tables that they make. This test
# measures nothing.
# shellcheck source=lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

bench=$WL_SOURCE_ROOT/bench
saved=$WL_SOURCE_ROOT/docs/benchmarks

# `refuses TEXT SCRIPT OPTION...`: the script ends with this message, in one line, before it does anything.
refuses() {
    local text=$1 script=$2
    shift 2
    run "$bench/$script" "$@"
    status 1
    err "$script: " "$text"
    is "$(wc -l <"$T/.err")" 1 "lines on stderr for $script $*"
    is "$(cat "$T/.out")" '' "stdout"
}

test_options_that_are_refused() {
    local script
    for script in build host libs size start throughput; do
        refuses "unknown option --bogus" "$script" --bogus
        refuses "--runs takes a number" "$script" --runs 0
        refuses "--runs takes a number" "$script" --runs
        refuses "--cache-dir takes a directory" "$script" --cache-dir
        refuses "--save-as takes a file whose name ends in .json" "$script" --save-as result.txt
        refuses "--compare takes a file" "$script" --compare
        refuses "nowhere.json does not exist" "$script" --compare nowhere.json
    done
    refuses "unknown name jython; known are: plain single" throughput --engines plain,jython
    refuses "names separated by commas" start --engines ,
    refuses "--programs: unknown name doom; known are: chaos " throughput --programs chaos,doom
    refuses "unknown option --programs" start --programs chaos
    refuses "unknown option --engines" build --engines plain
    refuses "--save needs a complete run; with --engines use --save-as" throughput --engines plain --save
    refuses "--beside takes the directory of another checkout" throughput --beside .
    refuses "unknown option --beside" build --beside "$WL_SOURCE_ROOT"
    refuses "--save needs a complete run; with --beside use --save-as" start --beside "$WL_SOURCE_ROOT" --save
    refuses "was not saved by bench/throughput" throughput --compare "$saved/start.json"
    refuses "is of python/v3.13.5, not of python/v3.11.1" throughput --compare "$saved/throughput.json" python/v3.11.1
    not_there nowhere.json result.txt
}

# A script that measures nothing: its samples are made up.
made_up() {
    cat >made-up <<END
#!/bin/bash
source "$bench/lib.sh"
arguments 3 "Nothing." "\$@"
printf '%s\n' 20 ${1-30} 40 >"\$T/plain"
printf '%s\n' 10 10 16 >"\$T/python3"
result "spin" plain ms "\$T/plain"
ratio "spin" plain "\$T/plain" "\$T/python3"
fact "weight, empty" '' bytes 1234
report
END
    chmod +x made-up
}

# The other checkout's engines are measured in turn with this one's, and are called with the other one's runner and modules.
test_beside_another_checkout() {
    mkdir other
    cp "$WL_SOURCE_ROOT/wl-make.sh" other/
    cat >beside <<END
#!/bin/bash
source "$bench/lib.sh"
source "$bench/pythons.sh"
arguments 1 "Nothing." "\$@"
python=python3 result=/new runner=(new-run) library=() other_result=/old other_runner=(old-run) other_library=(old-library)
for name in "\${engines[@]}"; do
    words_of "\$name" pass /see
    echo "\$name: \${words[*]}"
done
END
    chmod +x beside
    run ./beside --engines plain,snapshot,v8 --beside other
    status 0
    is "$(grep -v '^v8' "$T/.out")" 'plain: new-run --dir=/see::/see /new/bin/python.wasm -I -c pass
old-plain: old-run old-library --dir=/see::/see /old/bin/python.wasm -I -c pass
snapshot: new-run --dir=/see::/see /new/bin/python-snapshot.wasm -I -c pass
old-snapshot: old-run --dir=/see::/see /old/bin/python-snapshot.wasm -I -c pass'
    out 'v8: '
    not_out 'old-v8'
}

test_a_run_is_saved_and_a_later_one_compared() {
    made_up
    run ./made-up --save-as one.json
    status 0
    not_out earlier
    there one.json one.svg one.md
    "$PYTHON" - <<'END' || fail "one.json has other results"
import json

document = json.load(open("one.json"))
assert document["benchmark"] == "made-up" and document["port"] == "python/v3.11.2", document
assert document["results"] == [
    {"name": "spin", "of": "plain", "unit": "ms", "runs": 3, "best": 20, "median": 30, "min": 20, "max": 40},
    {"name": "spin", "of": "plain", "unit": "ratio", "runs": 3, "best": 2, "median": 2.5, "min": 2, "max": 3},
    {"name": "weight, empty", "unit": "bytes", "runs": 1, "best": 1234, "median": 1234, "min": 1234, "max": 1234},
], document["results"]
END
    made_up 25
    run ./made-up --compare one.json
    status 0
    out "earlier: one.json, commit "
    is "$(grep -E '^spin .* ms ' .out | awk '{ print $6, $9 }')" "25 30" "median and earlier median"
    is "$(grep -E '^weight, empty ' .out | awk '{ print $NF }')" 1234 "earlier weight"
}

test_plot_and_table_depend_only_on_the_json() {
    cat >many.json <<'END'
{
  "benchmark": "throughput", "port": "python/v3.13.5", "machine": "a & b <c>", "date": "2026-01-02T03:04:05Z", "commit": "abc",
  "versions": {"plain": "3.13.5", "other": "3.14.2, Node 20"},
  "results": [
    {"name": "one", "of": "plain", "unit": "ratio", "runs": 2, "best": 1.4, "median": 1.5, "min": 1.25, "max": 2},
    {"name": "two", "of": "plain", "unit": "ratio", "runs": 2, "best": 1, "median": 1, "min": 1, "max": 1},
    {"name": "three <&>", "of": "plain", "unit": "ratio", "runs": 2, "best": 3, "median": 3, "min": 3, "max": 3},
    {"name": "one", "of": "other", "unit": "ratio", "runs": 2, "best": 3, "median": 4, "min": 2, "max": 5},
    {"name": "one", "of": "python3", "unit": "ms", "runs": 2, "best": 3, "median": 4, "min": 2, "max": 5},
    {"name": "all", "unit": "bytes", "runs": 1, "best": 2500000, "median": 2500000, "min": 2500000, "max": 2500000}
  ]
}
END
    run "$PYTHON" "$bench/plot.py" many.json
    status 0
    "$PYTHON" - <<'END' || fail "many.svg is wrong"
import xml.etree.ElementTree as ET

root = ET.parse("many.svg").getroot()
assert root.tag == "{http://www.w3.org/2000/svg}svg", root.tag
words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
for word in "three <&>", "plain", "other", "3.14.2", "Node 20", "1.50", "–":
    assert word in words, (word, words)
# All of it lies inside the picture.
width, height = float(root.get("width")), float(root.get("height"))
for element in root.iter():
    for key, most in ("x", width), ("x1", width), ("x2", width), ("y", height), ("y1", height), ("y2", height):
        assert 0 <= float(element.get(key, 0)) <= most, (element.attrib, width, height)
text = open("many.svg").read()
assert "href" not in text and "url(" not in text, "the picture loads something from elsewhere"
assert "prefers-color-scheme: dark" in text
END
    grep -qxF '| one | 1.50 (1.40) | 4.00 (3.00) |' many.md || fail "many.md: $(cat many.md)"
    grep -qxF '| two | 1.00 | – |' many.md || fail "many.md: $(cat many.md)"
    grep -qF 'other 3.14.2, Node 20' many.md || fail "no version in many.md: $(cat many.md)"
    mkdir again
    cp many.json again/
    run "$PYTHON" "$bench/plot.py" again/many.json
    cmp many.svg again/many.svg && cmp many.md again/many.md || fail "other bytes the second time"
}

test_files_that_are_not_results_are_refused() {
    # `bad TEXT JSON`
    bad() {
        printf '%s' "$2" >bad.json
        run "$PYTHON" "$bench/plot.py" bad.json
        status 1
        err "plot.py: " "bad.json" "$1"
        is "$(wc -l <.err)" 1 "lines on stderr"
        not_there bad.svg bad.md
    }
    local head='"benchmark": "a", "port": "b", "machine": "c", "date": "d", "commit": "e"'
    bad "is not JSON" '{'
    bad "is not JSON" ''
    bad "is not a saved measurement" '[]'
    bad "is not a saved measurement" '{"benchmark": "a"}'
    bad "it has no results" "{$head, \"results\": []}"
    bad "median is not a number" "{$head, \"results\": [{\"name\": \"n\", \"unit\": \"ms\", \"median\": \"fast\", \"min\": 1, \"max\": 1}]}"
    bad "max is not a number" "{$head, \"results\": [{\"name\": \"n\", \"unit\": \"ms\", \"median\": 1, \"min\": 1, \"max\": NaN}]}"
    bad "'unit'" "{$head, \"results\": [{\"name\": \"n\"}]}"
    bad "commit is not a string" '{"benchmark": "a", "port": "b", "machine": "c", "date": "d", "commit": 1}'
    run "$PYTHON" "$bench/plot.py" nowhere.json
    status 1
    err "plot.py: nowhere.json: No such file"
    run "$PYTHON" "$bench/plot.py"
    status 1
    err "usage: plot.py FILE.json"
}

test_every_saved_result_has_its_plot_and_table() {
    local json file
    for json in "$saved"/*.json; do
        cp "$json" .
        file=${json##*/}
        run "$PYTHON" "$bench/plot.py" "$file"
        status 0
        for file in "${file%.json}".{svg,md}; do
            [ -e "$file" ] || [ -e "$saved/$file" ] || continue
            cmp "$file" "$saved/$file" || fail "docs/benchmarks/$file differs from the output of bench/plot.py for its JSON: run bench/plot.py"
        done
    done
}

main "$@"
