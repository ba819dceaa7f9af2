#include "pack/image.h"

#include "pack/tool.h"
#include "recipe/known_ports.h"
#include "util/fs.h"

#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* The user that it runs as: nobody's, as images without one of their own use it. */
#define USER "65532:65532"
#define PORT "8080"
#define TOKEN "/run/secrets/wlpy/token"
#define LAYOUT_DIR "layout"
#define BLOBS LAYOUT_DIR "/blobs/sha256"

#define TYPE(name) "application/vnd.oci.image." name

/* The Python, which rarely changes and is most of the image, has a layer of its own. */
enum { LAYERS = 2 };

struct making {
    const struct image *im;
    const struct node *command;
    struct parcel layers[LAYERS];
    char key[HASH_HEX_SIZE];
    char *stage; /* while it is made */
};

long long image_time(const struct image *im)
{
    return recipe_epoch(plan_find(im->plan, WLPY_PORTABLE_PORT)->recipe->date);
}

/* --- what is in it --- */

static int gather(struct making *m, struct wl_err *err)
{
    static const char *const mounts[] = {"dev", "proc", "run/secrets/wlpy", "sys", "tmp"};
    WL_CLEANUP_FREE char *artifact = store_path(m->im->o->store, m->command->key),
                         *program = path_join(artifact, "bin/wlpy"),
                         *libc = path_join(artifact, "lib/ld-musl-x86_64.so.1");
    int r = 0;

    parcel_file(&m->layers[0], "usr/lib/wlpy/python-sandbox.so", m->im->program, 0644);
    parcel_file(&m->layers[1], "lib/ld-musl-x86_64.so.1", libc, 0755);
    parcel_file(&m->layers[1], "usr/bin/wlpy", program, 0755);
    parcel_add(&m->layers[1], "usr/share/doc/wlpy/licenses", m->im->licenses);
    /* (The root may be read-only, so nobody could make these later.) */
    for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++)
        parcel_dir(&m->layers[1], mounts[i]);
    for (size_t i = 0; r == 0 && i < LAYERS; i++)
        r = parcel_sort(&m->layers[i], err);
    return r;
}

static int find_key(struct making *m, struct wl_err *err)
{
    struct hash *h = hash_new();
    int r = 0;

    hash_field(h, "image", "1");
    hash_field(h, "version", m->command->recipe->version);
    hash_field(h, "date", m->command->recipe->date);
    hash_field(h, "python", m->im->python);
    hash_field(h, "licenses", m->im->licenses_expression);
    for (size_t i = 0; r == 0 && i < LAYERS; i++)
        r = parcel_hash(&m->layers[i], h, err);
    hash_end(h, m->key);
    return r;
}

/* --- its parts --- */

static char *digest(const char hex[HASH_HEX_SIZE])
{
    return xasprintf("sha256:%s", hex);
}

/* What refers to a blob. */
static json_t *descriptor(const char *type, const char hex[HASH_HEX_SIZE], long long size)
{
    WL_CLEANUP_FREE char *name = digest(hex);

    return json_pack("{s:s, s:s, s:I}", "mediaType", type, "digest", name, "size", (json_int_t)size);
}

/* Gives a finished file its name among the blobs. */
static int add_blob(const struct making *m, const char *file, const char *type, json_t **made, struct wl_err *err)
{
    char hex[HASH_HEX_SIZE];
    WL_CLEANUP_FREE char *to = NULL;
    struct stat st;
    int r = hash_file(file, hex, err);

    if (r < 0)
        return r;
    if (stat(file, &st) < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot read %s", file);
    to = xasprintf("%s/" BLOBS "/%s", m->stage, hex);
    *made = descriptor(type, hex, st.st_size);
    return path_replace(file, to, err);
}

/* Takes over the JSON. */
static int write_json(json_t *json, const char *file, struct wl_err *err)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    int r = text ? file_write(file, text, strlen(text), err) : wl_err_set(err, WL_E_FAILED, "cannot write JSON");

    free(text);
    json_decref(json);
    return r;
}

static int add_json(const struct making *m, json_t *json, const char *type, json_t **made, struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = path_join(m->stage, "part");
    int r = write_json(json, file, err);

    return r < 0 ? r : add_blob(m, file, type, made, err);
}

/* A layer is known by the hash of the tar, and its blob by that of the compressed one. */
static int add_layer(const struct making *m, const struct parcel *layer, json_t *layers, json_t *ids,
                     struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = path_join(m->stage, "part"), *id = NULL;
    struct parcel_tar how = {.prefix = "", .time = image_time(m->im), .cancel = m->im->o->cancel};
    char hex[HASH_HEX_SIZE];
    json_t *made = NULL;
    int r = parcel_write_tar(layer, &how, file, err);

    if (r == 0)
        r = hash_file(file, hex, err);
    if (r < 0)
        return r;
    id = digest(hex);
    json_array_append_new(ids, json_string(id));
    how.filter = "gzip";
    r = remove_tree(file, err);
    if (r == 0)
        r = parcel_write_tar(layer, &how, file, err);
    if (r == 0)
        r = add_blob(m, file, TYPE("layer.v1.tar+gzip"), &made, err);
    if (made)
        json_array_append_new(layers, made);
    return r;
}

static json_t *labels(const struct making *m, const char *created)
{
    WL_CLEANUP_FREE char *text =
        xasprintf("Python %s in a sandbox: over HTTP, and for models as an MCP server", m->im->python);

    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "org.opencontainers.image.title", "wlpy",
                     "org.opencontainers.image.description", text, "org.opencontainers.image.version",
                     m->command->recipe->version, "org.opencontainers.image.created", created,
                     "org.opencontainers.image.licenses", m->im->licenses_expression);
}

static json_t *config(const struct making *m, const char *created, json_t *ids)
{
    json_t *history = json_array();
    static const char *const what[LAYERS] = {"the Python", "wlpy, its C library, and all licences"};

    for (size_t i = 0; i < LAYERS; i++)
        json_array_append_new(history, json_pack("{s:s, s:s, s:s}", "created", created, "created_by", "wl-make image",
                                                 "comment", what[i]));
    return json_pack("{s:s, s:s, s:s, s:{s:s, s:{s:{}}, s:[s], s:[s, s, s, s, s], s:s, s:s, s:o}, s:{s:s, s:o}, s:o}",
                     "created", created, "architecture", "amd64", "os", "linux", "config", "User", USER, "ExposedPorts",
                     PORT "/tcp", "Entrypoint", "/usr/bin/wlpy", "Cmd", "serve", "--listen", "0.0.0.0:" PORT,
                     "--token-file", TOKEN, "WorkingDir", "/", "StopSignal", "SIGTERM", "Labels", labels(m, created),
                     "rootfs", "type", "layers", "diff_ids", ids, "history", history);
}

/* Writes the blobs but the layers, and what leads to them. Takes over layers and ids. */
static int write_manifest(const struct making *m, json_t *layers, json_t *ids, struct wl_err *err)
{
    WL_CLEANUP_FREE char *index = path_join(m->stage, LAYOUT_DIR "/index.json"),
                         *layout = path_join(m->stage, LAYOUT_DIR "/oci-layout");
    json_t *configured = NULL, *manifest = NULL;
    time_t time = (time_t)image_time(m->im);
    char created[32] = "";
    struct tm tm;
    int r;

    if (gmtime_r(&time, &tm))
        strftime(created, sizeof created, "%Y-%m-%dT%H:%M:%SZ", &tm);
    r = add_json(m, config(m, created, ids), TYPE("config.v1+json"), &configured, err);
    if (r < 0) {
        json_decref(layers);
        return r;
    }
    r = add_json(m,
                 json_pack("{s:i, s:s, s:o, s:o, s:o}", "schemaVersion", 2, "mediaType", TYPE("manifest.v1+json"),
                           "config", configured, "layers", layers, "annotations", labels(m, created)),
                 TYPE("manifest.v1+json"), &manifest, err);
    if (r < 0)
        return r;
    json_object_set_new(manifest, "platform", json_pack("{s:s, s:s}", "architecture", "amd64", "os", "linux"));
    json_object_set_new(manifest, "annotations",
                        json_pack("{s:s}", "org.opencontainers.image.ref.name", m->command->recipe->version));
    r = write_json(
        json_pack("{s:i, s:s, s:[o]}", "schemaVersion", 2, "mediaType", TYPE("index.v1+json"), "manifests", manifest),
        index, err);
    return r < 0 ? r : write_json(json_pack("{s:s}", "imageLayoutVersion", "1.0.0"), layout, err);
}

static int fill(void *data, struct store_work *w, struct manifest *made, struct wl_err *err)
{
    struct making *m = data;
    WL_CLEANUP_FREE char *stage = store_stage(w), *blobs = path_join(stage, BLOBS);
    json_t *layers = json_array(), *ids = json_array();
    int r = make_dirs(blobs, err);

    m->stage = stage;
    for (size_t i = 0; r == 0 && i < LAYERS; i++)
        r = add_layer(m, &m->layers[i], layers, ids, err);
    if (r == 0) {
        r = write_manifest(m, layers, ids, err);
    } else {
        json_decref(layers);
        json_decref(ids);
    }
    m->stage = NULL;
    made->kind = xstrdup("image");
    made->name = xstrdup("wlpy");
    made->version = xstrdup(m->command->recipe->version);
    manifest_add_need(made, WLPY_PORTABLE_PORT, m->command->key, "build");
    return r;
}

int image_make(const struct image *im, char **dir, struct wl_err *err)
{
    struct making m = {.im = im, .command = plan_find(im->plan, WLPY_PORTABLE_PORT)};
    int r = gather(&m, err);

    if (r == 0)
        r = find_key(&m, err);
    if (r == 0)
        r = artifact_check(im->o, "image", m.key, err);
    if (r == 0)
        r = tool_make(im->o, "image", m.key, fill, &m, err);
    if (r >= 0) {
        WL_CLEANUP_FREE char *artifact = store_path(im->o->store, m.key);

        *dir = path_join(artifact, LAYOUT_DIR);
    }
    for (size_t i = 0; i < LAYERS; i++)
        parcel_free(&m.layers[i]);
    return r < 0 ? r : 0;
}
