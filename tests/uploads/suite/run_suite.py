"""Run the suite on the store that the environment names. `manage.py test` would take its own."""

import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "suite_settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.test.runner import DiscoverRunner  # noqa: E402

from s3files._s3 import clients as client  # noqa: E402

# Pages are rendered without collectstatic having run.
settings.STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
# A project's tests may reach the embedded server alone; these mean the store that they are given.
client._is_under_test = lambda: False
runner = DiscoverRunner(verbosity=1, interactive=False, pattern="check_*.py")
sys.exit(bool(runner.run_tests(sys.argv[1:] or ["."])))
