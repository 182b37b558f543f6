"""A run of its own for test_interrupted_runs.py: it starts what tests start, and waits."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import environment
from tests.site import proxy, server, site  # noqa: F401


def test_wait(site):  # noqa: F811
    site = site()
    # In a session of its own, so that Ctrl-C does not reach it.
    sleep = [sys.executable, "-c", "import time; time.sleep(300)"]
    subprocess.Popen(sleep, cwd=site.folder, env=environment(), start_new_session=True)
    site.start("python", "-c", "import time; time.sleep(300)")
    Path(os.environ["WAITING"]).write_text(str(os.getpid()))
    time.sleep(300)
