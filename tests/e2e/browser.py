"""Drives Chromium by the WebDriver protocol (w3.org/TR/webdriver2) through the page of examples/browser:

    browser.py ADDRESS [PICTURE]
    browser.py ADDRESS network HTTP ECHO    where the page has a network: the ports of two servers that it may reach

It ends with an exception at the first unexpected result."""
import base64
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request


class Browser:
    def __init__(self):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                self.address = "http://localhost:%d" % int(line.split("port ")[1].rstrip(".\n"))
                break
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                            "--disable-component-update", "--disable-sync", "--no-first-run", "--window-size=1000,860"]}
        session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options, "unhandledPromptBehavior": "ignore"}}})
        self.address += "/session/" + session["sessionId"]

    def call(self, method, path, data=None):
        request = urllib.request.Request(self.address + path, method=method,
                                         data=None if data is None else json.dumps(data).encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from None

    def element(self, name):
        return next(iter(self.call("POST", "/element", {"using": "css selector", "value": "#" + name}).values()))

    def text(self, name):
        return self.call("POST", "/execute/sync", {"script": "return document.getElementById(arguments[0]).textContent",
                                                   "args": [name]})

    def set(self, name, text):
        self.call("POST", "/execute/sync", {"script": "document.getElementById(arguments[0]).value = arguments[1]",
                                            "args": [name, text]})

    def click(self, name):
        self.call("POST", "/element/%s/click" % self.element(name), {})

    def type(self, name, text):
        self.call("POST", "/element/%s/value" % self.element(name), {"text": text})

    def until(self, what, good):
        value = None
        for _ in range(600):
            try:
                value = what()
                if good(value):
                    return value
            except RuntimeError as error:
                value = error
            time.sleep(0.1)
        raise AssertionError("did not happen in time: %r" % value)

    def end(self):
        try:
            self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()


def run(page, program, state="ended with status 0"):
    page.set("program", program)
    page.click("run")
    page.until(lambda: page.text("state"), lambda text: text.startswith(state))
    return page.text("output")


def visit(page, address, picture):
    page.call("POST", "/url", {"url": address})
    page.until(lambda: page.text("state"), lambda text: text == "ready")

    # The program that comes with the page asks for a name.
    page.click("run")
    page.until(lambda: page.call("GET", "/alert/text"), lambda text: "waits for a line" in text)
    page.call("POST", "/alert/text", {"text": "Ada Löwe"})
    page.call("POST", "/alert/accept", {})
    page.until(lambda: page.text("state"), lambda text: text.startswith("ended with status 0"))
    output = page.text("output")
    assert "on wasi" in output and "Hello, Ada Löwe!" in output, output

    # At the prompt.
    prompt = lambda: page.until(lambda: page.call("GET", "/element/%s/enabled" % page.element("line")), bool)
    for line in "import math", "math.factorial(20)", "1 / 0", "'still ' + 'there'":
        prompt()
        page.type("line", line + "\n")
    prompt()
    session = page.until(lambda: page.text("session"), lambda text: "'still there'" in text)
    assert "2432902008176640000" in session and "ZeroDivisionError" in session, session
    if picture:
        with open(picture, "wb") as f:
            f.write(base64.b64decode(page.call("GET", "/screenshot")))

    # Files are kept, errors and an exit status are shown, sleeping takes time, and an endless program can be stopped.
    assert run(page, 'print(open("/notes.txt").read())') == "Ada Löwe\n\n"
    assert "ValueError: no" in run(page, 'raise ValueError("no")', "ended with status 1")
    run(page, "raise SystemExit(7)", "ended with status 7")
    assert float(run(page, "import time; t = time.monotonic(); time.sleep(.3); print(time.monotonic() - t)")) >= 0.299
    assert run(page, "import asyncio; print(asyncio.run(asyncio.sleep(.01, 'awake')))") == "awake\n"

    # There is no network if the page gives none.
    assert "[Errno 58] Not supported" in run(page, "import socket; socket.create_connection(('127.0.0.1', 9))", "ended with status 1")

    # Threads, and a program that ends in one of them. Secrets come from the browser's generator, also in memory that is shared.
    assert run(page, "from concurrent.futures import ThreadPoolExecutor as T\nprint(sum(T(4).map(abs, range(-9, 0))))") == "45\n"
    assert run(page, "import asyncio, time\nprint(asyncio.run(asyncio.to_thread(time.sleep, .1)))") == "None\n"
    spinning = "import threading, os, time\ndef spin():\n  while True: pass\nthreading.Thread(target=spin, daemon=True).start()\n"
    assert run(page, spinning + "time.sleep(.1); print('ends')") == "ends\n"
    run(page, spinning + "threading.Thread(target=os._exit, args=(5,)).start(); time.sleep(1000)", "ended with status 5")
    assert "unreachable" in run(page, "import os, threading, time\nthreading.Thread(target=os.abort).start(); time.sleep(1000)",
                                "ended by an error")
    assert run(page, "import os\nprint(len(set(os.urandom(100000))))") == "256\n"

    page.set("program", "while True: pass")
    page.click("run")
    page.until(lambda: page.text("state"), lambda text: text == "running")
    page.click("stop")
    assert page.text("state") == "stopped"
    assert run(page, "print('again')") == "again\n"

    page.type("line", "exit()\n")
    page.until(lambda: page.text("session"), lambda text: "starts again" in text)


def visit_with_network(page, address, http, echo):
    page.call("POST", "/url", {"url": address})
    page.until(lambda: page.text("state"), lambda text: text == "ready")
    ask = "import urllib.request as u; print(u.urlopen('http://localhost:%s/hello').read().decode())"
    assert "hello by a door" in run(page, ask % http)
    assert "Permission denied" in run(page, ask % 9, "ended with status 1")
    connect = "import socket; s = socket.create_connection(('localhost', %s)); s.sendall(b'hello'); print(s.recv(5))" % echo
    assert run(page, connect) == "b'hello'\n"
    # A thread has the same network.
    thread = "import threading\ndef f():\n  %s\nt = threading.Thread(target=f); t.start(); t.join()"
    assert run(page, thread % connect) == "b'hello'\n"
    # It ends with the program that waits for it.
    page.set("program", connect + "; s.recv(1)")
    page.click("run")
    page.until(lambda: page.text("output"), lambda text: "hello" in text)
    page.click("stop")
    assert run(page, connect) == "b'hello'\n"


page = Browser()
try:
    if sys.argv[2:3] == ["network"]:
        visit_with_network(page, sys.argv[1], *sys.argv[3:])
    else:
        visit(page, sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
finally:
    page.end()
