"""Stand-ins, in this machine's Python, for services that clients of PyPI need: OpenAI's and Anthropic's interfaces over HTTP, and enough
of MongoDB's protocol (OP_MSG) to keep documents. Arguments: two free ports of 127.0.0.1. The bson of pymongo has to be importable."""
import http.server
import json
import socketserver
import struct
import sys
import threading

import bson

http_port, mongo_port = map(int, sys.argv[1:3])


class Models(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        words = asked['messages'][-1]['content'].upper().split()
        if self.path == '/v1/chat/completions':
            known, answer = self.headers['Authorization'] == 'Bearer the-key', self.openai
        else:
            assert self.path == '/v1/messages', self.path
            known, answer = self.headers['X-Api-Key'] == 'the-key', self.anthropic
        if not known:
            return self.send(401, {'error': {'type': 'authentication_error', 'message': 'unknown key'}})
        answer(words, asked.get('stream'))

    def openai(self, words, stream):
        if not stream:
            return self.send(200, {'id': 'c', 'object': 'chat.completion', 'created': 1, 'model': 'm', 'choices': [
                {'index': 0, 'finish_reason': 'stop', 'message': {'role': 'assistant', 'content': ' '.join(words)}}]})
        self.events([(None, {'id': 'c', 'object': 'chat.completion.chunk', 'created': 1, 'model': 'm', 'choices': [
            {'index': 0, 'delta': {'content': word}}]}) for word in words] + [(None, '[DONE]')])

    def anthropic(self, words, stream):
        message = {'id': 'm', 'type': 'message', 'role': 'assistant', 'model': 'm', 'stop_reason': 'end_turn', 'stop_sequence': None,
                   'usage': {'input_tokens': 1, 'output_tokens': len(words)}}
        if not stream:
            return self.send(200, {**message, 'content': [{'type': 'text', 'text': ' '.join(words)}]})
        self.events([('message_start', {'type': 'message_start', 'message': {**message, 'content': []}}),
                     ('content_block_start', {'type': 'content_block_start', 'index': 0, 'content_block': {'type': 'text', 'text': ''}})] +
                    [('content_block_delta', {'type': 'content_block_delta', 'index': 0, 'delta': {'type': 'text_delta', 'text': word}})
                     for word in words] +
                    [('content_block_stop', {'type': 'content_block_stop', 'index': 0}), ('message_stop', {'type': 'message_stop'})])

    def send(self, status, what):
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def events(self, events):
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        for name, what in events:
            text = ('event: %s\n' % name if name else '') + 'data: %s\n\n' % (what if isinstance(what, str) else json.dumps(what))
            self.wfile.write(b'%x\r\n%s\r\n' % (len(text.encode()), text.encode()))
        self.wfile.write(b'0\r\n\r\n')

    def log_message(self, *args):
        pass


class Mongo(socketserver.StreamRequestHandler):
    kept = {}

    def handle(self):
        while header := self.rfile.read(16):
            size, number, _, kind = struct.unpack('<iiii', header)
            body = self.rfile.read(size - 16)
            if kind == 2004:  # OP_QUERY, with which a client begins
                command = bson.decode(body[body.index(b'\0', 4) + 9:])
                answer = bson.encode(self.answer(command))
                self.send(number, 1, struct.pack('<iqii', 8, 0, 0, 1) + answer)
                continue
            assert kind == 2013, kind
            command, at = {}, 4
            while at < len(body):
                section, at = body[at], at + 1
                length, = struct.unpack_from('<i', body, at)
                if section == 0:
                    command.update(bson.decode(body[at:at + length]))
                else:
                    name, _, documents = body[at + 4:at + length].partition(b'\0')
                    command[name.decode()] = bson.decode_all(documents)
                at += length
            self.send(number, 2013, struct.pack('<iB', 0, 0) + bson.encode(self.answer(command)))

    def send(self, to, kind, body):
        self.wfile.write(struct.pack('<iiii', 16 + len(body), 0, to, kind) + body)
        self.wfile.flush()

    def answer(self, command):
        name = next(iter(command))
        documents = self.kept.setdefault(command.get(name), []) if name in ('insert', 'find', 'delete') else None
        if name.lower() in ('hello', 'ismaster'):
            return {'ok': 1, 'isWritablePrimary': True, 'ismaster': True, 'helloOk': True, 'maxWireVersion': 25, 'minWireVersion': 0,
                    'maxBsonObjectSize': 16 << 20, 'maxMessageSizeBytes': 48000000, 'maxWriteBatchSize': 100000}
        if name == 'insert':
            documents += command['documents']
            return {'ok': 1, 'n': len(command['documents'])}
        if name == 'find':
            found = [d for d in documents if all(d.get(k) == v for k, v in command.get('filter', {}).items())]
            return {'ok': 1, 'cursor': {'id': 0, 'ns': 'db.' + command['find'], 'firstBatch': found[:command.get('limit') or None]}}
        if name in ('ping', 'endSessions'):
            return {'ok': 1}
        return {'ok': 0, 'code': 59, 'codeName': 'CommandNotFound', 'errmsg': 'no such command: ' + name}


class Threading(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True


servers = [http.server.ThreadingHTTPServer(('127.0.0.1', http_port), Models), Threading(('127.0.0.1', mongo_port), Mongo)]
for server in servers:
    threading.Thread(target=server.serve_forever).start()
