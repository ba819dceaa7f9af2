"""Names that a DNS server of this machine answers: by the host's resolver (getaddrinfo), and by dnspython, which asks the server itself.
Arguments: the port of a web server on 127.0.0.5."""
import errno
import socket
import sys
import urllib.request

import dns.message
import dns.query
import dns.rdatatype
import dns.resolver

port = int(sys.argv[1])


def addresses(name, family=0):
    return sorted({entry[4][0] for entry in socket.getaddrinfo(name, port, family, socket.SOCK_STREAM)})


def fails(name, family=0):
    try:
        addresses(name, family)
    except socket.gaierror as e:
        return e.errno
    raise AssertionError(f'{name} has an address')


def test_getaddrinfo():
    assert addresses('web.example.test') == ['127.0.0.5']
    assert addresses('alias.example.test') == ['127.0.0.5']  # a CNAME
    assert addresses('both.example.test') == ['127.0.0.5', 'fd00::5']
    assert addresses('both.example.test', socket.AF_INET6) == ['fd00::5']
    assert addresses('WEB.Example.TEST.') == ['127.0.0.5']
    assert addresses('many.example.test') == [f'127.0.1.{n}' for n in range(1, 9)]
    assert socket.gethostbyname('web.example.test') == '127.0.0.5'
    assert fails('missing.example.test') == socket.EAI_NONAME
    assert fails('web.example.test', socket.AF_INET6) in (socket.EAI_NONAME, getattr(socket, 'EAI_NODATA', None))


def test_connecting_by_name():
    assert urllib.request.urlopen(f'http://web.example.test:{port}/hello').read() == b'hello by name\n'


def test_rules():
    """A name that no rule allows, and one whose owner lets it point to this machine."""
    assert fails('other.test') == socket.EAI_FAIL
    assert fails('rebind.example.test') == socket.EAI_FAIL
    try:
        socket.create_connection(('127.0.0.6', port))
    except OSError as e:
        assert e.errno == errno.EACCES, e
    else:
        raise AssertionError('connected')


def test_asking_the_server():
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ['127.0.0.1']
    assert [r.to_text() for r in resolver.resolve('web.example.test', 'A')] == ['127.0.0.5']
    assert [r.to_text() for r in resolver.resolve('both.example.test', 'AAAA')] == ['fd00::5']
    assert [r.to_text() for r in resolver.resolve('example.test', 'TXT')] == ['"a text"']
    assert [r.to_text() for r in resolver.resolve('example.test', 'MX')] == ['10 web.example.test.']
    assert [r.to_text() for r in resolver.resolve('_ldap._tcp.example.test', 'SRV')] == [f'0 0 {port} web.example.test.']
    try:
        resolver.resolve('missing.example.test', 'A')
    except dns.resolver.NXDOMAIN:
        pass
    else:
        raise AssertionError('found')
    query = dns.message.make_query('many.example.test', 'A')
    for ask in (dns.query.udp, dns.query.tcp):
        answer = ask(query, '127.0.0.1', timeout=30)
        assert answer.id == query.id and len(answer.answer[0]) == 8


for name, test in list(globals().items()):
    if name.startswith('test_'):
        test()
        print('ok', name, flush=True)
