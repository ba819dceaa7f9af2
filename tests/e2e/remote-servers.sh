#!/bin/bash
# A remote store behind real servers: nginx, S3 (moto's server), and OCI registries.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-600}
. "$(dirname -- "$0")/lib.sh"
. "$E2E/remote-lib.sh"

# The same over a real server of each kind.
between_machines() {
    machine 1
    wl made/c
    status 0
    not_err warning
    machine 2
    wl made/c
    status 0
    not_err warning
    is "$(built)" ''
    same_output "$1"
    # Writing again writes nothing.
    rm -rf cache3
    WL_MAKE_CONFIG=$T/config CACHE=$T/cache3 OUT=$T/out3 wl made/c
    status 0
    not_err warning
}

test_nginx() {
    PATH=$PATH:/usr/sbin
    command -v nginx >/dev/null 2>&1 || not_available nginx
    family
    remote
    local port
    port=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    mkdir -p dav/store dav/tmp
    chmod -R 777 dav . 2>/dev/null
    cat >nginx.conf <<END
pid $T/dav/pid; error_log $T/dav/error.log; daemon off; user $(id -un);
events {}
http {
  access_log off; client_body_temp_path $T/dav/tmp; proxy_temp_path $T/dav/tmp; fastcgi_temp_path $T/dav/tmp;
  uwsgi_temp_path $T/dav/tmp; scgi_temp_path $T/dav/tmp;
  server {
    listen 127.0.0.1:$port; root $T/dav; client_max_body_size 0;
    location /store/ { dav_methods PUT; create_full_put_path on; }
  }
}
END
    nginx -c "$T/nginx.conf" -p "$T/dav" >nginx.out 2>&1 &
    stop_at_end
    wait_for 10 "$PYTHON" -c "import socket; socket.create_connection(('127.0.0.1', $port))"
    config "http://127.0.0.1:$port/store"
    between_machines nginx
}

test_s3() {
    local python=$PYTHON
    "$PYTHON" -c 'import moto.server, flask, boto3' 2>/dev/null || {
    with_index
    "$PYTHON" -m venv --system-site-packages venv >venv.out 2>&1 && HOME=$REAL_HOME venv/bin/pip install -q 'moto[server,s3]' >>venv.out 2>&1 ||
        not_available "moto's server: $(tail -n 1 venv.out)"
    python=venv/bin/python
    }
    family
    remote
    cat >s3.py <<'END'
# moto's server, which checks the signature of every request after the first ones.
import os, sys
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "4"
import boto3, threading
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
url = "http://%s:%d" % server.get_host_and_port()
more = dict(endpoint_url=url, region_name="eu-central-1", aws_access_key_id="none", aws_secret_access_key="none")
iam = boto3.client("iam", **more)
iam.create_user(UserName="u")
iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}')
key = iam.create_access_key(UserName="u")["AccessKey"]
boto3.client("s3", **more).create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
with open("s3.env.new", "w") as f:
    f.write(f"AWS_ACCESS_KEY_ID={key['AccessKeyId']}\nAWS_SECRET_ACCESS_KEY={key['SecretAccessKey']}\nENDPOINT={url}\n")
os.rename("s3.env.new", "s3.env")
threading.Event().wait()
END
    "$python" s3.py >s3.out 2>&1 &
    stop_at_end
    wait_for 60 test -s s3.env
    set -a
    . ./s3.env
    set +a
    config "s3://bucket/some/prefix?region=eu-central-1&endpoint=$ENDPOINT"
    between_machines S3
    # Nobody gets in with another secret.
    machine 4
    AWS_SECRET_ACCESS_KEY=wrong wl made/c
    status 0
    err 'warning: the remote store' 'access is refused'
    not_err "$AWS_SECRET_ACCESS_KEY"
}

# `registry OPTION...`: Debian's registry, with these lines in its configuration.
registry() {
    command -v docker-registry >/dev/null 2>&1 || not_available docker-registry
    PORT=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    {
        printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s/registry}}\nhttp: {addr: "127.0.0.1:%s", secret: x}\n' \
            "$T" "$PORT"
        [ $# = 0 ] || printf '%s\n' "$@"
    } >registry.yml
    docker-registry serve registry.yml >registry.out 2>&1 &
    stop_at_end
    wait_for 10 "$PYTHON" -c "import socket; socket.create_connection(('127.0.0.1', $PORT))"
}

test_an_OCI_registry() {
    family
    remote
    registry
    config "oci+http://127.0.0.1:$PORT/team/wl-make"
    between_machines 'OCI registry'
    # Its manifests are those of artifacts.
    "$PYTHON" - "http://127.0.0.1:$PORT/v2/team/wl-make" <<'END' >.out 2>&1 || fail 'the manifests'
import hashlib, json, sys, urllib.request
base = sys.argv[1]
tags = json.load(urllib.request.urlopen(base + "/tags/list"))["tags"]
assert len(tags) == 4, tags
for tag in tags:
    q = urllib.request.Request(f"{base}/manifests/{tag}", headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})
    m = json.load(urllib.request.urlopen(q))
    assert m["artifactType"] == "application/vnd.wl-make.artifact.v1", m
    names = [x["annotations"]["org.opencontainers.image.title"] for x in m["layers"]]
    assert names == ["content.zst", "manifest.json", "manifest.json.minisig"], names
    for layer in m["layers"]:
        data = urllib.request.urlopen(f"{base}/blobs/{layer['digest']}").read()
        assert len(data) == layer["size"] and "sha256:" + hashlib.sha256(data).hexdigest() == layer["digest"]
END
}

test_a_registry_with_a_password() {
    command -v htpasswd >/dev/null 2>&1 || not_available htpasswd
    family
    remote
    htpasswd -Bbc passwords user p@ss >/dev/null 2>&1
    registry "auth: {htpasswd: {realm: basic, path: $T/passwords}}"
    config "oci+http://user:p%40ss@127.0.0.1:$PORT/team/wl-make"
    between_machines 'registry with a password'
    config "oci+http://user:wrong@127.0.0.1:$PORT/team/wl-make"
    machine 4
    wl made/c
    status 0
    err 'warning: the remote store' 'access is refused'
    not_err wrong
}

# A registry that wants a token, which another service gives.
test_tokens() {
    command -v openssl >/dev/null 2>&1 || not_available openssl
    "$PYTHON" -c 'import jwt, cryptography' 2>/dev/null || not_available "Python's jwt"
    family
    remote
    openssl req -x509 -newkey rsa:2048 -nodes -keyout token.key -out token.crt -subj /CN=x -days 2 >/dev/null 2>&1
    cat >tokens.py <<'END'
import base64, http.server, json, sys, time, urllib.parse, jwt
key = open("token.key").read()
cert = "".join(open("token.crt").read().split("\n")[1:-2])
class H(http.server.BaseHTTPRequestHandler):
    def log_message(self, *a): pass
    def do_GET(self):
        if self.headers.get("Authorization") != "Basic " + base64.b64encode(b"user:secret").decode():
            self.send_response(401); self.send_header("Content-Length", "0"); self.end_headers(); return
        q = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        kind, name, actions = q["scope"][0].split(":")
        now = int(time.time())
        token = jwt.encode({"iss": "i", "sub": "u", "aud": q["service"][0], "exp": now + 300, "nbf": now - 10, "iat": now, "jti": "1",
                            "access": [{"type": kind, "name": name, "actions": actions.split(",")}]}, key, algorithm="RS256", headers={"x5c": [cert]})
        data = json.dumps({"token": token}).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(data))); self.end_headers(); self.wfile.write(data)
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
open("tokens.port", "w").write(str(s.server_address[1]))
s.serve_forever()
END
    "$PYTHON" tokens.py >tokens.out 2>&1 &
    local tokens=$!
    wait_for 10 test -s tokens.port
    registry "auth: {token: {realm: \"http://127.0.0.1:$(cat tokens.port)/token\", service: s, issuer: i, rootcertbundle: $T/token.crt}}"
    stop_at_end
    config "oci+http://user:secret@127.0.0.1:$PORT/team/wl-make"
    between_machines tokens
}

main "$@"
