# Servers of Debian for tests/e2e/net-real.sh.
# shellcheck shell=bash

# `debian_servers PACKAGE=PROGRAM...`: puts the programs into PATH: the machine's own, or else those of apt's packages, which are
# unpacked below $T and not installed.
debian_servers() {
    local each needs=() deb
    PATH=$PATH:/usr/sbin:/usr/lib/openssh:$(printf '%s:' /usr/lib/postgresql/*/bin)
    for each in "$@"; do
        command -v "${each#*=}" || needs+=("${each%%=*}")
    done
    [ ${#needs[@]} -gt 0 ] || return 0
    mkdir -p debs/partial
    run apt-get -q -y -o Debug::NoLocking=1 -o Dir::Cache::archives="$T/debs" --no-install-recommends --download-only install "${needs[@]}"
    [ "$st" = 0 ] || not_available "$(tail -n 2 .err)"
    for deb in debs/*.deb; do
        dpkg -x "$deb" debian || fail "$deb cannot be unpacked"
    done
    PATH=$T/debian/usr/sbin:$T/debian/usr/bin:$T/debian/usr/lib/openssh:$PATH
    export LD_LIBRARY_PATH=$T/debian/usr/lib/$(uname -m)-linux-gnu
} >/dev/null

# `real_servers DIRECTORY`: starts them, each in a directory of its own below that and on a free port of 127.0.0.1. DIRECTORY/ports then
# has the ports of nginx for HTTP and TLS, of Redis and of PostgreSQL; DIRECTORY/ca.pem is the CA's certificate. They are jobs
# of this shell. 1 if one of them did not start; DIRECTORY/why says why.
real_servers() {
    local at=$1 n http tls redis postgres
    read -r http tls redis postgres < <(free_ports 4)
    chmod 755 "$at"
    mkdir -p "$at/www" "$at/nginx" "$at/redis"
    real_certificates "$at" || return 1
    printf 'hello from nginx\n' >"$at/www/hello.txt"
    "$PYTHON" -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 4096)' >"$at/www/large"
    "$PYTHON" -c 'print("zipped " * 1000, end="")' >"$at/www/zipped.txt"
    cat >"$at/nginx.conf" <<END
daemon off;
pid $at/nginx/pid;
error_log $at/nginx/error;
worker_processes 1;
$(if is_root; then echo 'user root;'; fi)
events { worker_connections 256; }
http {
    access_log off;
    client_max_body_size 100m;
    $(for n in client_body proxy fastcgi uwsgi scgi; do echo "${n}_temp_path $at/nginx/$n;"; done)
    gzip on;
    gzip_min_length 100;
    server {
        listen 127.0.0.1:$http;
        listen 127.0.0.1:$tls ssl;
        ssl_certificate $at/server.pem;
        ssl_certificate_key $at/server.key;
        root $at/www;
        location /redirect { return 302 /hello.txt; }
        location /slow { limit_rate 100k; try_files /large =404; }
        location /upload/ { dav_methods PUT; root $at/nginx; create_full_put_path on; }
    }
}
END
    nginx -e "$at/nginx/error" -p "$at/nginx" -c "$at/nginx.conf" >"$at/nginx/out" 2>&1 &
    redis-server --port "$redis" --bind 127.0.0.1 --save '' --dir "$at/redis" >"$at/redis/out" 2>&1 &
    start_postgres "$at" "$postgres" || return 1
    for n in {1..100}; do
        "$PYTHON" - "$http" "$tls" "$redis" "$postgres" <<'END' 2>"$at/why" && break
import socket, sys
for port in sys.argv[1:]:
    socket.create_connection(("127.0.0.1", int(port))).close()
END
        sleep 0.2
    done
    [ ! -s "$at/why" ] || return 1
    echo "$http $tls $redis $postgres" >"$at/ports"
}

# `free_ports N`
free_ports() {
    "$PYTHON" - "$1" <<'END'
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))
END
}

# A CA, and a certificate of its for localhost.
real_certificates() {
    (
        cd "$1" || exit 1
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj '/CN=a local CA' \
            -addext keyUsage=critical,keyCertSign,cRLSign
        openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' >ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem -extfile ext
    ) >"$1/why" 2>&1
}

# PostgreSQL refuses to run as root.
start_postgres() {
    local at=$1 port=$2 bin as=()
    bin=$(printf '%s\n' /usr/lib/postgresql/*/bin "$T"/debian/usr/lib/postgresql/*/bin | grep -v '\*' | tail -n 1)
    mkdir -p "$at/postgres"
    if is_root; then
        as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
        chown 65534 "$at/postgres"
    fi
    echo secret >"$at/password"
    "${as[@]}" "$bin/initdb" -D "$at/postgres/data" -U guest -A scram-sha-256 --pwfile="$at/password" --no-sync >"$at/why" 2>&1 ||
        return 1
    cp "$at/server.pem" "$at/server.key" "$at/postgres/data/"
    ! is_root || chown 65534 "$at/postgres/data/server".*
    chmod 600 "$at/postgres/data/server.key"
    "${as[@]}" "$bin/postgres" -D "$at/postgres/data" -p "$port" -h 127.0.0.1 -k '' -c ssl=on -c ssl_cert_file=server.pem \
        -c ssl_key_file=server.key -c fsync=off >"$at/postgres.out" 2>&1 &
}
