"""Keys in PEM files with a password, with the interface of cryptography as far as the suites here use it: the old form (RFC 1421) with
AES-256 in CBC (FIPS 197)."""
import base64
import enum
import hashlib
import secrets

from trustme import from_pem


def double(a):
    return (a << 1 ^ (0x11B if a & 0x80 else 0)) & 0xFF


def substitution():
    box, p, q = [0x63] * 256, 1, 1
    while True:
        p ^= double(p)  # times 3
        q ^= q << 1     # divided by 3
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09
        box[p] = 0x63
        for turn in range(5):
            box[p] ^= (q << turn | q >> 8 - turn) & 0xFF
        if p == 1:
            return box


BOX = substitution()


def round_keys(key):
    words, factor = [list(key[i:i + 4]) for i in range(0, 32, 4)], 1
    while len(words) < 60:
        word = words[-1]
        if len(words) % 8 == 0:
            word = [BOX[b] for b in word[1:] + word[:1]]
            word[0] ^= factor
            factor = double(factor)
        elif len(words) % 8 == 4:
            word = [BOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[-8], word)])
    return [sum(words[i:i + 4], []) for i in range(0, 60, 4)]


def mix(column):
    every = column[0] ^ column[1] ^ column[2] ^ column[3]
    return [b ^ every ^ double(b ^ column[(i + 1) % 4]) for i, b in enumerate(column)]


def encrypt_block(block, keys):
    state = [a ^ b for a, b in zip(block, keys[0])]
    for key in keys[1:]:
        state = [BOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if key is not keys[-1]:
            state = sum((mix(state[i:i + 4]) for i in range(0, 16, 4)), [])
        state = [a ^ b for a, b in zip(state, key)]
    return bytes(state)


def encrypt(data, key, vector):
    data += bytes([16 - len(data) % 16]) * (16 - len(data) % 16)
    keys, result = round_keys(key), [vector]
    for i in range(0, len(data), 16):
        result.append(encrypt_block(bytes(a ^ b for a, b in zip(data[i:i + 16], result[-1])), keys))
    return b''.join(result[1:])


class Encoding(enum.Enum):
    PEM = 'PEM'


class PrivateFormat(enum.Enum):
    TraditionalOpenSSL = 'TraditionalOpenSSL'


class BestAvailableEncryption:
    def __init__(self, password):
        self.password = password


class Key:
    def __init__(self, data):
        self.kind, self.body = from_pem(data)

    def private_bytes(self, encoding, format, encryption):
        assert encoding is Encoding.PEM and format is PrivateFormat.TraditionalOpenSSL and self.kind != 'PRIVATE KEY'
        vector = secrets.token_bytes(16)
        first = hashlib.md5(encryption.password + vector[:8]).digest()
        key = first + hashlib.md5(first + encryption.password + vector[:8]).digest()
        text = base64.b64encode(encrypt(self.body, key, vector)).decode()
        lines = [f'-----BEGIN {self.kind}-----', 'Proc-Type: 4,ENCRYPTED', f'DEK-Info: AES-256-CBC,{vector.hex().upper()}', '',
                 *(text[i:i + 64] for i in range(0, len(text), 64)), f'-----END {self.kind}-----', '']
        return '\n'.join(lines).encode()


def load_pem_private_key(data, password=None, backend=None):
    assert password is None
    return Key(data)
