"""gunicorn's settings, which it reads by itself from the folder where it starts.

The command line and GUNICORN_CMD_ARGS win over them; "Settings" in gunicorn's documentation
explains each.
"""

import os
from pathlib import Path

# Processes use the cores; threads wait for the database or for S3. Two processes with four
# threads each serve eight requests at once.
workers = int(os.environ.get("WEB_CONCURRENCY") or "2")
threads = int(os.environ.get("GUNICORN_THREADS") or "4")

# gunicorn replaces a worker after this many seconds without a heartbeat. With one thread, a worker
# has no heartbeat during a request. So this is longer than a request waits for S3 (10 seconds): the
# visitor gets an error page instead of a broken connection.
timeout = 60
# On SIGTERM, requests get this long to finish. Kubernetes and ECS send SIGKILL after 30 seconds.
graceful_timeout = 25
# Longer than the proxy in front keeps an idle connection (60 seconds for nginx and for an
# Application Load Balancer): else it sends a request into a connection that closes just then,
# and answers 502 ("Troubleshoot your Application Load Balancers").
keepalive = 65

# Each worker touches a file as its heartbeat. In memory, because a slow disk would block it
# (gunicorn's FAQ, "How do I avoid Gunicorn excessively blocking in os.fchmod?").
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# The socket of `gunicornc`, which stops and scales workers: nothing here uses it.
control_socket_disable = True

# One line for each request on the standard output: time, address, request, status, bytes,
# milliseconds, and the client's address as the proxy gave it.
accesslog = "-"
access_log_format = '%(t)s %(h)s "%(r)s" %(s)s %(B)s %(M)sms "%({x-forwarded-for}i)s"'
