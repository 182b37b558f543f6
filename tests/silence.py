"""Say what runs when the tests have printed nothing for some seconds."""

import threading
import time

SECONDS = 5
NAMED = 3


class Silence:
    """A pytest plugin of the process that prints."""

    def __init__(self, reporter):
        self._reporter = reporter
        self._running = {}
        self._printed = time.monotonic()
        self._line_is_open = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def pytest_sessionstart(self):
        self._thread.start()

    def pytest_runtest_logstart(self, nodeid):
        self._running[nodeid] = time.monotonic()

    def pytest_runtest_logreport(self, report):
        if report.when == "teardown":
            self._running.pop(report.nodeid, None)
        self._printed = time.monotonic()
        self._line_is_open = True

    def pytest_sessionfinish(self):
        self._ended.set()
        self._thread.join()

    def _watch(self):
        while not self._ended.wait(0.5):
            if time.monotonic() - self._printed > SECONDS:
                start = "\n" if self._line_is_open else ""
                self._reporter.write_line(f"{start}  … {self._describe()}")
                self._line_is_open = False
                self._printed = time.monotonic()

    def _describe(self):
        running = list(self._running)
        if not running:
            return "collecting the tests, or ending what they started"
        names = ", ".join(name.rpartition("/")[2] for name in running[:NAMED])
        return f"running {names}"
