"""Starts a program of Python with a name for this machine that only it knows: db.test. It ends when its standard input does."""
import os
import runpy
import socket
import sys
import threading

real = socket.getaddrinfo
socket.getaddrinfo = lambda host, *words, **named: real('127.0.0.1' if host == 'db.test' else host, *words, **named)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
