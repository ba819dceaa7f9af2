"""The command wlpy, which the package installs."""

import json
import os
import socket
import subprocess
import sys
import time
import unittest
import urllib.request

COMMAND = [sys.executable, "-m", "wlpy._serve"]


class Serve(unittest.TestCase):
    def run_command(self, *arguments, **more):
        return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, **more)

    def test_installed(self):
        self.assertRegex(self.run_command("--version").stdout, r"^wlpy \d")
        script = os.path.join(os.path.dirname(sys.executable), "wlpy")
        if os.path.exists(script):
            done = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=60)
            self.assertRegex(done.stdout, r"^wlpy \d")

    def test_mcp(self):
        calls = [("run_python", {"code": "6 * 7"}), ("run_in_session", {"code": "x = 1"}), ("list_packages", {})]
        lines = [
            json.dumps({"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": {"name": name, "arguments": arguments}})
            for n, (name, arguments) in enumerate(calls)
        ]
        done = self.run_command("mcp", input="\n".join(lines) + "\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        results = {answer["id"]: answer["result"] for answer in map(json.loads, done.stdout.splitlines())}
        self.assertEqual(results[0]["content"], [{"type": "text", "text": "42"}])
        self.assertEqual(len(results), 3)

    def test_serve(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = "%s:%d" % free.getsockname()
        with subprocess.Popen([*COMMAND, "serve", "--listen", address], stderr=subprocess.PIPE) as server:
            try:
                for _ in range(100):
                    try:
                        with urllib.request.urlopen(f"http://{address}/health", timeout=10) as answer:
                            self.assertEqual(answer.status, 200)
                        break
                    except OSError:
                        time.sleep(0.1)
                body = json.dumps({"code": "import ssl, sqlite3; sum(range(10))"}).encode()
                with urllib.request.urlopen(f"http://{address}/v1/run", data=body, timeout=60) as answer:
                    self.assertEqual(json.load(answer)["value"], 45)
            finally:
                server.terminate()
            self.assertEqual(server.wait(30), 0, server.stderr.read())

    def test_errors(self):
        done = self.run_command("no-such")
        self.assertEqual(done.returncode, 2)
        self.assertIn("wlpy: there is no command no-such", done.stderr)
        # The user's own program counts; this wlpy runs native ones only.
        done = self.run_command("mcp", "--program", "none.so")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("none.so", done.stderr)


if __name__ == "__main__":
    unittest.main()
