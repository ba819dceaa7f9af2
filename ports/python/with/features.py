"""features.py DIRECTORY: fails if an object in the directory was compiled for a feature of WebAssembly that the finished program may
not use, because some engines do not have it. A compiler may use a feature in the whole module as soon as one function asks for it.

The section target_features is described in https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md."""
import os
import sys

# The names of features that code can use, and those of wasm-opt's options that allow them.
FEATURES = {"atomics": "threads", "exception-handling": "exception-handling", "fp16": "fp16", "relaxed-simd": "relaxed-simd",
            "simd128": "simd", "tail-call": "tail-call", "wide-arithmetic": "wide-arithmetic"}
ALLOWED = os.environ["VAR_WASM_FEATURES"].split()


def number(data, at):
    n = shift = 0
    while True:
        byte = data[at]
        at, n, shift = at + 1, n | (byte & 127) << shift, shift + 7
        if byte < 128:
            return n, at


def name(data, at):
    size, at = number(data, at)
    return data[at:at + size].decode(), at + size


def used(data):
    """The features that an object uses."""
    found, at = [], 8
    while at < len(data):
        kind = data[at]
        size, start = number(data, at + 1)
        at = start + size
        if kind:
            continue
        title, start = name(data, start)
        if title != "target_features":
            continue
        count, start = number(data, start)
        for _ in range(count):
            prefix = chr(data[start])
            feature, start = name(data, start + 1)
            if prefix == "+":
                found.append(feature)
    return found


def main():
    failed = False
    for file in sorted(os.listdir(sys.argv[1])):
        if not file.endswith(".o"):
            continue
        with open(os.path.join(sys.argv[1], file), "rb") as f:
            features = used(f.read())
        for feature in features:
            if feature in FEATURES and f"--enable-{FEATURES[feature]}" not in ALLOWED:
                print(f"{file.removesuffix('.o')} was compiled with {feature}, which some engines do not have: its package needs a "
                      f"recipe that turns it off")
                failed = True
    sys.exit(failed)


main()
