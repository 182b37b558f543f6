"""Write docs/when-it-does-not-work.md from the table of failures that s3doctor has.

A test holds that the two are the same: python scripts/document_failures.py
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

TEMPLATE = Path(__file__).resolve().parent.parent
PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
PAGE = TEMPLATE / "docs" / "when-it-does-not-work.md"

INTRODUCTION = """\
# When it does not work

```sh
python manage.py s3doctor
```

This command checks the bucket step by step, starting with what everything else depends on. For
each failure it prints the response of S3, what it means, and how to fix it. It changes nothing.
With `--write` it also writes, reads and deletes small files, as the site does. In a project with
direct uploads (the answer `direct_uploads=yes`) it then uploads with presigned URLs, too (valid
and tampered, whole and in parts), and verifies that a new upload is not public. The steps
`uploads`, `unsigned-headers`, `incoming` and `upload-cors` exist only in such a project.

`--only STEP` runs only this step; you can repeat the option. `--origin https://www.example.com`
is the site's origin, for the CORS steps; without it, s3doctor takes the first name in
`ALLOWED_HOSTS`. In development, s3doctor checks the local S3 server, unless the environment has
credentials, `AWS_S3_ENDPOINT_URL` or `S3_EMBEDDED=off`. To check the real bucket, first set
`AWS_PROFILE` (or keys) and `DJANGO_DEBUG=off`: with DEBUG on, s3doctor may skip the static files.

This page lists every failure that s3doctor can explain, in the same words. Each section but the
last is a step. Its first sentence is what the step checks; then come the failures, by error code.
Search this page for the error code that S3, boto3 or s3doctor printed. Replace the `$NAMES` in the
commands; s3doctor fills in those that it has. For an S3-compatible store, first run
`export AWS_ENDPOINT_URL=$ENDPOINT`, so that `aws` commands go there. `$LOCATION` is a storage's
prefix, such as `media`. `$BLOCK` has the four values of `PublicAccessBlockConfiguration` in
`infra/s3.yaml`, with commas between them: `BlockPublicAcls=true,…`
"""


# In a process of its own: tests import the s3files of a rendered project.
PRINT_TABLE = """
import json
from s3files.direct import doctor_failures as direct
from s3files.doctor import failures as own
rows = [row._asdict() for row in [*own.FAILURES, *direct.FAILURES]]
print(json.dumps([own.STEPS | direct.STEPS, rows]))
"""


def load_table() -> SimpleNamespace:
    """Return STEPS and FAILURES: s3doctor's own, and those of direct uploads."""
    # -B: no __pycache__ in the template.
    command = [sys.executable, "-B", "-c", PRINT_TABLE]
    printed = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True).stdout
    steps, rows = json.loads(printed)
    return SimpleNamespace(STEPS=steps, FAILURES=[SimpleNamespace(**row) for row in rows])


def page() -> str:
    table = load_table()
    parts = [INTRODUCTION]
    for step, asks in {**table.STEPS, "": "These failures can happen at any step."}.items():
        parts.append(f"## {step or 'anywhere'}\n\n{asks}\n")
        parts += [row(failure) for failure in table.FAILURES if failure.step == step]
    return "\n".join(parts)


def row(failure: Any) -> str:
    code, *others = failure.codes.split()
    also = f"Also {', '.join(f'`{other}`' for other in others)}.\n\n" if others else ""
    # A bare $ begins a formula on GitHub.
    means = re.sub(r"\$\w+", r"`\g<0>`", failure.means)
    return f"### `{code}`\n\n{means}\n\n{also}```sh\n{failure.fix}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE} is written.")
