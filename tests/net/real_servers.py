"""Servers of PyPI in a guest. Arguments: a free port, a directory, and the name of the server. Each ends when it is asked for /end."""
import asyncio
import json
import sys

port, folder, name = int(sys.argv[1]), sys.argv[2], sys.argv[3]
LARGE = bytes(range(256)) * 4096


def flask_app():
    import flask
    app = flask.Flask('app')

    @app.get('/hello')
    def hello():
        return flask.jsonify(hello=flask.request.args['name'])

    @app.post('/reverse')
    def reverse():
        return flask.request.get_data()[::-1]

    @app.get('/large')
    def large():
        return flask.Response(LARGE[i:i + 65536] for i in range(0, len(LARGE), 65536))

    @app.get('/end')
    def end():
        ending.append(1)
        return 'ending'

    return app


ending = []


def serve_werkzeug():
    from werkzeug.serving import make_server
    server = make_server('127.0.0.1', port, flask_app(), threaded=False)
    print('serving', flush=True)
    while not ending:
        server.handle_request()
    server.server_close()


def serve_waitress():
    """Each request has a thread of the pool."""
    import _thread
    import threading

    import waitress

    app = flask_app()

    @app.get('/thread')
    def thread():
        # Two requests have to be here at the same time.
        together.wait(60)
        return threading.current_thread().name

    @app.teardown_request
    def end(error):
        if ending:
            threading.Timer(0.5, _thread.interrupt_main).start()

    together = threading.Barrier(2)
    print('serving', flush=True)
    waitress.serve(app, host='127.0.0.1', port=port, threads=8)


def starlette_app(at_end):
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
    from starlette.routing import Route, WebSocketRoute

    async def hello(request):
        return JSONResponse({'hello': request.query_params['name']})

    async def reverse(request):
        return Response((await request.body())[::-1])

    async def large(request):
        async def parts():
            for i in range(0, len(LARGE), 65536):
                yield LARGE[i:i + 65536]

        return StreamingResponse(parts())

    async def end(request):
        at_end()
        return PlainTextResponse('ending')

    async def echo(websocket):
        await websocket.accept()
        try:
            while True:
                await websocket.send_text((await websocket.receive_text()).upper())
        except Exception as e:
            assert type(e).__name__ == 'WebSocketDisconnect', e

    return Starlette(routes=[Route('/hello', hello), Route('/reverse', reverse, methods=['POST']), Route('/large', large),
                             Route('/end', end), WebSocketRoute('/ws', echo)])


def serve_uvicorn(**options):
    import uvicorn

    def at_end():
        server.should_exit = True

    server = uvicorn.Server(uvicorn.Config(starlette_app(at_end), host='127.0.0.1', port=port, log_level='warning', **options))
    print('serving', flush=True)
    server.run()


def serve_uvicorn_tls():
    serve_uvicorn(ssl_certfile=folder + '/server.pem', ssl_keyfile=folder + '/server.key')


def serve_aiohttp():
    from aiohttp import web

    async def main():
        ended = asyncio.Event()

        async def hello(request):
            return web.json_response({'hello': request.query['name']})

        async def reverse(request):
            return web.Response(body=(await request.read())[::-1])

        async def large(request):
            answer = web.StreamResponse()
            await answer.prepare(request)
            for i in range(0, len(LARGE), 65536):
                await answer.write(LARGE[i:i + 65536])
            return answer

        async def end(request):
            ended.set()
            return web.Response(text='ending')

        async def echo(request):
            ws = web.WebSocketResponse()
            await ws.prepare(request)
            async for message in ws:
                await ws.send_str(message.data.upper())
            return ws

        app = web.Application(client_max_size=1 << 24)
        app.add_routes([web.get('/hello', hello), web.post('/reverse', reverse), web.get('/large', large), web.get('/end', end),
                        web.get('/ws', echo)])
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, '127.0.0.1', port).start()
        print('serving', flush=True)
        await ended.wait()
        await runner.cleanup()

    asyncio.run(main())


def serve_websockets():
    """Here the guest is the client, too."""
    import websockets

    async def echo(connection):
        async for message in connection:
            await connection.send(message[::-1])

    async def main():
        async with websockets.serve(echo, '127.0.0.1', port, max_size=None):
            print('serving', flush=True)
            async with websockets.connect(f'ws://127.0.0.1:{port}/', max_size=None) as client:
                for message in ('a text', b'some bytes', 'x' * 100000, LARGE):
                    await client.send(message)
                    assert await client.recv() == message[::-1]

    asyncio.run(main())


globals()['serve_' + name]()
print('ended', name, flush=True)
