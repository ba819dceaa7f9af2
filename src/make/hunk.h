/* What patch(1) says of a patch that does not apply, for a person. The patch may be a stranger's, and its names are in
 * what patch(1) prints: both may contain anything. */
#ifndef WL_MAKE_HUNK_H
#define WL_MAKE_HUNK_H

/* All strings are owned. */
struct patch_report {
    char *text;         /* its lines about failures, each with the file that it is about; "": none */
    char *file;         /* whose hunk failed first; NULL: no line names one */
    unsigned long hunk; /* which one, from 1 */
};

/* Reads what patch(1) has printed. A long report is cut. patch_report_free in any case. */
void patch_report_read(struct patch_report *r, const char *output);
void patch_report_free(struct patch_report *r);

/* Hunk number n (from 1) of a file in a patch, whose names lose their first directory (`patch -p1`): the line "@@ ..."
 * and what follows it, without the last line end. Of a long hunk only the first lines. NULL: there is none. The caller
 * frees it. */
char *patch_hunk(const char *patch, const char *file, unsigned long n);

#endif
