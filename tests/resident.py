"""A Python that has imported Django, boto3 and obstore once, and forks for each program.

tests/programs.py starts it, as `python resident.py FD`: FD is a socket. Each message there is a
program in JSON, with four file descriptors: a socket for its process id and its end, and its
standard streams. The program runs as `python -c`, `python -m` or `python FILE` would run it.

Nothing here may use obstore: its threads do not survive a fork.
"""

import atexit
import builtins
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import types

# What takes long to import, and needs neither settings nor threads.
PRELOADED = """
boto3 botocore.auth botocore.client botocore.endpoint botocore.httpsession botocore.parsers
botocore.paginate botocore.regions botocore.retryhandler botocore.serialize botocore.session
botocore.signers botocore.waiter s3transfer.manager s3transfer.upload s3transfer.download
obstore obstore.store
arrow binaryornot.check click jinja2.ext jinja2.sandbox requests rich.prompt slugify yaml
asyncio concurrent.futures decimal email.message html.parser http.client ipaddress logging.config
sqlite3 ssl tempfile unittest.mock urllib.request uuid xml.etree.ElementTree
django django.core.management django.core.management.commands.migrate
django.core.management.commands.check django.core.management.commands.makemigrations
django.core.checks django.core.mail django.core.files.storage django.core.handlers.wsgi
django.core.servers.basehttp django.core.cache.backends.locmem django.core.cache.backends.filebased
django.core.paginator django.core.serializers django.core.signing
django.db django.db.models django.db.migrations.executor django.db.migrations.autodetector
django.db.backends.sqlite3.base
django.dispatch django.forms django.http django.middleware.common django.middleware.csrf
django.middleware.security django.middleware.clickjacking
django.contrib.auth.hashers django.contrib.messages.middleware
django.contrib.messages.storage.fallback django.contrib.sessions.middleware
django.contrib.staticfiles.finders django.contrib.staticfiles.storage
django.contrib.staticfiles.handlers
django.shortcuts django.template.defaulttags django.template.loader_tags
django.template.backends.django django.template.loaders.app_directories
django.template.loaders.filesystem django.templatetags.static django.test.utils
django.urls django.utils.autoreload django.utils.translation.trans_real django.views.generic
django.views.debug environ storages.backends.s3 storages.utils
""".split()


def preload():
    for name in PRELOADED:
        with contextlib.suppress(ImportError):  # Django 5.2 and 6 differ
            importlib.import_module(name)


def serve(control):
    """Fork for each message until the tests close the socket. Return in each program's process."""
    while True:
        message, descriptors, *_ = socket.recv_fds(control, 1 << 20, 4)
        if not message:
            os._exit(0)
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return json.loads(message), descriptors
        for descriptor in descriptors:
            os.close(descriptor)


def start_program(request, descriptors):
    """Fork once more and return in the program; the parent reports its end, or ends it."""
    report = socket.socket(fileno=descriptors[0])
    program = os.fork()
    if program:
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        watch(program, report, descriptors[1:])
    report.close()
    for number, descriptor in enumerate(descriptors[1:]):
        os.dup2(descriptor, number)
        os.close(descriptor)
    for number in request["ignored"]:
        signal.signal(number, signal.SIG_IGN)


def watch(program, report, streams):
    """Report how the program ended. End it if the test that started it has ended."""
    for stream in [0, 1, 2, *streams]:
        os.close(stream)
    ended = os.pidfd_open(program)
    with contextlib.suppress(OSError):
        report.sendall(b"%d\n" % program)
    ready, _, _ = select.select([ended, report], [], [])
    if ended not in ready:
        os.kill(program, signal.SIGKILL)
    _, status = os.waitpid(program, 0)
    with contextlib.suppress(OSError):
        report.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def run(arguments):
    """Run `-c CODE …`, `-m MODULE …` or `FILE …` as __main__."""
    first, *rest = arguments
    if first == "-m":
        sys.argv = rest
        sys.path.insert(0, os.getcwd())
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        return
    main = types.ModuleType("__main__")
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    if first == "-c":
        code, name = rest[0], "<string>"
        sys.argv = ["-c", *rest[1:]]
        sys.path.insert(0, "")
    else:
        with open(first, encoding="utf-8") as file:
            code, name = file.read(), os.path.abspath(first)
        main.__file__ = name
        sys.argv = arguments
        sys.path.insert(0, os.path.dirname(os.path.abspath(first)))
    exec(compile(code, name, "exec"), main.__dict__)


def end(code):
    """End as Python does, but leave the modules in memory: to take them apart takes long."""
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit((code or 0) & 0xFF)


def main():
    control = socket.socket(fileno=int(sys.argv[1]))
    preload()
    # Else a fork looks through all of it for garbage, and so copies it.
    gc.collect()
    gc.freeze()
    # A program may be waited for by its own parent alone; nobody waits for that parent.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the tests end it
    request, descriptors = serve(control)
    start_program(request, descriptors)
    if signal.SIGINT not in request["ignored"]:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    del sys.path[0]  # the folder of this file
    try:
        run(request["arguments"])
    except SystemExit as ended:
        end(ended.code)
    end(None)


if __name__ == "__main__":
    main()
