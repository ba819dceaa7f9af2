/* What is in something that was built, and how it was made: as a bill of materials (SBOM) in the formats SPDX 2.3 and
 * CycloneDX 1.6, and as provenance (SLSA v1). All is JSON, and the same build gives the same bytes: the time is the
 * `date` of the recipe, and names are made from keys.
 *
 * Formats: https://spdx.github.io/spdx-spec/v2.3/, https://cyclonedx.org/docs/1.6/json/,
 * https://slsa.dev/spec/v1.0/provenance with https://in-toto.io/Statement/v1; addresses of packages (PURL):
 * https://github.com/package-url/purl-spec; CPE 2.3: NIST IR 7695. */
#ifndef WL_SBOM_H
#define WL_SBOM_H

#include "make/make.h"
#include "util/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct sbom_source {
    char *file;
    char *from; /* the address that served it, without names and passwords; NULL: not known */
    char sha256[HASH_HEX_SIZE];
};

struct sbom_patch {
    char *name, *path;
    char sha1[41], sha256[HASH_HEX_SIZE];
};

/* A port: the thing itself, a library in it, or a tool that only made it. All strings are owned. */
struct sbom_part {
    char *port, *name;
    char *version; /* of the archive that was used (served_version) */
    char *recipe_version;
    char *license;  /* an SPDX expression, or "NOASSERTION" */
    char *homepage; /* "": none */
    char *purl;
    char *cpe; /* NULL: the recipe names none */
    char *toolchain;
    char key[HASH_HEX_SIZE];
    struct sbom_source *sources;
    size_t sources_n;
    struct sbom_patch *patches;
    size_t patches_n;
    struct strv addresses; /* all that the recipe names: of the sources, and the homepage */
    struct strv contains;  /* ports that it links, or is built with and contains something of */
    struct strv tools;     /* ports that it was only made with */
    bool root, contained;  /* contained: something of it is in the roots; the roots are, too */
};

/* A file that the document is about. */
struct sbom_file {
    char *name;
    char sha1[41], sha256[HASH_HEX_SIZE];
};

struct sbom {
    char *name, *version;    /* of the whole */
    char *created;           /* YYYY-MM-DDThh:mm:ssZ */
    char *uuid;              /* made from the keys */
    struct sbom_part *parts; /* sorted by port */
    size_t parts_n;
    struct sbom_file *files;
    size_t files_n;
    struct strv options; /* NAME=VALUE: how it was built, apart from the recipes */
};

enum sbom_format { SBOM_SPDX, SBOM_CYCLONEDX, SBOM_SLSA };

/* Collects what these ports (of the plan, which are built) are made of. The addresses are those in the manifests of
 * their artifacts; of a port whose artifact is not in the store, those of its recipe. */
int sbom_collect(const struct make_options *o, const struct plan *p, const struct strv *roots, struct sbom *s,
                 struct wl_err *err);
/* Adds a file, by its bytes, or all files of the artifacts of the roots. */
int sbom_add_file(struct sbom *s, const char *file, const char *name, struct wl_err *err);
int sbom_add_artifact(struct sbom *s, const struct make_options *o, const struct node *n, struct wl_err *err);
void sbom_free(struct sbom *s);

/* The document as text, which the caller frees. */
int sbom_text(const struct sbom *s, enum sbom_format format, char **text, struct wl_err *err);

/* The PURL of something from an address like those in recipes; name and version are for addresses that tell nothing of
 * them. The caller frees it. */
char *sbom_purl(const char *from, const char *name, const char *version);
/* "cpe:2.3:a:VENDOR:PRODUCT:VERSION:..." for what a recipe's `cpe` says ("VENDOR:PRODUCT"). The caller frees it. */
char *sbom_cpe(const char *cpe, const char *version);

/* The formats, for sbom_text. */
json_t *sbom_spdx(const struct sbom *s);
json_t *sbom_cyclonedx(const struct sbom *s);
json_t *sbom_slsa(const struct sbom *s);

#endif
