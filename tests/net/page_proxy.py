"""Starts a program of Python with a name for this machine that only it knows: db.test."""
import runpy
import socket
import sys

real = socket.getaddrinfo
socket.getaddrinfo = lambda host, *words, **named: real('127.0.0.1' if host == 'db.test' else host, *words, **named)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
