# The parts of session.c that are easier to write in Python. Modules are imported where they are needed: most sessions need
# few of them, and a snapshot has them already.
import builtins
import sys

shown = []  # what display() has been given since the last answer: dictionaries of MIME types
loop = None
methods = (
    ("_repr_html_", "text/html"),
    ("_repr_markdown_", "text/markdown"),
    ("_repr_svg_", "image/svg+xml"),
    ("_repr_png_", "image/png"),
    ("_repr_jpeg_", "image/jpeg"),
    ("_repr_latex_", "text/latex"),
    ("_repr_json_", "application/json"),
    ("_repr_javascript_", "application/javascript"),
    ("_repr_pdf_", "application/pdf"),
)


def part(kind, content):
    if isinstance(content, str):
        content = content.encode("utf-8", "backslashreplace")
    return kind + len(content).to_bytes(4, "little") + content


async def both(statements, expression, names):
    value = None
    for code in statements, expression:
        if code is not None:
            value = eval(code, names)
            if code.co_flags & 0x80:  # CO_COROUTINE
                value = await value
    return value if expression is not None else None


def run(statements, expression, names):
    """Runs code with `await` outside of functions. The event loop stays, with all tasks that were not awaited."""
    global loop
    if loop is None or loop.is_closed():
        import asyncio
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
    task = loop.create_task(both(statements, expression, names))
    try:
        return loop.run_until_complete(task)
    except BaseException:
        # (KeyboardInterrupt leaves the loop, and not the task.)
        if not task.done():
            task.cancel()
            try:
                loop.run_until_complete(task)
            except BaseException:
                pass
        raise


def forms(value):
    """The forms in which notebooks show an object."""
    found = {}
    kind = type(value)
    if kind.__module__ == "builtins":
        return found
    bundle = getattr(kind, "_repr_mimebundle_", None)
    if bundle is not None:
        data = bundle(value)
        if isinstance(data, tuple):
            data = data[0]
        found.update(data or {})
    for name, mime in methods:
        method = getattr(kind, name, None)
        if method is not None and mime not in found:
            data = method(value)
            if isinstance(data, tuple):
                data = data[0]
            if data is not None:
                found[mime] = data
    if kind.__name__ == "Figure" and kind.__module__ == "matplotlib.figure" and not found:
        import io
        file = io.BytesIO()
        value.savefig(file, format="png", bbox_inches="tight")
        found["image/png"] = file.getvalue()
    return found


def display(*objects, raw=False):
    """Shows objects in the forms that they have, as notebooks do. raw: they are dictionaries of MIME types."""
    for value in objects:
        found = dict(value) if raw else forms(value)
        if not found:
            found["text/plain"] = repr(value)
        shown.append(found)


builtins.display = display


def displays(limit):
    parts = []
    for found in shown:
        own = [part(b"o", b"")]
        for mime, data in found.items():
            if not isinstance(data, (str, bytes)):
                import json
                data = json.dumps(data)
            if mime.startswith("image/") and mime != "image/svg+xml" and isinstance(data, str):
                # (As notebooks pass images on.)
                import binascii
                data = binascii.a2b_base64(data)
            if isinstance(data, str):
                data = data.encode("utf-8", "backslashreplace")
            if len(data) <= limit:
                own.append(part(b"d", mime.encode("utf-8", "backslashreplace").replace(b"\0", b"") + b"\0" + data))
        parts += own
    shown.clear()
    return parts


def answer(value, limit):
    parts = []
    if value is not None:
        builtins._ = value
        text = repr(value)
        if len(text) <= limit:
            parts.append(part(b"r", text))
        import json
        try:
            text = json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            pass
        else:
            if len(text) <= limit:
                parts.append(part(b"j", text))
        found = forms(value)
        if found:
            shown.append(found)
    return b"".join(displays(limit) + parts)


def status_of(exception):
    code = exception.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xff
    print(code, file=sys.stderr)
    return 1


def failure(exception, limit):
    parts = displays(limit)
    if isinstance(exception, SystemExit):
        return b"".join(parts + [part(b"s", str(status_of(exception)))])
    import linecache
    import traceback
    for name, source in sources.items():
        linecache.cache[name] = len(source), None, [line + "\n" for line in source.splitlines()], name
    trace = exception.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == "<session.py>":
        trace = trace.tb_next
    kind = type(exception)
    try:
        text = "".join(traceback.format_exception(kind, exception, trace))
    except Exception as other:
        text = "%s: the traceback cannot be shown: %r" % (kind.__name__, other)
    try:
        message = str(exception)
    except Exception as other:
        message = "<the message cannot be shown: %r>" % other
    name = kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else kind.__module__ + "." + kind.__qualname__
    exception.__traceback__ = None
    return b"".join(parts + [part(b"t", name[:limit]), part(b"m", message[:limit]), part(b"b", text[-limit:])])
