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
python "$PREPARE" &&
echo "
    http://127.0.0.1:$PORT

    account   $DJANGO_SUPERUSER_USERNAME
    password  $DJANGO_SUPERUSER_PASSWORD

    Ctrl-C stops it.
" &&
exec gunicorn config.wsgi --bind 127.0.0.1:$PORT --workers 2 --threads 4 \\
    --graceful-timeout 2 --log-level critical
"""


def render(build: Path) -> Path:
    """Render the template with its defaults into a folder made anew. Return the project."""
    project = build / "my_site"
    shutil.rmtree(project, ignore_errors=True)
    cookiecutter = ["-m", "cookiecutter", str(TEMPLATE), "--no-input", "--default-config"]
    subprocess.run(
        [sys.executable, *cookiecutter, "--output-dir", str(build)],
        stdout=subprocess.DEVNULL,  # the next steps, which this takes
        check=True,
    )
    return project


def production_environment(project: Path, port: int) -> dict[str, str]:
    """Return the variables of production, but for HTTPS, which 127.0.0.1 does not have."""
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PORT": str(port),
        "PREPARE": str(TEMPLATE / "scripts" / "prepare_demo.py"),
        "DJANGO_DEBUG": "off",
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1,localhost",
        "DJANGO_HTTPS": "off",
        # Shared by the two workers, as Redis would be.
        "CACHE_URL": f"filecache://{project / 'cache'}",
        "DJANGO_SUPERUSER_USERNAME": "demo",
        "DJANGO_SUPERUSER_EMAIL": "demo@example.com",
        "DJANGO_SUPERUSER_PASSWORD": secrets.token_urlsafe(9),
    }


def run_until_stopped(project: Path, environment: dict[str, str]) -> int:
    """Run the site beside its S3 server. Return its exit code, 0 after Ctrl-C."""
    # A closed terminal, or kill, ends it as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    command = [sys.executable, "-m", "s3files.server", "sh", "-c", RUN]
    site = subprocess.Popen(command, cwd=project, env=environment)
    try:
        return site.wait()
    except KeyboardInterrupt:
        site.wait()  # The terminal told it as well.
        return 0
    finally:
        if site.poll() is None:
            site.terminate()
            site.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--folder", type=Path, default=TEMPLATE / "build", help="made anew")
    parser.add_argument("--check-port", action="store_true", help="do nothing else")
    arguments = parser.parse_args()
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", arguments.port)) == 0:
            other = arguments.port + 1
            sys.exit(f"Port {arguments.port} is in use. Choose another: make demo PORT={other}")
    if arguments.check_port:
        return
    print("Rendering the project into build/my_site …", flush=True)
    project = render(arguments.folder)
    print("Starting its S3 server …", flush=True)
    sys.exit(run_until_stopped(project, production_environment(project, arguments.port)))


if __name__ == "__main__":
    main()
