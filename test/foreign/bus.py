"""As much of NATS as a workload needs: https://docs.nats.io/reference/reference-protocols/nats-protocol

Left out: TLS, headers, and coming back after the server was lost.
"""

import json
import os
import select
import socket
import sys
from urllib.parse import unquote, urlsplit

PONG = ('PONG', None)


class Bus:
    def __init__(self, address):
        url = urlsplit(address)
        self.buffer = b''
        self.sid = 0
        self.socket = socket.create_connection((url.hostname, url.port or 4222))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.line()  # INFO
        hello = {'verbose': False, 'pedantic': False, 'lang': 'python', 'version': '0', 'name': 'foreign workload'}
        user, password = credentials(url)
        if user:
            hello |= {'user': user, 'pass': password}
        self.send('CONNECT ' + json.dumps(hello))
        self.flush()

    def publish(self, subject, payload, reply=''):
        self.send(f'PUB {subject} {reply} {len(payload)}', payload + b'\r\n')

    def subscribe(self, subject):
        self.sid += 1
        self.send(f'SUB {subject} {self.sid}')

    def flush(self):
        """Returns when all that was sent before has come to the server. What is heard meanwhile is lost."""
        self.send('PING')
        while self.receive(None) != PONG:
            pass

    def receive(self, seconds):
        """The next message as (subject, payload); None if none comes in time."""
        while True:
            if b'\r\n' not in self.buffer and not select.select([self.socket], [], [], seconds)[0]:
                return None
            verb, *words = self.line().split(' ')
            if verb == 'PING':
                self.send('PONG')
            elif verb == 'PONG':
                return PONG
            elif verb == 'MSG':
                return words[0], self.exactly(int(words[-1]) + 2)[:-2]
            elif verb == '-ERR':
                sys.exit(f'the server says {" ".join(words)}')

    def line(self):
        while b'\r\n' not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b'\r\n', 1)
        return line.decode()

    def exactly(self, size):
        while len(self.buffer) < size:
            self.more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def more(self):
        received = self.socket.recv(1 << 16)
        if not received:
            sys.exit('the server has closed the connection')
        self.buffer += received

    def send(self, line, payload=b''):
        self.socket.sendall(line.encode() + b'\r\n' + payload)


def credentials(url):
    user = url.username or os.environ.get('COLDPOOL_NATS_USER')
    password = url.password or os.environ.get('COLDPOOL_NATS_PASSWORD')
    file = os.environ.get('COLDPOOL_NATS_PASSWORD_FILE')
    if password is None and file:
        with open(file, encoding='utf8') as opened:
            password = opened.read().strip()
    return unquote(user or ''), unquote(password or '')
