"""Render the template with its defaults and run the project as in production.

DEBUG is off, the static files are published to the bucket, gunicorn serves;
only the S3 server is the embedded one. Ctrl-C stops everything.
"""

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent

# A browser keeps connections open: gunicorn would wait 30 seconds for them, and
# then complain. Errors of the site itself are logged by its settings.
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
exec gunicorn config.wsgi --bind 127.0.0.1:$PORT --workers 2 --threads 4 \\
    --graceful-timeout 2 --log-level critical
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--folder", type=Path, default=TEMPLATE / "build", help="made anew")
    arguments = parser.parse_args()
    port, build = arguments.port, arguments.folder
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            sys.exit(f"Port {port} is in use. Choose another: make demo PORT={port + 1}")

    project = build / "my_site"
    shutil.rmtree(project, ignore_errors=True)
    cookiecutter = ["-m", "cookiecutter", str(TEMPLATE), "--no-input", "--default-config"]
    subprocess.run(
        [sys.executable, *cookiecutter, "--output-dir", str(build)],
        stdout=subprocess.DEVNULL,  # the next steps, which this takes
        check=True,
    )
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PORT": str(port),
        "DJANGO_DEBUG": "off",
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1,localhost",
        # Production but for HTTPS, which 127.0.0.1 does not have.
        "DJANGO_HTTPS": "off",
        # Shared by the two workers, as Redis would be.
        "CACHE_URL": f"filecache://{project / 'cache'}",
        "DJANGO_SUPERUSER_USERNAME": "demo",
        "DJANGO_SUPERUSER_EMAIL": "demo@example.com",
        "DJANGO_SUPERUSER_PASSWORD": secrets.token_urlsafe(9),
    }
    # A closed terminal, or kill, ends it as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    run = subprocess.Popen(
        [sys.executable, "-m", "s3files.server", "sh", "-c", RUN],
        cwd=project,
        env=environment,
    )
    try:
        sys.exit(run.wait())
    except KeyboardInterrupt:
        run.wait()  # The terminal told it as well.
    finally:
        if run.poll() is None:
            run.terminate()
            run.wait()


if __name__ == "__main__":
    main()
