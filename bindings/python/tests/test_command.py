"""python -m wlpy."""

import os
import subprocess
import sys
import tempfile
import unittest


class Command(unittest.TestCase):
    def wlpy(self, *arguments, **more):
        return subprocess.run([sys.executable, "-m", "wlpy", *arguments], capture_output=True, text=True, timeout=60, **more)

    def test_programs(self):
        done = self.wlpy("-c", "import sys; print(sys.argv[1:]); sys.exit(3)", "a", "--timeout", "-c")
        self.assertEqual((done.stdout, done.returncode), ("['a', '--timeout', '-c']\n", 3), done.stderr)
        self.assertIn("Zen", self.wlpy("-m", "this").stdout)
        self.assertEqual(self.wlpy(input="print(5)").stdout, "5\n")
        with tempfile.TemporaryDirectory() as directory:
            program = os.path.join(directory, "program.py")
            with open(program, "w") as file:
                file.write("import sys; print(sys.argv, input()); open('/output/x', 'w').write('made')")
            done = self.wlpy("--save", directory, program, "-x", input="typed\n")
            self.assertEqual(done.stdout, "['/program.py', '-x'] typed\n", done.stderr)
            with open(os.path.join(directory, "output/x")) as file:
                self.assertEqual(file.read(), "made")
            done = self.wlpy("--dir", directory + "::/d", "--env", "A=b", "-c", "import os; print(os.listdir('/d'), os.environ['A'])")
            self.assertIn("program.py", done.stdout)

    def test_limits(self):
        done = self.wlpy("--timeout", "0.3", "-c", "while True: pass")
        self.assertEqual(done.returncode, 124)
        self.assertIn("wlpy: the program was stopped: ", done.stderr)
        done = self.wlpy("--memory", "64M", "--output", "2K", "-c", "print(1); bytearray(10**9)")
        self.assertIn("MemoryError", done.stderr)
        done = self.wlpy("-c", "print('x' * 10**7)")
        self.assertEqual((len(done.stdout), done.returncode), (1 << 20, 134))

    def test_errors(self):
        for arguments in (["--memory", "lots"], ["--timeout", "-1"], ["--none"], ["--dir", ""]):
            done = self.wlpy(*arguments, "-c", "1")
            self.assertEqual((done.returncode, done.stdout), (2, ""))
        done = self.wlpy("/none/such.py")
        self.assertEqual(done.returncode, 125)
        self.assertIn("/none/such.py", done.stderr)
        done = self.wlpy("--dir", "/none/such", "-c", "1")
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (125, 1))

    def test_help_and_version(self):
        done = self.wlpy("--help")
        self.assertIn("examples:", done.stdout)
        self.assertRegex(self.wlpy("--version").stdout, r"^wlpy [0-9.]+ \(Python 3\.[0-9.]+ inside\)$")


if __name__ == "__main__":
    unittest.main()
