/* wlpy: Python in a sandbox, as a service. */
#include "lines.h"
#include "options.h"
#include "text.h"
#include "wall.h"

#include <signal.h>

static int serve_lines(struct sandbox *sandbox, const struct options *o)
{
    struct mcp m;
    int status;

    if (!wall_build(o->sandbox.net_count != 0, NULL) || !mcp_init(&m, sandbox, o->sandbox.deadline_ms))
        return refuse("cannot give up privileges", "", "");
    status = lines_serve(&m);
    /* (If the client is gone, calls that nobody waits for may still use it.) */
    if (status == 0)
        mcp_free(&m);
    return status;
}

int main(int argc, char **argv)
{
    static struct options o;
    struct sandbox *sandbox;
    struct wlpy_err err;
    int status = options_read(&o, argc, argv);

    if (status != 0)
        return status < 0 ? 0 : status;
    text_init();
    /* (The seed of Jansson's tables comes from /dev/urandom, which the wall takes away.) */
    json_object_seed(0);
    if (sandbox_new(&o.sandbox, &sandbox, &err) < 0) {
        refuse(err.text, "", err.hint);
        return (int)err.code;
    }
    signal(SIGPIPE, SIG_IGN);
    status = o.http ? http_serve(sandbox, &o.server) : serve_lines(sandbox, &o);
    if (status == 0)
        sandbox_free(sandbox);
    return status;
}
