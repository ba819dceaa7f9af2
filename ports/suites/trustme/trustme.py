"""Certificates for tests, with the interface of trustme as far as the suites here use it. trustme itself needs cryptography, which is
not pure Python. Keys are of the curve P-256 (FIPS 186-4); signatures are ECDSA with SHA-256, or RSA's of a CA that is read from a file."""
import base64
import contextlib
import datetime
import hashlib
import ipaddress
import itertools
import os
import re
import secrets
import ssl
import tempfile

# ---- DER ----


def der(tag, *parts):
    body = b''.join(parts)
    size = bytes([len(body)]) if len(body) < 128 else b''
    if not size:
        digits = len(body).to_bytes((len(body).bit_length() + 7) // 8, 'big')
        size = bytes([0x80 | len(digits)]) + digits
    return bytes([tag]) + size + body


def sequence(*parts):
    return der(0x30, *parts)


def integer(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, 'big'))


def oid(text):
    first, second, *rest = map(int, text.split('.'))
    body = bytes([first * 40 + second])
    for number in rest:
        digits = [number & 127]
        while number := number >> 7:
            digits.append(0x80 | number & 127)
        body += bytes(reversed(digits))
    return der(6, body)


def bits(data, unused=0):
    return der(3, bytes([unused]), data)


def elements(data):
    """Those of a sequence's body: (tag, body, the element as a whole)."""
    at, found = 0, []
    while at < len(data):
        size, head = data[at + 1], 2
        if size >= 128:
            head += size & 127
            size = int.from_bytes(data[at + 2:at + head], 'big')
        found.append((data[at], data[at + head:at + head + size], data[at:at + head + size]))
        at += head + size
    return found


def pem(kind, data):
    text = base64.b64encode(data).decode()
    lines = '\n'.join(text[i:i + 64] for i in range(0, len(text), 64))
    return f'-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n'.encode()


def from_pem(data):
    kind, body = re.search(rb'-----BEGIN ([A-Z ]+)-----(.*?)-----END', data, re.DOTALL).groups()
    return kind.decode(), base64.b64decode(body)


# ---- Keys ----

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if a[1] != b[1]:
            return None
        slope = 3 * (a[0] * a[0] - 1) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(k, point):
    result = None
    while k:
        if k & 1:
            result = add(result, point)
        point = add(point, point)
        k >>= 1
    return result


class EllipticKey:
    algorithm = sequence(oid('1.2.840.10045.4.3.2'))
    curve = oid('1.2.840.10045.3.1.7')

    def __init__(self):
        self.d = 1 + secrets.randbelow(N - 1)
        x, y = multiply(self.d, G)
        self.point = b'\x04' + x.to_bytes(32, 'big') + y.to_bytes(32, 'big')

    def public(self):
        return sequence(sequence(oid('1.2.840.10045.2.1'), self.curve), bits(self.point))

    def pem(self):
        return pem('EC PRIVATE KEY', sequence(integer(1), der(4, self.d.to_bytes(32, 'big')), der(0xA0, self.curve),
                                              der(0xA1, bits(self.point))))

    def sign(self, data):
        e, r, s = int.from_bytes(hashlib.sha256(data).digest(), 'big'), 0, 0
        while not r or not s:
            k = 1 + secrets.randbelow(N - 1)
            r = multiply(k, G)[0] % N
            s = pow(k, -1, N) * (e + r * self.d) % N
        return sequence(integer(r), integer(s))


class RSAKey:
    """One that a PEM file has; it can only sign."""
    algorithm = sequence(oid('1.2.840.113549.1.1.11'), der(5))
    # A DigestInfo of SHA-256 without the digest: RFC 8017, 9.2.
    digest_info = bytes.fromhex('3031300d060960864801650304020105000420')

    def __init__(self, data):
        kind, body = from_pem(data)
        body = elements(body)[0][1]
        if kind == 'PRIVATE KEY':
            body = elements(elements(body)[2][1])[0][1]
        self.n, _, self.d = (int.from_bytes(part, 'big') for _, part, _ in elements(body)[1:4])
        self.data = data

    def pem(self):
        return self.data

    def sign(self, data):
        size = (self.n.bit_length() + 7) // 8
        tail = b'\0' + self.digest_info + hashlib.sha256(data).digest()
        padded = b'\0\1' + b'\xff' * (size - 2 - len(tail)) + tail
        return pow(int.from_bytes(padded, 'big'), self.d, self.n).to_bytes(size, 'big')


# ---- Certificates ----


def name(**parts):
    oids = {'O': '2.5.4.10', 'OU': '2.5.4.11', 'CN': '2.5.4.3'}
    return sequence(*(der(0x31, sequence(oid(oids[part]), der(12, text.encode()))) for part, text in parts.items() if text))


def time(at):
    return der(23, at.strftime('%y%m%d%H%M%SZ').encode()) if at.year < 2050 else der(24, at.strftime('%Y%m%d%H%M%SZ').encode())


def extension(number, value, critical=False):
    return sequence(oid(number), der(1, b'\xff') if critical else b'', der(4, value))


def identity(text):
    if '@' in text:
        return der(0x81, text.encode())
    with contextlib.suppress(ValueError):
        return der(0x87, ipaddress.ip_address(text).packed)
    with contextlib.suppress(ValueError):
        network = ipaddress.ip_network(text)
        return der(0x87, network.network_address.packed + network.netmask.packed)
    return der(0x82, text.encode('ascii' if text.isascii() else 'idna'))


def certificate(key, subject, issuer, issuer_key, extensions, begin=None, end=None):
    today = datetime.datetime.now(datetime.timezone.utc)
    body = sequence(der(0xA0, integer(2)), integer(secrets.randbits(120) + 1), issuer_key.algorithm, issuer,
                    sequence(time(begin or today - datetime.timedelta(1)), time(end or today + datetime.timedelta(365))), subject,
                    key.public(), der(0xA3, sequence(*extensions)))
    return pem('CERTIFICATE', sequence(body, issuer_key.algorithm, bits(issuer_key.sign(body))))


class Blob:
    def __init__(self, data):
        self._data = data

    def bytes(self):
        return self._data

    def write_to_path(self, path, append=False):
        with open(path, 'ab' if append else 'wb') as f:
            f.write(self._data)

    @contextlib.contextmanager
    def tempfile(self, dir=None):
        fd, path = tempfile.mkstemp(suffix='.pem', dir=dir)
        try:
            with open(fd, 'wb') as f:
                f.write(self._data)
            yield path
        finally:
            os.unlink(path)


numbers = itertools.count(1)
SUBJECT_KEY, AUTHORITY_KEY, NAMES, CONSTRAINTS, USAGE, EXTENDED = '2.5.29.14', '2.5.29.35', '2.5.29.17', '2.5.29.19', '2.5.29.15', '2.5.29.37'


class CA:
    def __init__(self, parent_cert=None, path_length=9, organization_name=None, organization_unit_name=None):
        self.parent, self.path_length, self.key = parent_cert, path_length, EllipticKey()
        self.subject = name(O=organization_name or 'trustme here', OU=organization_unit_name or f'Testing CA #{next(numbers)}')
        self.key_id = hashlib.sha1(self.key.point).digest()
        issuer = parent_cert or self
        extensions = [extension(CONSTRAINTS, sequence(der(1, b'\xff'), integer(path_length)), True),
                      extension(USAGE, bits(b'\x86', 1), True), extension(SUBJECT_KEY, der(4, self.key_id))]
        if parent_cert:
            extensions.append(parent_cert._authority())
        self._set(certificate(self.key, self.subject, issuer.subject, issuer.key, extensions))

    def _set(self, cert):
        self.cert_pem, self.private_key_pem = Blob(cert), Blob(self.key.pem())
        self.chain = [self.cert_pem, *self.parent.chain] if self.parent else []

    @classmethod
    def from_pem(cls, cert_bytes, private_key_bytes):
        ca = cls.__new__(cls)
        ca.parent, ca.path_length, ca.key = None, 9, RSAKey(private_key_bytes)
        parts = elements(elements(elements(from_pem(cert_bytes)[1])[0][1])[0][1])
        ca.subject = parts[5][2]
        ca.key_id = next((elements(elements(e)[-1][1])[0][1] for _, e, _ in elements(elements(parts[-1][1])[0][1])
                          if elements(e)[0][2] == oid(SUBJECT_KEY)), None)
        ca._set(cert_bytes)
        return ca

    def _authority(self):
        return extension(AUTHORITY_KEY, sequence(der(0x80, self.key_id) if self.key_id else b''))

    def create_child_ca(self, key_type=None):
        if self.path_length == 0:
            raise ValueError("Can't create child CA: path length is 0")
        return CA(self, self.path_length - 1)

    def issue_cert(self, *identities, common_name=None, organization_name=None, organization_unit_name=None, not_before=None,
                   not_after=None, key_type=None):
        if not identities and common_name is None:
            raise ValueError('Must specify at least one identity or common name')
        key = EllipticKey()
        subject = name(O=organization_name or 'trustme here', OU=organization_unit_name or f'Testing cert #{next(numbers)}', CN=common_name)
        purposes = (oid('1.3.6.1.5.5.7.3.' + number) for number in '213')
        extensions = [extension(CONSTRAINTS, sequence(), True), self._authority(), extension(USAGE, bits(b'\xa0', 5), True),
                      extension(EXTENDED, sequence(*purposes), True)]
        if identities:
            extensions.append(extension(NAMES, sequence(*map(identity, identities)), True))
        cert = certificate(key, subject, self.subject, self.key, extensions, not_before, not_after)
        return LeafCert(key.pem(), cert, self.chain)

    issue_server_cert = issue_cert

    def configure_trust(self, context):
        context.load_verify_locations(cadata=self.cert_pem.bytes().decode('ascii'))


class LeafCert:
    def __init__(self, key, cert, chain):
        self.private_key_pem, self.cert_chain_pems = Blob(key), [Blob(cert), *chain]
        self.private_key_and_cert_chain_pem = Blob(key + b''.join(blob.bytes() for blob in self.cert_chain_pems))

    def configure_cert(self, context):
        with self.private_key_and_cert_chain_pem.tempfile() as path:
            context.load_cert_chain(path)
