"""The project's settings with one more package: test_package_policies.py puts this into config/."""

import json
import os

from config import settings as project
from csp.constants import NONCE

globals().update({name: value for name, value in vars(project).items() if name.isupper()})
PACKAGE = json.loads(os.environ["PACKAGE"])
PROJECT_APPS = (PACKAGE["replaced"].get(app, app) for app in project.INSTALLED_APPS)
INSTALLED_APPS = [*PACKAGE["apps"], *PROJECT_APPS]
MIDDLEWARE = [*project.MIDDLEWARE, *PACKAGE["middleware"]]
ROOT_URLCONF = "config.package_urls"
globals().update(PACKAGE["settings"])

# As docs/content-security-policy.md has an owner add them.
for directive, sources in json.loads(os.environ["NEEDED"]).items():
    now = project.CSP_DIRECTIVES.get(directive, [])
    dropped = ("'none'", "'sha256-") if "'unsafe-inline'" in sources else ("'none'",)
    project.CSP_DIRECTIVES[directive] = [
        *(source for source in now if not source.startswith(dropped)),
        *(NONCE if source == "nonce" else source for source in sources),
    ]
