"""python -m s3files.server COMMAND …: run any program with the embedded server."""

import os
import sys
from pathlib import Path
from typing import Any

from .keeper import run_keeper
from .reservation import EmbeddedS3Error, Server

USAGE = "usage: python -m s3files.server COMMAND [ARGUMENT …]"


def main() -> None:
    """Run a command with the server, whatever S3 the environment chooses."""
    arguments = sys.argv[1:]
    if arguments[:1] in (["--keep"], ["--discard"]):
        return run_keeper(Path(arguments[1]), arguments[2], arguments[0] == "--discard")
    if not arguments:
        sys.exit(USAGE)
    try:
        started = start_for_settings()
    except EmbeddedS3Error as error:
        sys.exit(str(error))
    os.environ.update(
        AWS_S3_ENDPOINT_URL=started.endpoint_url,
        AWS_ACCESS_KEY_ID=started.access_key,
        AWS_SECRET_ACCESS_KEY=started.secret_key,
        # A CDN cannot see this machine.
        AWS_S3_CUSTOM_DOMAIN="",
        AWS_S3_PUBLIC_ENDPOINT_URL="",
    )
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    try:
        os.execvp(arguments[0], arguments)  # noqa: S606
    except OSError as error:
        sys.exit(f"{arguments[0]}: {error.strerror}")


def start_for_settings() -> Server:
    """Start the server that the settings ask for. Raises EmbeddedS3Error."""
    name = os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # Whatever S3 was chosen, in .env too.
    os.environ.update(S3_EMBEDDED="on", AWS_S3_ENDPOINT_URL="")
    import django
    from django.apps import apps
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        # Its message says what to change.
        sys.exit(str(error))
    except ModuleNotFoundError as error:
        if not (error.name and f"{name}.".startswith(f"{error.name}.")):
            raise
        sys.exit(
            f"There are no settings {name!r} here: run this where manage.py is, and set "
            "DJANGO_SETTINGS_MODULE, such as shop.settings."
        )
    # The app knows which folder, bucket and prefixes; this package imports nothing of it.
    app: Any = apps.get_app_config("s3files_core")
    server = app.development_server()
    started: Server = server.ensure_running()
    server.keep_for_exec()
    del os.environ["S3_EMBEDDED"]
    print(f"S3 server for development: {started.endpoint_url}", file=sys.stderr)
    return started


if __name__ == "__main__":
    main()
