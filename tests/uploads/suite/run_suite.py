"""Run the suite on the store that the environment names. `manage.py test` would take its own."""

import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "suite_settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.test.runner import DiscoverRunner  # noqa: E402

# Pages are rendered without collectstatic having run.
settings.STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
labels = sys.argv[1:] or ["."]
import time, unittest  # noqa
_run = unittest.TestCase.run
def run(self, *a, **k):
    t = time.monotonic()
    try:
        return _run(self, *a, **k)
    finally:
        d = time.monotonic() - t
        if d > 1: print("SLOW", round(d, 1), self.id(), flush=True)
unittest.TestCase.run = run
sys.exit(bool(DiscoverRunner(verbosity=1, interactive=False, pattern="check_*.py").run_tests(labels)))
