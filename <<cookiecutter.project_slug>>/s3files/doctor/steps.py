"""The steps of s3doctor, starting with those that all others depend on.

Each function checks one thing and returns what it found, or raises: Skipped if it need
not or cannot check, anything else if something is wrong.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from importlib import import_module

from django.apps import apps

from s3files._s3.timeouts import begin_request

from . import configuration, connection, files, pages
from .diagnosis import Result, Skipped, diagnose
from .failures import FAILURES, STEPS, Failure
from .probe import Probe

# A stopped or hanging server is what s3doctor is for: no step may hang with it. This is longer than
# the 10 seconds of a request, so that a server's errors are named, not only that it was slow.
STEP_SECONDS = 15
# When one of these fails, the steps after it could only repeat that.
GATES = ("settings", "endpoint", "clock", "credentials", "bucket", "region")
# These ask the CDN, if there is one.
NEED_CDN = ("static", "cors", "cdn")

Check = Callable[[Probe], str]

CHECKS: dict[str, Check] = {
    "settings": connection.check_settings,
    "endpoint": connection.check_endpoint,
    "clock": connection.check_clock,
    "credentials": connection.check_credentials,
    "bucket": connection.check_bucket,
    "region": connection.check_region,
    "cdn-host": pages.check_cdn_host,
    "ownership": configuration.check_ownership,
    "public-access-block": configuration.check_public_access_block,
    "missing-key": files.check_missing_key,
    "objects": files.check_objects,
    "links": files.check_links,
    "static": pages.check_static,
    "cors": pages.check_cors,
    "versioning": configuration.check_versioning,
    "lifecycle": configuration.check_lifecycle,
    "encryption": configuration.check_encryption,
    "cdn": pages.check_cdn,
}


def load_steps() -> None:
    """Import the modules of steps that installed apps name in their AppConfig."""
    for config in apps.get_app_configs():
        if module := getattr(config, "s3doctor_module", ""):
            import_module(module)


def add_steps(
    steps: Mapping[str, str], checks: Mapping[str, Check], failures: Collection[Failure]
) -> None:
    """Add steps to s3doctor, after its own."""
    STEPS.update(steps)
    CHECKS.update(checks)
    FAILURES.extend(failures)


def run_steps(probe: Probe, only: Collection[str] | None = None) -> Iterator[Result]:
    """Yield a Result for each step, or for each one of `only`."""
    failed: dict[str, str] = {}  # step that cannot be checked → the one that failed before
    for step in STEPS:
        if only and step not in only:
            continue
        if step in failed:
            yield Result(step, None, f"not checked, because {failed[step]} failed")
            continue
        result = run_step(step, probe)
        if result.ok is False and (step in GATES or "Timeout" in result.code):
            failed = dict.fromkeys(STEPS, step)
        elif result.ok is False and step == "cdn-host":
            failed = dict.fromkeys(NEED_CDN, step)
        yield result


def run_step(step: str, probe: Probe) -> Result:
    """Run one step in a thread: nothing else gets away from a name lookup that hangs."""
    results: queue.SimpleQueue[Result] = queue.SimpleQueue()

    def work() -> None:
        begin_request()  # as impatient as a page of the site
        try:
            results.put(Result(step, True, CHECKS[step](probe)))
        except Skipped as reason:
            results.put(Result(step, None, str(reason)))
        except Exception as error:
            results.put(diagnose(step, error, probe.names))

    threading.Thread(target=work, daemon=True).start()
    try:
        return results.get(timeout=STEP_SECONDS)
    except queue.Empty:
        error = TimeoutError(f"no answer within {STEP_SECONDS} seconds")
        return diagnose(step, error, probe.names)
