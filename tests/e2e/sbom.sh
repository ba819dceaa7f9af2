#!/bin/bash
# What sbom says about made-up ports, and whether the official programs accept it.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-900}
. "$(dirname -- "$0")/lib.sh"

# The tool for sbom, whose --output is a file.
sbom() {
    WL_MAKE_ROOT=$ROOT run "$WL_MAKE" sbom --cache-dir "$CACHE" --ports "$PORTS" "$@"
}

# A program with a library, a tool, a patch, and sources of several kinds.
ports() {
    serve
    archive www/lib-1.2.tar.gz text=library
    archive program.tar.gz text=$'one\ntwo'
    from_url libs/lib "$URL/lib-1.2.tar.gz" "$(sha256 www/lib-1.2.tar.gz)" 'license: MIT' 'cpe: maker:lib' \
        'homepage: https://example.org/lib'
    sed -i 's/^version: .*/version: "1.2"/' "$PORTS/libs/lib/recipe.yaml"
    simple tools/tool 'tool: true' 'license: Apache-2.0'
    mkdir -p "$PORTS/made/program"
    printf -- '--- a/text\n+++ b/text\n@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n' >"$PORTS/made/program/fix.patch"
    from_url made/program "file:$T/program.tar.gz" "$(sha256 program.tar.gz)" 'patches: [fix.patch]' \
        'needs: [libs/lib]' 'build-needs: [tools/tool]' 'license: LicenseRef-own AND MIT' 'date: 2026-02-03'
}

# `holds FILE EXPRESSION...`: each expression in Python about the document d is true.
holds() {
    "$PYTHON" - "$@" <<'END' || fail 'the document does not hold'
import json, sys
d = json.load(open(sys.argv[1]))
def part(name):
    return next(p for p in d["packages"] if p["name"] == name)
def component(name):
    return next(c for c in d["components"] if c["name"] == name)
for e in sys.argv[2:]:
    if not eval(e):
        sys.exit("not true: " + e)
END
}

test_spdx() {
    ports
    sbom made/program -o a.json
    status 0
    [ ! -s .out ] || fail 'output on stdout'
    holds a.json 'd["spdxVersion"] == "SPDX-2.3"' 'd["creationInfo"]["created"] == "2026-02-03T00:00:00Z"' \
        'part("lib")["versionInfo"] == "1.2"' 'part("lib")["licenseDeclared"] == "MIT"' \
        '{"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:maker:lib:1.2:*:*:*:*:*:*:*"} in part("lib")["externalRefs"]' \
        "part('lib-1.2.tar.gz')['checksums'][0]['checksumValue'] == '$(sha256 www/lib-1.2.tar.gz)'" \
        "part('lib-1.2.tar.gz')['sourceInfo'] == 'fetched from $URL/lib-1.2.tar.gz'" \
        'part("tool")["primaryPackagePurpose"] == "OTHER"' \
        '[f for f in d["files"] if f["fileName"] == "./made/program/fix.patch"]' \
        '[f for f in d["files"] if f["fileName"] == "./text"]' \
        '{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-port-made-program"} in d["relationships"]' \
        '{"spdxElementId": "SPDXRef-port-made-program", "relationshipType": "STATIC_LINK", "relatedSpdxElement": "SPDXRef-port-libs-lib"} in d["relationships"]' \
        '{"spdxElementId": "SPDXRef-port-tools-tool", "relationshipType": "BUILD_TOOL_OF", "relatedSpdxElement": "SPDXRef-port-made-program"} in d["relationships"]' \
        'd["hasExtractedLicensingInfos"][0]["licenseId"] == "LicenseRef-own"'
    # The hash of a file in the artifact.
    holds a.json "'$(sha256 "$(find "$CACHE/artifacts" -path '*tree/text' -exec grep -l ONE {} +)")' in str(d['files'])"
    # The same build, the same bytes; the standard output is the document alone.
    sbom made/program
    cmp a.json .out || fail 'another document'
}

test_cyclonedx() {
    ports
    sbom --format cyclonedx made/program -o a.json
    status 0
    holds a.json 'd["specVersion"] == "1.6"' 'd["metadata"]["timestamp"] == "2026-02-03T00:00:00Z"' \
        'component("lib")["cpe"] == "cpe:2.3:a:maker:lib:1.2:*:*:*:*:*:*:*"' 'component("lib")["scope"] == "required"' \
        'component("tool")["scope"] == "excluded"' 'component("lib")["licenses"] == [{"expression": "MIT"}]' \
        "component('lib')['externalReferences'][0]['url'] == '$URL/lib-1.2.tar.gz'" \
        "component('lib')['externalReferences'][0]['hashes'][0]['content'] == '$(sha256 www/lib-1.2.tar.gz)'" \
        '"+ONE" in component("program")["pedigree"]["patches"][0]["diff"]["text"]["content"]' \
        '{"ref": "made/program", "dependsOn": ["libs/lib"]} in d["dependencies"]' \
        'd["metadata"]["component"]["components"][0]["name"] == "text"'
    sbom --format cyclonedx made/program
    cmp a.json .out || fail 'another document'
}

test_slsa() {
    ports
    sbom --format slsa made/program -o a.json
    status 0
    holds a.json 'd["_type"] == "https://in-toto.io/Statement/v1"' 'd["predicateType"] == "https://slsa.dev/provenance/v1"' \
        'd["subject"][0]["name"] == "text"' 'len(d["subject"][0]["digest"]["sha256"]) == 64' \
        'd["predicate"]["buildDefinition"]["externalParameters"]["ports"] == ["made/program"]' \
        "'$URL/lib-1.2.tar.gz' in [m.get('uri') for m in d['predicate']['buildDefinition']['resolvedDependencies']]" \
        '"fix.patch" in [m["name"] for m in d["predicate"]["buildDefinition"]["resolvedDependencies"]]' \
        'len(d["predicate"]["buildDefinition"]["internalParameters"]["artifacts"]["libs/lib"]["key"]) == 64'
}

# After the sources are gone, the manifest still has their addresses.
test_sources_that_are_gone() {
    ports
    wl made/program
    status 0
    rm -rf "$CACHE/sources" "$T/www"
    sbom made/program -o a.json
    status 0
    holds a.json "part('lib-1.2.tar.gz')['sourceInfo'] == 'fetched from $URL/lib-1.2.tar.gz'"
}

# The programs of the two projects read the documents, with their schemas.
test_official_schemas() {
    ports
    local format
    for format in spdx cyclonedx; do
        sbom --format $format made/program -o $format.json
        status 0
    done
    # (The user's own settings name the index.)
    "$PYTHON" -m venv venv >log 2>&1 || not_available 'python3-venv'
    HOME=$REAL_HOME timeout 300 venv/bin/pip install -q 'cyclonedx-python-lib[json-validation]==11.12.0' 'spdx-tools==0.8.5' >log 2>&1 ||
        not_available "$(tail -1 log)"
    cat >check.py <<'END'
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open("cyclonedx.json").read())
if error:
    sys.exit(f"CycloneDX: {error}")
messages = validate_full_spdx_document(parse_file("spdx.json"))
for m in messages:
    print("SPDX:", m.validation_message, m.context.spdx_id)
# The validator itself must work.
broken = open("cyclonedx.json").read().replace('"specVersion": "1.6"', '"specVersion": 16')
if not JsonStrictValidator(SchemaVersion.V1_6).validate_str(broken):
    sys.exit("the validator accepts everything")
sys.exit(bool(messages))
END
    run venv/bin/python check.py
    status 0
}

test_usage() {
    sbom
    clean_failure 2
    simple made/a
    sbom --format other made/a
    clean_failure 2
    err 'spdx, cyclonedx or slsa'
    sbom -o "$T/no/such/directory/file" made/a
    clean_failure 7
    printf 'version: "1"\ntoolchain: none\ncpe: nonsense\nsteps: [{name: a, run: "true"}]\n' | port made/b
    sbom made/b
    clean_failure 3
    err 'recipe.yaml:3' 'VENDOR:PRODUCT'
}

main "$@"
