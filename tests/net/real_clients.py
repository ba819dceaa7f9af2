"""Clients of PyPI against real servers: nginx, Redis and PostgreSQL. Arguments: the directory with the CA's certificate, and the ports of
nginx for HTTP and for TLS, of Redis, and of PostgreSQL, all on 127.0.0.1; then the names of tests, or none for all."""
import asyncio
import ssl
import sys

folder = sys.argv[1]
http, tls, redis_port, postgres = map(int, sys.argv[2:6])
ca = folder + '/ca.pem'
plain_url, tls_url = f'http://127.0.0.1:{http}', f'https://localhost:{tls}'
LARGE = bytes(range(256)) * 4096


def test_urllib():
    import urllib.error
    import urllib.request
    assert urllib.request.urlopen(plain_url + '/hello.txt').read() == b'hello from nginx\n'
    context = ssl.create_default_context(cafile=ca)
    with urllib.request.urlopen(tls_url + '/large', context=context) as answer:
        assert answer.read() == LARGE
    try:
        urllib.request.urlopen(plain_url + '/missing')
    except urllib.error.HTTPError as e:
        assert e.code == 404
    else:
        raise AssertionError('a missing page was found')


def test_http_client():
    import http.client
    connection = http.client.HTTPSConnection('localhost', tls, context=ssl.create_default_context(cafile=ca))
    for _ in range(20):  # one connection
        connection.request('GET', '/hello.txt')
        answer = connection.getresponse()
        assert answer.read() == b'hello from nginx\n'
        assert answer.getheader('Server').startswith('nginx')
    connection.close()


def test_urllib3():
    import urllib3
    with urllib3.PoolManager(ca_certs=ca) as pool:
        for url in (plain_url, tls_url):
            assert pool.request('GET', url + '/hello.txt').data == b'hello from nginx\n'
            assert pool.request('GET', url + '/redirect').data == b'hello from nginx\n'
            streamed = pool.request('GET', url + '/large', preload_content=False)
            assert b''.join(streamed.stream(10000)) == LARGE


def test_requests():
    import requests
    with requests.Session() as session:
        session.verify = ca
        for url in (plain_url, tls_url):
            answer = session.get(url + '/redirect')
            assert answer.text == 'hello from nginx\n' and len(answer.history) == 1
            assert session.get(url + '/zipped.txt').content == b'zipped ' * 1000
            assert session.get(url + '/large').content == LARGE
            assert session.put(url + '/upload/requests', data=LARGE).status_code in (201, 204)
            assert session.get(url + '/upload/requests').content == LARGE
            assert session.get(url + '/missing').status_code == 404
            assert session.get(url + '/slow', stream=True, timeout=10).status_code == 200
    try:
        requests.get(tls_url + '/hello.txt')
    except requests.exceptions.SSLError as e:
        assert 'CERTIFICATE_VERIFY_FAILED' in str(e), e
    else:
        raise AssertionError('an unknown certificate was accepted')


def test_httpx():
    import httpx
    context = ssl.create_default_context(cafile=ca)
    with httpx.Client(verify=context) as client:
        for url in (plain_url, tls_url):
            assert client.get(url + '/hello.txt').text == 'hello from nginx\n'
            assert client.get(url + '/large').content == LARGE
            assert client.get(url + '/redirect').status_code == 302

    async def main():
        async with httpx.AsyncClient(verify=context) as client:
            answers = await asyncio.gather(*(client.get(url + '/hello.txt') for url in (plain_url, tls_url) * 10))
            assert {answer.text for answer in answers} == {'hello from nginx\n'}
            assert (await client.get(tls_url + '/large')).content == LARGE

    asyncio.run(main())


def test_aiohttp():
    import aiohttp

    async def main():
        context = ssl.create_default_context(cafile=ca)
        connector = aiohttp.TCPConnector(ssl=context)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=120)) as session:
            async def get(url):
                async with session.get(url) as answer:
                    return await answer.read()

            for url in (plain_url, tls_url):
                assert await get(url + '/redirect') == b'hello from nginx\n'
                assert await get(url + '/large') == LARGE
                async with session.put(url + '/upload/aiohttp', data=LARGE) as answer:
                    assert answer.status in (201, 204)
                assert await get(url + '/upload/aiohttp') == LARGE
            assert len(await asyncio.gather(*(get(tls_url + '/hello.txt') for _ in range(50)))) == 50

    asyncio.run(main())


def test_redis():
    import redis
    client = redis.Redis(port=redis_port, decode_responses=True)
    assert client.ping()
    client.set('key', 'välue')
    assert client.get('key') == 'välue'
    with client.pipeline() as pipe:
        for i in range(1000):
            pipe.rpush('list', i)
        pipe.lrange('list', 0, -1)
        assert pipe.execute()[-1] == [str(i) for i in range(1000)]
    client.set('large', 'x' * 1000000)
    assert len(client.get('large')) == 1000000
    listener = client.pubsub()
    listener.subscribe('news')
    assert listener.get_message(timeout=10)['type'] == 'subscribe'
    client.publish('news', 'told')
    assert listener.get_message(timeout=10)['data'] == 'told'
    try:
        client.incr('key')
    except redis.exceptions.ResponseError:
        pass
    else:
        raise AssertionError('no error')
    client.close()


def test_redis_asyncio():
    import redis.asyncio

    async def main():
        async with redis.asyncio.Redis(port=redis_port) as client:
            await client.set('count', 0)
            await asyncio.gather(*(client.incr('count') for _ in range(50)))
            assert int(await client.get('count')) == 50
            assert await client.blpop('nothing', timeout=1) is None

    asyncio.run(main())


def test_pg8000():
    import pg8000.dbapi
    import pg8000.native
    context = ssl.create_default_context(cafile=ca)
    connection = pg8000.native.Connection('guest', host='localhost', port=postgres, password='secret', database='postgres',
                                          ssl_context=context)
    assert connection.run('select ssl from pg_stat_ssl where pid = pg_backend_pid()') == [[True]]
    connection.run('create temporary table things (number int, name text, at timestamptz default now())')
    for i in range(100):
        connection.run('insert into things (number, name) values (:number, :name)', number=i, name=f'näme {i}')
    assert connection.run('select count(*), sum(number), max(name) from things') == [[100, 4950, 'näme 99']]
    assert len(connection.run("select repeat('x', 1000000)")[0][0]) == 1000000
    try:
        connection.run('select 1 / 0')
    except pg8000.exceptions.DatabaseError as e:
        assert e.args[0]['C'] == '22012', e
    else:
        raise AssertionError('no error')
    connection.close()
    plain = pg8000.dbapi.connect('guest', host='127.0.0.1', port=postgres, password='secret', database='postgres')
    cursor = plain.cursor()
    cursor.execute('select generate_series(1, 10000)')
    assert len(cursor.fetchall()) == 10000
    plain.close()


chosen = sys.argv[6:]
for name, test in list(globals().items()):
    if name.startswith('test_') and (not chosen or name in chosen):
        test()
        print('ok', name, flush=True)
