#include "recipe/yaml_pos.h"

#include <string.h>
#include <yaml.h>

/* Parses the text; on success the document must be deleted. */
static int parse(yaml_parser_t *parser, yaml_document_t *doc, const char *text, size_t n)
{
    if (!yaml_parser_initialize(parser))
        return -1;
    yaml_parser_set_input_string(parser, (const unsigned char *)text, n);
    return yaml_parser_load(parser, doc) ? 0 : -1;
}

/* YAML forbids a repeated key in a mapping, but libyaml accepts it. Mappings that are too large for a recipe are not
 * searched; the schema refuses them. */
static int check_repeated(const char *file, yaml_document_t *doc, struct wl_err *err)
{
    enum { MAX_PAIRS = 1000 };

    for (const yaml_node_t *node = doc->nodes.start; node < doc->nodes.top; node++) {
        const yaml_node_pair_t *first;

        if (node->type != YAML_MAPPING_NODE)
            continue;
        first = node->data.mapping.pairs.start;
        if (node->data.mapping.pairs.top - first > MAX_PAIRS)
            continue;
        for (const yaml_node_pair_t *p = first; p < node->data.mapping.pairs.top; p++)
            for (const yaml_node_pair_t *q = first; q < p; q++) {
                const yaml_node_t *a = yaml_document_get_node(doc, q->key), *b = yaml_document_get_node(doc, p->key);

                if (a->type != YAML_SCALAR_NODE || b->type != YAML_SCALAR_NODE ||
                    a->data.scalar.length != b->data.scalar.length ||
                    memcmp(a->data.scalar.value, b->data.scalar.value, a->data.scalar.length) != 0)
                    continue;
                return wl_err_set(err, WL_E_RECIPE, "%s:%zu: the key '%s' is repeated; the first one is in line %zu",
                                  file, b->start_mark.line + 1, b->data.scalar.value, a->start_mark.line + 1);
            }
    }
    return 0;
}

static void add_keys(yaml_document_t *doc, const yaml_node_t *mapping, struct strv *keys)
{
    for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < mapping->data.mapping.pairs.top; p++) {
        const yaml_node_t *k = yaml_document_get_node(doc, p->key);

        if (k->type == YAML_SCALAR_NODE)
            strv_add(keys, (const char *)k->data.scalar.value);
    }
}

int yaml_check(const char *file, const char *text, size_t n, struct strv *keys, struct wl_err *err)
{
    yaml_parser_t parser;
    yaml_document_t doc;
    yaml_node_t *root;
    int r = 0;

    if (memchr(text, '\0', n))
        return wl_err_set(err, WL_E_RECIPE, "%s contains a NUL byte: it is not a text file", file);
    if (parse(&parser, &doc, text, n) < 0) {
        size_t line = parser.problem_mark.line;

        r = wl_err_set(err, WL_E_RECIPE, "%s:%zu: not valid YAML: %s%s%s", file, line + 1,
                       parser.problem ? parser.problem : "cannot be read", parser.context ? " " : "",
                       parser.context ? parser.context : "");
        yaml_parser_delete(&parser);
        return r;
    }
    root = yaml_document_get_root_node(&doc);
    if (!root)
        r = wl_err_set(err, WL_E_RECIPE, "%s:1: the recipe is empty", file);
    else if (root->type != YAML_MAPPING_NODE)
        r = wl_err_set(err, WL_E_RECIPE, "%s:%zu: a recipe is a mapping of keys to values", file,
                       root->start_mark.line + 1);
    else
        r = check_repeated(file, &doc, err);
    if (r == 0)
        add_keys(&doc, root, keys);
    yaml_document_delete(&doc);
    yaml_parser_delete(&parser);
    return r;
}

static int find_in_mapping(yaml_document_t *doc, const yaml_node_t *node, const char *key, size_t key_len,
                           unsigned *line)
{
    for (const yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
        const yaml_node_t *k = yaml_document_get_node(doc, p->key);

        if (k && k->type == YAML_SCALAR_NODE && k->data.scalar.length == key_len &&
            !memcmp(k->data.scalar.value, key, key_len)) {
            *line = (unsigned)k->start_mark.line + 1;
            return p->value;
        }
    }
    return 0;
}

unsigned yaml_line(const char *text, size_t n, const char *path)
{
    yaml_parser_t parser;
    yaml_document_t doc;
    unsigned line = 0;

    if (parse(&parser, &doc, text, n) == 0) {
        yaml_node_t *node = yaml_document_get_root_node(&doc);

        while (node && *path) {
            size_t len = strcspn(path, "/");
            int next = 0;

            if (node->type == YAML_MAPPING_NODE) {
                next = find_in_mapping(&doc, node, path, len, &line);
            } else if (node->type == YAML_SEQUENCE_NODE) {
                const yaml_node_item_t *items = node->data.sequence.items.start;
                size_t i = strtoul(path, NULL, 10);

                if (i < (size_t)(node->data.sequence.items.top - items)) {
                    next = items[i];
                    line = (unsigned)yaml_document_get_node(&doc, next)->start_mark.line + 1;
                }
            }
            node = next ? yaml_document_get_node(&doc, next) : NULL;
            path += len + (path[len] == '/');
        }
        yaml_document_delete(&doc);
    }
    yaml_parser_delete(&parser);
    return line;
}

unsigned yaml_key_line(const char *text, size_t n, const char *key)
{
    yaml_parser_t parser;
    yaml_document_t doc;
    unsigned line = 0;

    if (parse(&parser, &doc, text, n) == 0) {
        for (yaml_node_t *node = doc.nodes.start; node < doc.nodes.top && !line; node++)
            if (node->type == YAML_MAPPING_NODE)
                find_in_mapping(&doc, node, key, strlen(key), &line);
        yaml_document_delete(&doc);
    }
    yaml_parser_delete(&parser);
    return line;
}
