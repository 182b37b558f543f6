"""Ask the real bucket what is wrong, and say what mends it."""

import json
import textwrap

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from s3files import server
from s3files.doctor.bucket import Bucket
from s3files.doctor.failures import STEPS
from s3files.doctor.steps import run


def site_origin():
    """Where browsers see the site, as far as the settings know."""
    hosts = [host.removeprefix(".") for host in settings.ALLOWED_HOSTS if host != "*"]
    host = hosts[0] if hosts else "127.0.0.1"
    if host in ("127.0.0.1", "localhost"):
        return f"http://{host}:8000"
    return f"https://{host}"


class Command(BaseCommand):
    help = "Asks the S3 bucket, step by step, whether all is well; says what mends what is not."
    # They are its first step, so that they are explained as the others are.
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--write", action="store_true", help="also write, and delete, a file")
        parser.add_argument(
            "--only",
            action="append",
            choices=STEPS,
            metavar="STEP",
            help=f"ask only this; may be given several times: {', '.join(STEPS)}",
        )
        parser.add_argument("--origin", help="where browsers see the site: https://example.com")
        parser.add_argument("--json", action="store_true", help="print JSON, for programs")

    def handle(self, **options):
        if settings.S3_EMBEDDED:
            server.ensure_running()  # as any S3 client does; the first step asks without one
        results = []
        bucket = Bucket(options["origin"] or site_origin(), options["write"])
        for result in run(bucket, options["only"]):
            results.append(result)
            if not options["json"]:
                self.show(result)
        failed = [result.step for result in results if result.ok is False]
        if options["json"]:
            steps = [result._asdict() for result in results]
            self.stdout.write(json.dumps({"ok": not failed, "steps": steps}, indent=2))
        if failed:
            raise CommandError(f"Not well: {', '.join(failed)}.")

    def show(self, result):
        mark, style = {
            True: ("✓", self.style.SUCCESS),
            False: ("✗", self.style.ERROR),
            None: ("–", self.style.WARNING),
        }[result.ok]
        self.stdout.write(f"{style(mark)} {result.step:<20} {result.said}")
        if result.ok is False:
            self.stdout.write(textwrap.indent(textwrap.fill(result.means, 90), "    "))
            # Not wrapped: to be copied.
            self.stdout.write(textwrap.indent(result.mend, "    | "))
