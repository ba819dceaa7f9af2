import datetime
import ipaddress

from cryptography import exceptions, fernet, x509
from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.bindings import _rust
from cryptography.hazmat.primitives import cmac, constant_time, hashes, hmac, keywrap, padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes
from cryptography.hazmat.primitives.kdf import hkdf, pbkdf2, scrypt
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from cryptography.hazmat.primitives.twofactor import totp
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

print(backend.name, _rust.openssl.openssl_version() >= 0x30500000)
digest = hashes.Hash(hashes.SHA3_256())
digest.update(b"abc")
print(digest.finalize().hex()[:16], [h.name for h in (hashes.SHA256(), hashes.BLAKE2b(64), hashes.SHAKE128(8)) if backend.hash_supported(h)])
mac = hmac.HMAC(b"key", hashes.SHA256())
mac.update(b"data")
print(mac.finalize().hex()[:16])
tag = cmac.CMAC(algorithms.AES(bytes(16)))
tag.update(b"data")
print(tag.finalize().hex()[:16], constant_time.bytes_eq(b"a", b"b"))
for name, kdf in (("hkdf", hkdf.HKDF(hashes.SHA256(), 16, b"salt", b"info")), ("pbkdf2", pbkdf2.PBKDF2HMAC(hashes.SHA512(), 16, b"salt", 1000)),
                  ("scrypt", scrypt.Scrypt(b"salt", 16, 1024, 8, 1))):
    print(name, kdf.derive(b"secret").hex())
token = fernet.Fernet(b"A" * 43 + b"=").encrypt_at_time(b"hello", 1000)
print(len(token), fernet.Fernet(b"A" * 43 + b"=").decrypt_at_time(token, 60, 1010))
try:
    fernet.Fernet(b"B" * 43 + b"=").decrypt(token)
except (fernet.InvalidToken, ValueError) as e:
    print(type(e).__name__)
for mode in (modes.CBC(bytes(16)), modes.CTR(bytes(16)), modes.GCM(bytes(12)), modes.XTS(bytes(16))):
    key = bytes(range(64 if mode.name == "XTS" else 32))
    encryptor = Cipher(algorithms.AES(key), mode).encryptor()
    text = encryptor.update(b"0123456789abcdef" * 2) + encryptor.finalize()
    tag = getattr(encryptor, "tag", b"")
    print(mode.name, text.hex()[:16], tag.hex()[:8], Cipher(algorithms.AES(key), mode).decryptor().update(text) == b"0123456789abcdef" * 2)
for cipher in (aead.AESGCM(bytes(16)), aead.ChaCha20Poly1305(bytes(32)), aead.AESCCM(bytes(16))):
    sealed = cipher.encrypt(bytes(12), b"data", b"more")
    print(type(cipher).__name__, sealed.hex(), cipher.decrypt(bytes(12), sealed, b"more"))
    try:
        cipher.decrypt(bytes(12), sealed, b"less")
    except exceptions.InvalidTag as e:
        print(type(e).__name__)
print(keywrap.aes_key_wrap(bytes(16), bytes(range(16))).hex()[:16], padding.PKCS7(64).padder().update(b"x") == b"")
rsa_key = rsa.generate_private_key(65537, 2048)
pss = rsa_padding.PSS(rsa_padding.MGF1(hashes.SHA256()), 32)
signature = rsa_key.sign(b"text", pss, hashes.SHA256())
rsa_key.public_key().verify(signature, b"text", pss, hashes.SHA256())
oaep = rsa_padding.OAEP(rsa_padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
print(len(signature), rsa_key.decrypt(rsa_key.public_key().encrypt(b"m", oaep), oaep))
ed = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
print(ed.sign(b"text").hex()[:32], len(ed448.Ed448PrivateKey.generate().sign(b"text")))
for curve in (x25519.X25519PrivateKey, x448.X448PrivateKey):
    one, two = curve.generate(), curve.generate()
    print(curve.__name__, one.exchange(two.public_key()) == two.exchange(one.public_key()))
keys = {curve.name: ec.generate_private_key(curve) for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1())}
for name, key in keys.items():
    key.public_key().verify(key.sign(b"text", ec.ECDSA(hashes.SHA256())), b"text", ec.ECDSA(hashes.SHA256()))
    try:
        key.public_key().verify(key.sign(b"text", ec.ECDSA(hashes.SHA256())), b"test", ec.ECDSA(hashes.SHA256()))
    except exceptions.InvalidSignature as e:
        print(name, type(e).__name__)
secret = serialization.BestAvailableEncryption(b"pw")
for form, protection, password, load in ((serialization.PrivateFormat.PKCS8, secret, b"pw", serialization.load_pem_private_key),
                                         (serialization.PrivateFormat.TraditionalOpenSSL, secret, b"pw", serialization.load_pem_private_key),
                                         (serialization.PrivateFormat.OpenSSH, serialization.NoEncryption(), None, serialization.load_ssh_private_key)):
    pem = rsa_key.private_bytes(serialization.Encoding.PEM, form, protection)
    print(pem.split(b"\n")[0].decode(), load(pem, password).private_numbers() == rsa_key.private_numbers())
print(ed.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode())
print(totp.TOTP(b"1234567890" * 2, 8, hashes.SHA1(), 30).generate(59).decode())
day = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def certificate(name, key, issuer, issuer_key, ca):
    builder = x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])).issuer_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)])).public_key(key.public_key()).serial_number(7).not_valid_before(day).not_valid_after(
        day + datetime.timedelta(days=300)).add_extension(x509.BasicConstraints(ca, None), True)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
    if ca:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False).add_extension(
            x509.KeyUsage(True, False, False, False, False, True, True, False, False), True)
    else:
        names = [x509.DNSName("good.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
    return builder.sign(issuer_key, hashes.SHA256())


ca_key, key = keys["secp384r1"], keys["secp256r1"]
ca, leaf = certificate("ca", ca_key, "ca", ca_key, True), certificate("leaf", key, "ca", ca_key, False)
again = x509.load_pem_x509_certificate(leaf.public_bytes(serialization.Encoding.PEM))
print(again == leaf, again.subject.rfc4514_string(), again.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName))
for host in ("good.test", "bad.test"):
    verifier = verification.PolicyBuilder().store(verification.Store([ca])).time(day + datetime.timedelta(days=1)).build_server_verifier(x509.DNSName(host))
    try:
        print([c.subject.rfc4514_string() for c in verifier.verify(leaf, [])])
    except verification.VerificationError as e:
        print(type(e).__name__, str(e).split(":")[0])
request = x509.CertificateSigningRequestBuilder().subject_name(leaf.subject).sign(key, hashes.SHA256())
print(request.is_signature_valid, leaf.signature_hash_algorithm.name, leaf.not_valid_after_utc.isoformat())
packed = pkcs12.serialize_key_and_certificates(b"name", key, leaf, [ca], serialization.BestAvailableEncryption(b"pw"))
opened = pkcs12.load_key_and_certificates(packed, b"pw")
print(opened[0].private_numbers() == key.private_numbers(), opened[1] == leaf, opened[2] == [ca])
signed = pkcs7.PKCS7SignatureBuilder().set_data(b"mail").add_signer(leaf, key, hashes.SHA256()).sign(serialization.Encoding.SMIME, [])
rsa_leaf = certificate("rsa", rsa_key, "ca", ca_key, False)
sealed = pkcs7.PKCS7EnvelopeBuilder().set_data(b"mail").add_recipient(rsa_leaf).encrypt(serialization.Encoding.DER, [])
print(signed.split(b"\n")[0].decode(), pkcs7.pkcs7_decrypt_der(sealed, rsa_leaf, rsa_key, []))
for call in (lambda: x509.load_pem_x509_certificate(b"x"), lambda: serialization.load_pem_private_key(pem[:100], None), lambda: algorithms.AES(b"x"),
             lambda: serialization.load_der_private_key(b"0\x03\x02\x01\x00", None)):
    try:
        print(call())
    except ValueError as e:
        print(type(e).__name__, str(e)[:40])
