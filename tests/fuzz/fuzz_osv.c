/* Reads any bytes as a record of a database of vulnerabilities, and compares it with some parts, as `audit` does. */
#include "sbom/osv.h"

#include "util/str.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char repository[] = "https://github.com/madler/zlib/releases/download/v1.2.11/zlib-1.2.11.tar.gz";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *addresses[] = {repository, NULL};
    static char zlib[] = "zlib", version[] = "1.2.11", attrs[] = "pkg:pypi/attrs@22.2.0",
                debian[] = "pkg:deb/debian/zlib@1.2.11?arch=source", cpe[] = "cpe:2.3:a:zlib:zlib:1.2.11:*:*:*:*:*:*:*";
    const struct sbom_part parts[] = {
        {.port = zlib, .version = version, .purl = debian, .cpe = cpe, .addresses = {addresses, 1}},
        {.port = zlib, .version = version, .purl = attrs}};
    json_error_t why;
    json_t *record = json_loadb((const char *)data, size, 0, &why);

    for (size_t i = 0; record && i < sizeof parts / sizeof *parts; i++) {
        struct osv_match match;
        struct osv_report report = {.v = NULL};

        if (osv_match_record(record, &parts[i], &match) != 1)
            continue;
        if (!match.id || !*match.id || !match.summary || !match.aliases || !match.severity || !match.fixed)
            abort();
        report.v = xmalloc(sizeof match);
        report.v[report.n++] = match;
        osv_report_free(&report);
    }
    json_decref(record);
    return 0;
}
