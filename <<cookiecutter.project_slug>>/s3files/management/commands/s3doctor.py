"""Find out what is wrong with the bucket, and say how to fix it."""

import json
import textwrap
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from s3files import server
from s3files.doctor.diagnosis import Result
from s3files.doctor.failures import STEPS
from s3files.doctor.probe import Probe
from s3files.doctor.steps import load_steps, run_steps

# By what a step found: True, False, or None for not checked.
MARKS = {True: "✓", False: "✗", None: "–"}
# For a terminal whose encoding has none of them, such as cp1252 on Windows.
ASCII_MARKS = {True: "ok", False: "!!", None: "--"}


def site_origin() -> str:
    """Where browsers see the site, as far as the settings know."""
    hosts = [host.removeprefix(".") for host in settings.ALLOWED_HOSTS if host != "*"]
    host = hosts[0] if hosts else "127.0.0.1"
    if host in ("127.0.0.1", "localhost"):
        return f"http://{host}:8000"
    return f"https://{host}"


class Command(BaseCommand):
    help = "Checks the S3 bucket, step by step; says what is wrong, and how to fix it."
    # They are its first step, so that they are explained as the others are.
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        load_steps()
        parser.add_argument(
            "--write", action="store_true", help="also write, upload and delete small files"
        )
        parser.add_argument(
            "--only",
            action="append",
            choices=STEPS,
            metavar="STEP",
            help=f"check only this; may be given several times: {', '.join(STEPS)}",
        )
        parser.add_argument("--origin", help="where browsers see the site: https://example.com")
        parser.add_argument("--json", action="store_true", help="print JSON, for programs")

    def handle(self, **options: Any) -> None:
        if settings.S3_EMBEDDED:
            server.ensure_running()  # as any S3 client does; the first step asks without one
        results = []
        probe = Probe(options["origin"] or site_origin(), options["write"])
        for result in run_steps(probe, options["only"]):
            results.append(result)
            if not options["json"]:
                self.show(result)
        failed = [result.step for result in results if result.ok is False]
        if options["json"]:
            steps = [result._asdict() for result in results]
            self.stdout.write(json.dumps({"ok": not failed, "steps": steps}, indent=2))
        if failed:
            raise CommandError(f"Failed: {', '.join(failed)}.")

    def show(self, result: Result) -> None:
        styles = {True: self.style.SUCCESS, False: self.style.ERROR, None: self.style.WARNING}
        mark = (MARKS if self._can_print("".join(MARKS.values())) else ASCII_MARKS)[result.ok]
        self._print(f"{styles[result.ok](mark)} {result.step:<20} {result.said}")
        if result.ok is False:
            self._print(textwrap.indent(textwrap.fill(result.means, 90), "    "))
            # Not wrapped: to be copied.
            self._print(textwrap.indent(result.fix, "    | "))

    @property
    def _encoding(self) -> str:
        return getattr(self.stdout, "encoding", None) or "utf-8"

    def _can_print(self, text: str) -> bool:
        try:
            text.encode(self._encoding)
        except UnicodeEncodeError:
            return False
        return True

    def _print(self, text: str) -> None:
        # S3 may say anything; what the terminal cannot show must not stop the diagnosis.
        self.stdout.write(text.encode(self._encoding, "replace").decode(self._encoding))
