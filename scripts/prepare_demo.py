"""Fill the demo's database and bucket. scripts/demo.py runs it in the rendered project.

One process for all of it, because each starts Django anew; Ctrl-C prints one line.
"""

import os
import sys


def prepare() -> None:
    sys.path[0] = os.getcwd()
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django
    from django.core.management import CommandError, call_command

    django.setup()
    print("Creating the database and an account …", flush=True)
    call_command("migrate", verbosity=0)
    call_command("createsuperuser", interactive=False, verbosity=0)
    print("Publishing the static files to the bucket …", flush=True)
    try:
        call_command("collectstatic", interactive=False)
    except CommandError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    try:
        prepare()
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr, flush=True)
        # As collectstatic does: Python would wait for requests, and show a second Ctrl-C's error.
        os._exit(1)
