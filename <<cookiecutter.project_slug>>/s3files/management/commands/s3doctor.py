"""Find what is wrong with the bucket, and explain how to fix it."""

import json
import os
import textwrap
from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.management.color import no_style

from s3files._s3.store import start_development_server
from s3files.doctor.diagnosis import Result
from s3files.doctor.failures import STEPS
from s3files.doctor.probe import Probe
from s3files.doctor.steps import load_steps, run_steps

# By what a step found: True, False, or None for not checked.
MARKS = {True: "✓", False: "✗", None: "–"}
# For a terminal whose encoding has none of them, such as cp1252 on Windows.
ASCII_MARKS = {True: "ok", False: "!!", None: "--"}

COLUMNS = 80


def fill(text: str, indent: str) -> str:
    """Wrap text to the width of a terminal; what has no blank stays whole, to be copied."""
    return textwrap.fill(
        text,
        COLUMNS,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def group_key(result: Result) -> str:
    """Return what consecutive results share that are shown as one: why they were not checked."""
    return result.said if result.ok is None else result.step


def site_origin() -> str:
    """Where browsers see the site, as far as the settings know."""
    hosts = [host.removeprefix(".") for host in settings.ALLOWED_HOSTS if host != "*"]
    host = hosts[0] if hosts else "127.0.0.1"
    if host in ("127.0.0.1", "localhost"):
        return f"http://{host}:8000"
    return f"https://{host}"


class Command(BaseCommand):
    help = "Checks the S3 bucket step by step, and explains how to fix what is wrong."
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
            start_development_server()  # as any S3 client does; the first step asks without one
        if os.environ.get("NO_COLOR"):
            self.style = no_style()
        probe = Probe(options["origin"] or site_origin(), options["write"])
        results = []
        for _, group in groupby(run_steps(probe, options["only"]), group_key):
            alike = list(group)
            results += alike
            if not options["json"]:
                self.show(alike)
        failed = [result.step for result in results if result.ok is False]
        if options["json"]:
            steps = [result._asdict() for result in results]
            self.stdout.write(json.dumps({"ok": not failed, "steps": steps}, indent=2))
        if failed:
            advice = f" Fix {failed[0]} first." if len(failed) > 1 else ""
            raise CommandError(f"Failed: {', '.join(failed)}.{advice}")
        if not options["json"]:
            self.show_summary(results)

    def show(self, alike: list[Result]) -> None:
        """Print one result, or several steps that were not checked for the same reason."""
        result = alike[0]
        styles = {True: self.style.SUCCESS, False: self.style.ERROR, None: self.style.WARNING}
        mark = (MARKS if self._can_print("".join(MARKS.values())) else ASCII_MARKS)[result.ok]
        steps = ", ".join(one.step for one in alike)
        indent = " " * (len(mark) + 21)
        if len(alike) == 1:
            lines = fill(result.said, indent).removeprefix(indent)
            self._print(f"{styles[result.ok](mark)} {steps:<20}{lines}")
        else:
            names = fill(steps, " " * (len(mark) + 1)).lstrip()
            self._print(f"{styles[result.ok](mark)} {names}\n{fill(result.said, indent)}")
        if result.ok is False:
            self._print(fill(result.means, "    "))
            # Not wrapped: to be copied.
            self._print(textwrap.indent(result.fix, "    | "))

    def show_summary(self, results: list[Result]) -> None:
        passed = sum(result.ok is True for result in results)
        said = f"No failures: {passed} steps passed"
        if skipped := len(results) - passed:
            said += f", {skipped} were not checked"
        self._print(f"\n{said}.")

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
