"""Whether OpenSSL takes the certificates of the stand-in for trustme."""
import datetime
import ssl

import pytest
import trustme
from cryptography.hazmat.primitives import serialization


def handshake(server_cert, trust, host):
    """Over memory."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    server_cert.configure_cert(server)
    trust.configure_trust(client)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    a = client.wrap_bio(to_client, to_server, server_hostname=host)
    b = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [a, b]
    for _ in range(10):
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                pass
    assert not waiting
    return a.getpeercert()


@pytest.mark.parametrize('host', ['localhost', '127.0.0.1', '::1'])
def test_handshake(host):
    ca = trustme.CA()
    seen = handshake(ca.issue_cert('localhost', '127.0.0.1', '::1'), ca, host)
    assert seen['subject'][1][0][0] == 'organizationalUnitName'
    assert handshake(ca.create_child_ca().issue_cert(host), ca, host)['issuer'] != seen['issuer']


def test_what_must_not_be_trusted():
    ca, other = trustme.CA(), trustme.CA()
    with pytest.raises(ssl.SSLCertVerificationError, match='Hostname mismatch'):
        handshake(ca.issue_cert('example.com'), ca, 'localhost')
    with pytest.raises(ssl.SSLCertVerificationError, match='self-signed|unable to get local issuer|signature'):
        handshake(ca.issue_cert('localhost'), other, 'localhost')
    passed = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2)
    with pytest.raises(ssl.SSLCertVerificationError, match='expired'):
        handshake(ca.issue_cert('localhost', not_before=passed, not_after=passed), ca, 'localhost')


def test_password(tmp_path):
    cert = trustme.CA().issue_cert('localhost')
    key = serialization.load_pem_private_key(cert.private_key_pem.bytes(), password=None)
    encrypted = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                                  serialization.BestAvailableEncryption(b'a password'))
    path = tmp_path / 'both.pem'
    path.write_bytes(encrypted + cert.cert_chain_pems[0].bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, password='a password')
    with pytest.raises(ssl.SSLError):
        context.load_cert_chain(path, password='another')
