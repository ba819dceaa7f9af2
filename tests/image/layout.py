"""Checks an OCI image layout by the specification: every descriptor leads to a blob with that hash and size, the layers have the
hashes that the configuration names, and nothing else is there."""

import gzip
import hashlib
import json
import pathlib
import sys

layout = pathlib.Path(sys.argv[1])
seen = set()


def blob(descriptor, kind):
    assert descriptor["mediaType"] == f"application/vnd.oci.image.{kind}", descriptor
    algorithm, digest = descriptor["digest"].split(":")
    data = (layout / "blobs" / algorithm / digest).read_bytes()
    assert hashlib.sha256(data).hexdigest() == digest and len(data) == descriptor["size"], descriptor
    seen.add(layout / "blobs" / algorithm / digest)
    return data


assert json.loads((layout / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
index = json.loads((layout / "index.json").read_text())
assert index["schemaVersion"] == 2 and len(index["manifests"]) == 1, index
assert index["manifests"][0]["platform"] == {"architecture": "amd64", "os": "linux"}
manifest = json.loads(blob(index["manifests"][0], "manifest.v1+json"))
assert manifest["schemaVersion"] == 2
config = json.loads(blob(manifest["config"], "config.v1+json"))
layers = [blob(layer, "layer.v1.tar+gzip") for layer in manifest["layers"]]
found = ["sha256:" + hashlib.sha256(gzip.decompress(layer)).hexdigest() for layer in layers]
assert config["rootfs"] == {"type": "layers", "diff_ids": found}, config["rootfs"]
assert len(config["history"]) == len(layers)
for layer in layers:
    assert layer[4:8] == bytes(4), "the compressed layer has a time"
labels = config["config"]["Labels"]
assert labels == manifest["annotations"] and labels["org.opencontainers.image.licenses"].startswith(("Apache-2.0", "MPL-2.0"))
files = {path for path in layout.rglob("*") if path.is_file()}
assert files == seen | {layout / "oci-layout", layout / "index.json"}, files
