"""The embedded S3 server starts with its first user and ends with its last, however they end."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.conftest import TEMPLATE, assert_nothing_runs_in, environment, processes_of
from tests.programs import build_call
from tests.servers import find_weed

KEEPING = Path(__file__).with_name("inside") / "keeping.py"
# As somebody types it.
SAVE = """
import django
django.setup()
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
default_storage.save("a.txt", ContentFile(b"kept"))
"""


def start(folder, *command, **options):
    """Start a command in the project, as its developer; its standard input is a pipe."""
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment(DJANGO_SETTINGS_MODULE="config.settings", **options.pop("env", {})),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def start_call(folder, function, *arguments, **options):
    return start(folder, *build_call(KEEPING, function, *arguments), **options)


def save(folder, count=1):
    return start_call(folder, "save_files", count)


def finish(process):
    output, _ = process.communicate(timeout=60)
    return process.returncode, output


def saved_names(folder):
    status, output = finish(start_call(folder, "list_files"))
    assert status == 0, output
    return json.loads(output.splitlines()[-1])


def numbers_of(folder, words):
    """The numbers of the processes of a folder whose command line has these words."""
    numbers = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(folder / ".s3") in command and words in command:
            numbers.append(int(entry.name))
    return numbers


def wait_for_number(folder, words):
    deadline = time.monotonic() + 30
    while not (numbers := numbers_of(folder, words)):
        assert time.monotonic() < deadline, f"no {words} in {folder}"
        time.sleep(0.005)
    return numbers[0]


def assert_says_one_thing(status, output, *words):
    """A command ends with the message alone; a script of one's own with a traceback before it."""
    assert status != 0
    said = output.rpartition("CommandError: ")[2]
    assert "Traceback" not in said, output
    for word in words:
        assert word in said, output


@pytest.mark.parametrize("victim", ["s3files.server --", " mini "])
def test_what_was_confirmed_survives_a_kill_and_the_next_command_works(project_folder, victim):
    user = save(project_folder, 25)
    confirmed = [user.stdout.readline().strip() for _ in range(25)]
    os.kill(wait_for_number(project_folder, victim), signal.SIGKILL)
    assert sorted(saved_names(project_folder)) == sorted(confirmed)
    finish(user)
    assert_nothing_runs_in(project_folder)
    assert sorted(saved_names(project_folder)) == sorted(confirmed)
    assert_nothing_runs_in(project_folder)


@pytest.mark.parametrize(
    "seconds",
    [0.0, *(pytest.param(later, marks=pytest.mark.torture) for later in (0.1, 0.4))],
)
@pytest.mark.parametrize("victims", [["user"], ["keeper"], ["user", "keeper"]], ids="-".join)
def test_a_kill_while_it_starts_blocks_nothing(project_folder, victims, seconds):
    user = save(project_folder)
    keeper = wait_for_number(project_folder, "s3files.server --")
    time.sleep(seconds)
    for victim in victims:
        os.kill(user.pid if victim == "user" else keeper, signal.SIGKILL)
    finish(user)
    assert len(saved_names(project_folder)) in (0, 1)
    assert_nothing_runs_in(project_folder)


@pytest.mark.slow
def test_a_server_that_is_killed_in_use_starts_again(project_folder):
    user = start_call(project_folder, "save_what_is_asked")

    def save_as(name):
        user.stdin.write(f"{name}\n")
        user.stdin.flush()
        return user.stdout.readline().strip()

    assert save_as("before.txt") == "before.txt"
    time.sleep(3.5)  # Before, it would count as one that did not start.
    os.kill(wait_for_number(project_folder, " mini "), signal.SIGKILL)
    deadline = time.monotonic() + 20
    while not (said := save_as("after.txt")).startswith("after"):
        assert time.monotonic() < deadline, said
    assert saved_names(project_folder) == [said, "before.txt"]
    finish(user)
    assert_nothing_runs_in(project_folder)


@pytest.mark.slow
def test_it_ends_with_its_last_user(project_folder):
    first, second = save(project_folder), save(project_folder)
    first.stdout.readline()
    second.stdout.readline()
    assert len(numbers_of(project_folder, " mini ")) == 1
    finish(first)
    time.sleep(4)
    assert len(numbers_of(project_folder, " mini ")) == 1
    assert len(saved_names(project_folder)) == 2
    second.kill()
    second.communicate()
    assert_nothing_runs_in(project_folder)


def test_a_port_that_another_program_took_is_noticed(project_folder):
    assert saved_names(project_folder) == []
    assert_nothing_runs_in(project_folder)
    reserved = json.loads((project_folder / ".s3/server.json").read_text())
    port = int(reserved["endpoint_url"].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        assert saved_names(project_folder) == []
        now = json.loads((project_folder / ".s3/server.json").read_text())
        assert now["endpoint_url"] != reserved["endpoint_url"]


def test_a_port_that_was_taken_after_the_settings_were_read_is_named(project_folder):
    status, output = finish(start_call(project_folder, "save_where_the_port_is_taken"))
    assert_says_one_thing(status, output, "did not start", "has taken port", "run the command")
    assert_nothing_runs_in(project_folder)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, only one program can bind a port")
def test_a_port_is_held_from_the_settings_until_the_server_has_it(project_folder):
    user = start_call(project_folder, "save_after_another_project_looked_for_ports")
    assert finish(user) == (0, "held\nfile-0.txt\n")


@pytest.mark.slow
def test_a_port_that_another_program_takes_while_it_starts_is_given_up(project_folder, tmp_path):
    weed = tmp_path / "weed"
    weed.write_text(
        f"#!{sys.executable}\n"
        "import os, socket, sys\n"
        "(port,) = [one.partition('=')[2] for one in sys.argv if one.startswith('-filer.port=')]\n"
        f"with open({str(tmp_path / 'ports')!r}, 'a+') as ports:\n"
        "    print(port, file=ports)\n"
        "    ports.seek(0)\n"
        "    launches = len(list(ports))\n"
        "if launches < 3:\n"
        "    taken = socket.create_server(('127.0.0.1', int(port)))\n"
        "    os.set_inheritable(taken.fileno(), True)\n"
        f"os.execv({find_weed()!r}, sys.argv)\n"
    )
    weed.chmod(0o755)
    user = start_call(project_folder, "save_with_program", str(weed))
    assert finish(user) == (0, "file-0.txt\n")
    assert len(set((tmp_path / "ports").read_text().split())) == 3
    assert_nothing_runs_in(project_folder)


def test_a_lock_that_is_held_for_long_is_named_and_not_waited_for_without_end(project_folder):
    saved_names(project_folder)
    # Before django.setup(), which waits for the lock.
    code = "from s3files.server import development\ndevelopment.WAIT_SECONDS = 0.5\n"
    with open(project_folder / ".s3" / "start.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        user = start(project_folder, sys.executable, "-c", code + SAVE)
        status, output = finish(user)
    assert_says_one_thing(status, output, "start.lock for 0.5 seconds", "fuser")


def test_the_first_error_of_its_log_is_in_the_message(project_folder):
    (project_folder / ".s3").mkdir(mode=0o700)
    (project_folder / ".s3" / "filerldb2").write_text("no folder")
    status, output = finish(save(project_folder))
    assert_says_one_thing(status, output, "did not start", "filerldb2", "weed.log")


@pytest.mark.slow
def test_two_that_start_at_once_share_one(project_folder):
    users = [save(project_folder, 3) for _ in range(4)]
    for user in users:
        assert [user.stdout.readline() for _ in range(3)][2].startswith("file-2")
    assert len(numbers_of(project_folder, " mini ")) == 1
    for user in users:
        finish(user)
    assert len(saved_names(project_folder)) == 12


def test_its_folder_and_keys_are_for_this_user_alone(project_folder):
    saved_names(project_folder)
    assert (project_folder / ".s3").stat().st_mode & 0o777 == 0o700
    assert (project_folder / ".s3/server.json").stat().st_mode & 0o777 == 0o600


def test_it_has_none_of_the_developers_variables_and_answers_no_web_page(project_folder):
    user = start_call(project_folder, "save_with_secret", env={"A_SECRET": "secret"})
    user.stdout.readline()
    number = wait_for_number(project_folder, " mini ")
    assert b"A_SECRET" not in Path(f"/proc/{number}/environ").read_bytes()
    assert "-disableHttp=true" in Path(f"/proc/{number}/cmdline").read_text().split("\0")
    finish(user)


@pytest.mark.slow
def test_other_local_users_can_read_as_security_md_warns(project_folder):
    """When SeaweedFS refuses this, SECURITY.md can say less."""
    user = save(project_folder)
    user.stdout.readline()
    number = wait_for_number(project_folder, " mini ")
    options = Path(f"/proc/{number}/cmdline").read_text().split("\0")
    ports = dict(option[1:].split("=", 1) for option in options if "port" in option)
    master = f"127.0.0.1:{ports['master.port']}.{ports['master.port.grpc']}"
    done = subprocess.run(
        [find_weed(), "shell", f"-master={master}"],
        input="fs.cat /buckets/my-site-files/media/file-0.txt\n",
        cwd="/",
        env={},  # no keys
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.startswith("kept "), done.stderr
    warning = (TEMPLATE / "SECURITY.md").read_text(encoding="utf-8")
    assert "read every file in it, including private ones (with `weed shell`" in warning
    finish(user)


def in_a_mount_of_its_own(mount):
    """A command's first words that make a mount, which nobody else sees, and ends with it."""
    return ["unshare", "--mount", "--map-root-user", "sh", "-c", f'{mount} && exec "$@"', "sh"]


def test_a_project_folder_that_cannot_be_written_is_named(project_folder):
    folder = project_folder
    read_only = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
    command = [*in_a_mount_of_its_own(read_only), *build_call(KEEPING, "save_files", 1)]
    status, output = finish(start(folder, *command))
    assert_says_one_thing(status, output, "cannot keep its files", "Read-only file system")


def packages():
    return str(Path(yaml.__file__).parent.parent)


def test_settings_and_commands_without_s3_work_where_it_cannot(project_folder):
    (project_folder / ".s3").write_text("a file, where its folder would be")
    command = [sys.executable, "manage.py", "check"]
    assert finish(start(project_folder, *command))[0] == 0
    status, output = finish(save(project_folder))
    assert_says_one_thing(status, output, "cannot keep its files in", "File exists")


@pytest.mark.parametrize(
    "start_with", [["manage.py", "shell", "-c"], ["-c"]], ids=["shell", "script"]
)
def test_a_machine_without_the_program_gets_one_message(project_folder, start_with):
    # A Python that has the project's packages, but no program `weed` beside it.
    python = project_folder / "bare" / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", python.parent.parent], check=True
    )
    variables = {"PYTHONPATH": packages(), "PATH": "/usr/bin:/bin"}
    status, output = finish(start(project_folder, python, *start_with, SAVE, env=variables))
    assert_says_one_thing(status, output, "is not installed", "AWS_S3_ENDPOINT_URL=")


@pytest.mark.parametrize(
    "start_with", [["manage.py", "shell", "-c"], ["-c"]], ids=["shell", "script"]
)
def test_a_platform_without_file_locks_gets_one_message(project_folder, start_with):
    # As on Windows, whose Python has no such module.
    (project_folder / "fcntl.py").write_text("raise ImportError('No module named fcntl')")
    variables = {"PYTHONPATH": str(project_folder)}
    command = [sys.executable, "manage.py", "check"]
    assert finish(start(project_folder, *command, env=variables))[0] == 0
    status, output = finish(start(project_folder, sys.executable, *start_with, SAVE, env=variables))
    assert_says_one_thing(status, output, "needs Linux or macOS", "WSL")


def test_a_full_disk_is_named(project_folder):
    folder = project_folder / ".s3"
    folder.mkdir()
    full = f"mount -t tmpfs -o size=64k tmpfs {folder} && ! cat /dev/zero 2>&1 > {folder}/fill"
    command = [*in_a_mount_of_its_own(full), *build_call(KEEPING, "save_files", 1)]
    status, output = finish(start(project_folder, *command))
    assert_says_one_thing(status, output, "No space left on device")


def test_tests_leave_nothing_and_touch_no_file_of_the_developers(project_folder, tmp_path):
    user = save(project_folder)
    user.stdout.readline()
    before = saved_names(project_folder)
    (project_folder / "tests" / "test_own.py").write_text(
        "from django.core.files.base import ContentFile\n"
        "from django.core.files.storage import default_storage\n"
        "from django.test import SimpleTestCase\n"
        "class Own(SimpleTestCase):\n"
        "    def test_own(self):\n"
        "        self.assertEqual(default_storage.listdir(''), ([], []))\n"
        "        default_storage.save('own.txt', ContentFile(b'own'))\n"
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "manage.py", "test", "tests.test_own"]
    status, output = finish(start(project_folder, *command, env={"TMPDIR": str(temporary)}))
    assert status == 0, output
    assert saved_names(project_folder) == before
    finish(user)
    assert_nothing_runs_in(temporary)
    assert list(temporary.iterdir()) == []


def test_a_program_started_with_the_server_finds_it_and_keeps_it(project_folder):
    print_it = "import os; print(os.environ['AWS_S3_ENDPOINT_URL'])"
    command = [sys.executable, "-m", "s3files.server", sys.executable, "-c", print_it]
    status, output = finish(start(project_folder, *command))
    assert status == 0
    assert "http://127.0.0.1:" in output.splitlines()[-1]
    assert_nothing_runs_in(project_folder)
    assert processes_of(project_folder) == []


@pytest.mark.parametrize(
    "arguments, words", [([], "usage:"), (["no-such-program"], "no-such-program: No such file")]
)
def test_a_wrong_command_is_refused_in_one_sentence(project_folder, arguments, words):
    command = [sys.executable, "-m", "s3files.server", *arguments]
    assert_says_one_thing(*finish(start(project_folder, *command)), words)
