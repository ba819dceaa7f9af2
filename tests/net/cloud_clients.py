"""Clients of services, in a guest, against stand-ins on this machine. Arguments: the ports of stand_ins.py, and of moto; then the names of
tests, or none for all."""
import asyncio
import sys

http, mongo, moto = map(int, sys.argv[1:4])


def test_boto3():
    import boto3
    import botocore.exceptions
    with_keys = {'endpoint_url': f'http://127.0.0.1:{moto}', 'region_name': 'us-east-1', 'aws_access_key_id': 'a',
                 'aws_secret_access_key': 'b'}
    s3 = boto3.client('s3', **with_keys)
    s3.create_bucket(Bucket='bucket')
    large = bytes(range(256)) * 4096
    s3.put_object(Bucket='bucket', Key='a/large', Body=large, Metadata={'who': 'guest'})
    s3.put_object(Bucket='bucket', Key='b', Body=b'small')
    got = s3.get_object(Bucket='bucket', Key='a/large')
    assert got['Body'].read() == large and got['Metadata'] == {'who': 'guest'}
    assert [o['Key'] for o in s3.list_objects_v2(Bucket='bucket')['Contents']] == ['a/large', 'b']
    assert s3.get_object(Bucket='bucket', Key='b', Range='bytes=1-2')['Body'].read() == b'ma'
    try:
        s3.get_object(Bucket='bucket', Key='none')
    except s3.exceptions.NoSuchKey:
        pass
    else:
        raise AssertionError('no error')
    try:
        boto3.client('s3', **with_keys).head_bucket(Bucket='no-such-bucket')
    except botocore.exceptions.ClientError as e:
        assert e.response['Error']['Code'] == '404', e
    assert [b.name for b in boto3.resource('s3', **with_keys).buckets.all()] == ['bucket']


def test_pymongo():
    import pymongo

    async def main():
        # (MongoClient watches its server in a thread, this one in a task.)
        async with pymongo.AsyncMongoClient('127.0.0.1', mongo, serverSelectionTimeoutMS=60000) as client:
            things = client.db.things
            assert await client.admin.command('ping') == {'ok': 1}
            await things.insert_one({'name': 'erster', 'nested': {'list': [1, 2.5, None]}})
            await things.insert_many({'number': i, 'text': 'x' * 1000} for i in range(500))
            assert (await things.find_one({'name': 'erster'}))['nested'] == {'list': [1, 2.5, None]}
            assert [thing['number'] async for thing in things.find({'text': 'x' * 1000})] == list(range(500))
            try:
                await client.admin.command('unknown')
            except pymongo.errors.OperationFailure as e:
                assert e.code == 59, e
            else:
                raise AssertionError('no error')

    asyncio.run(main())


MESSAGES = [{'role': 'user', 'content': 'some quiet words'}]


def test_openai():
    import openai
    asks = {'model': 'm', 'messages': MESSAGES}
    url = f'http://127.0.0.1:{http}/v1'
    client = openai.OpenAI(api_key='the-key', base_url=url)
    assert client.chat.completions.create(**asks).choices[0].message.content == 'SOME QUIET WORDS'
    assert [c.choices[0].delta.content for c in client.chat.completions.create(stream=True, **asks)] == ['SOME', 'QUIET', 'WORDS']
    try:
        openai.OpenAI(api_key='wrong', base_url=url).chat.completions.create(**asks)
    except openai.AuthenticationError:
        pass
    else:
        raise AssertionError('no error')

    async def main():
        async with openai.AsyncOpenAI(api_key='the-key', base_url=url) as client:
            # Which it would find out in a thread.
            client._platform = 'Other:wasi'
            answers = await asyncio.gather(*(client.chat.completions.create(**asks) for _ in range(10)))
            assert {a.choices[0].message.content for a in answers} == {'SOME QUIET WORDS'}
            stream = await client.chat.completions.create(stream=True, **asks)
            assert [c.choices[0].delta.content async for c in stream] == ['SOME', 'QUIET', 'WORDS']

    asyncio.run(main())


def test_anthropic():
    import anthropic
    asks = {'model': 'm', 'max_tokens': 100, 'messages': MESSAGES}
    url = f'http://127.0.0.1:{http}'
    client = anthropic.Anthropic(api_key='the-key', base_url=url)
    assert client.messages.create(**asks).content[0].text == 'SOME QUIET WORDS'
    with client.messages.stream(**asks) as stream:
        assert list(stream.text_stream) == ['SOME', 'QUIET', 'WORDS']
    try:
        anthropic.Anthropic(api_key='wrong', base_url=url).messages.create(**asks)
    except anthropic.AuthenticationError:
        pass
    else:
        raise AssertionError('no error')

    async def main():
        async with anthropic.AsyncAnthropic(api_key='the-key', base_url=url) as client:
            assert (await client.messages.create(**asks)).content[0].text == 'SOME QUIET WORDS'

    asyncio.run(main())


chosen = sys.argv[4:]
for name, test in list(globals().items()):
    if name.startswith('test_') and (not chosen or name in chosen):
        test()
        print('ok', name, flush=True)
