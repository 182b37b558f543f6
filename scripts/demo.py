"""Render the template with its defaults and run the project as in production.

DEBUG is off, the static files are published to the bucket, gunicorn serves;
only the S3 server is the embedded one. Ctrl-C stops everything.
"""

import argparse
import os
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parent.parent
BUILD = TEMPLATE / "build"

RUN = """
python manage.py migrate --verbosity 0 &&
python manage.py createsuperuser --noinput --verbosity 0 &&
python manage.py collectstatic --noinput &&
echo "
    http://127.0.0.1:$PORT

    account   $DJANGO_SUPERUSER_USERNAME
    password  $DJANGO_SUPERUSER_PASSWORD

    Ctrl-C stops it.
" &&
exec gunicorn config.wsgi --bind 127.0.0.1:$PORT --workers 2 --threads 4 --log-level warning
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            sys.exit(f"Port {port} is in use. Choose another: make demo PORT={port + 1}")

    shutil.rmtree(BUILD, ignore_errors=True)
    project = cookiecutter(str(TEMPLATE), no_input=True, default_config=True, output_dir=str(BUILD))
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PORT": str(port),
        "DJANGO_DEBUG": "off",
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1,localhost",
        # Production but for HTTPS, which 127.0.0.1 does not have.
        "DJANGO_HTTPS": "off",
        # Shared by the two workers, as Redis would be.
        "CACHE_URL": f"filecache://{BUILD / 'cache'}",
        "DJANGO_SUPERUSER_USERNAME": "demo",
        "DJANGO_SUPERUSER_EMAIL": "demo@example.com",
        "DJANGO_SUPERUSER_PASSWORD": secrets.token_urlsafe(9),
    }
    run = subprocess.Popen(
        [sys.executable, "-m", "config.embedded_s3", "sh", "-c", RUN],
        cwd=project,
        env=environment,
    )
    try:
        sys.exit(run.wait())
    except KeyboardInterrupt:
        # Ctrl-C reached it as well: it stops gunicorn, then the S3 server.
        run.wait()


if __name__ == "__main__":
    main()
