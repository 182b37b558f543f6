#!/usr/bin/env python
"""Django's command-line utility for administrative tasks."""

import os
import sys


def main():
    """Run administrative tasks."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as exc:
        raise ImportError(
            "Couldn't import Django. Is it installed, and is the virtual environment active?"
        ) from exc

    from config import embedded_s3

    try:
        # Before the settings are read: they take the server's address from the environment.
        embedded_s3.start_for(sys.argv)
    except embedded_s3.EmbeddedS3Error as error:
        sys.exit(str(error))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
