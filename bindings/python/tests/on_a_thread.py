"""Tests once more, on a thread that is not the first: the two run guests in different ways."""

import threading


class OnAThread:
    def run(self, result=None):
        thread = threading.Thread(target=super().run, args=(result,))
        thread.start()
        thread.join()
