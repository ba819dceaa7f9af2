"""The parts of paramiko that are pure Python: its client for SFTP, against the sftp-server of OpenSSH behind a TCP port, and its reader of
configurations. (The rest needs cryptography, so the package's own __init__ cannot be imported.) Arguments: the port."""
import importlib.util
import io
import socket
import stat
import sys
import types

package = types.ModuleType('paramiko')
package.__path__ = importlib.util.find_spec('paramiko').submodule_search_locations
sys.modules['paramiko'] = package
from paramiko.config import SSHConfig  # noqa: E402
from paramiko.message import Message  # noqa: E402
from paramiko.sftp_client import SFTPClient  # noqa: E402

LARGE = bytes(range(256)) * 4096


class Connection:
    """What SFTPClient wants of a channel."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port))

    def __getattr__(self, name):
        return getattr(self.socket, name)

    def get_name(self):
        return 'tcp'


def test_sftp():
    client = SFTPClient(Connection(int(sys.argv[1])))
    client.mkdir('folder')
    client.chdir('folder')
    with client.open('large', 'wb') as f:
        f.set_pipelined(True)
        f.write(LARGE)
    with client.open('large', 'rb') as f:
        f.prefetch()
        assert f.read() == LARGE
        f.seek(1000)
        assert f.read(24) == LARGE[1000:1024]
    assert client.stat('large').st_size == len(LARGE)
    client.chmod('large', 0o600)
    assert stat.S_IMODE(client.stat('large').st_mode) == 0o600
    client.putfo(io.BytesIO('täxt'.encode()), 'text')
    client.rename('text', 'näme')
    client.symlink('näme', 'link')
    assert client.readlink('link') == 'näme'
    assert sorted(client.listdir()) == ['large', 'link', 'näme']
    into = io.BytesIO()
    client.getfo('link', into)
    assert into.getvalue().decode() == 'täxt'
    try:
        client.open('missing')
    except FileNotFoundError:
        pass
    else:
        raise AssertionError('a missing file was opened')
    for name in client.listdir():
        client.remove(name)
    client.chdir()
    client.rmdir('folder')
    client.close()


def test_messages():
    message = Message()
    message.add_string('täxt').add_int(7).add_int64(1 << 40).add_mpint(-(1 << 200)).add_boolean(True).add_list(['a', 'b'])
    again = Message(message.asbytes())
    assert (again.get_text(), again.get_int(), again.get_int64(), again.get_mpint(), again.get_boolean(), again.get_list()) == \
        ('täxt', 7, 1 << 40, -(1 << 200), True, ['a', 'b'])


def test_config():
    config = SSHConfig.from_text('Host build *.example.com\n  HostName %h.example.net\n  Port 2222\nHost *\n  User guest\n')
    assert config.lookup('build') == {'hostname': 'build.example.net', 'port': '2222', 'user': 'guest'}
    assert config.lookup('other')['user'] == 'guest'


for name, test in list(globals().items()):
    if name.startswith('test_'):
        test()
        print('ok', name, flush=True)
