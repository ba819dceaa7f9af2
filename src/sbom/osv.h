/* Vulnerabilities of what is in an SBOM, from a database of records in the format OSV
 * (https://ossf.github.io/osv-schema/), which was downloaded before. The records are not trusted. */
#ifndef WL_SBOM_OSV_H
#define WL_SBOM_OSV_H

#include "sbom/sbom.h"

/* All strings are owned. */
struct osv_match {
    const struct sbom_part *part;
    char *id, *summary;
    char *aliases;  /* with spaces between them; "": none */
    char *severity; /* as the record has it; "": not given */
    char *fixed;    /* the first version after the part's that is not affected; "": not known */
};

struct osv_report {
    struct osv_match *v; /* sorted by port and record */
    size_t n;
    size_t records; /* that were read */
};

/* Compares the parts (with tools: those that only made something, too) with the records in a file (one record, or a
 * list of records) or in all files *.json of a directory and those below it. A part is found by its PURL, its CPE, or
 * the repository that its recipe names, and its version must be affected. A file that is no such record is WL_E_VERIFY.
 * The caller frees the report, after an error as well. */
int osv_audit(const struct sbom *s, const char *database, bool tools, struct osv_report *report, struct wl_err *err);
void osv_report_free(struct osv_report *r);

/* Whether a record is about a part, and the part's version is affected: then 1, and *match is filled in. 0: it is not.
 * -1: it is no record of OSV. */
int osv_match_record(const json_t *record, const struct sbom_part *part, struct osv_match *match);

#endif
