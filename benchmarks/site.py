"""The rendered project, and the folders that the benchmarks give it."""

import importlib.util
import subprocess
import sys
import sysconfig
from pathlib import Path

from benchmarks import workload
from benchmarks.measure import CommandFailed
from benchmarks.peers import TOP, environment


class Site:
    """Renders the project, for each set of answers, under `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.projects = {}

    def project(self, ownership, example_app="no"):
        if (ownership, example_app) not in self.projects:
            out = self.folder / f"{ownership}-{example_app}"
            subprocess.run(
                [
                    *(sys.executable, "-m", "cookiecutter", TOP, "--no-input", "-o", out),
                    "project_slug=project",
                    f"example_app={example_app}",
                    f"object_ownership={ownership}",
                ],
                env={"HOME": str(self.home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
                check=True,
                stdout=subprocess.DEVNULL,
            )
            self.projects[ownership, example_app] = out / "project"
            compile_bytecode(out)
        return self.projects[ownership, example_app]

    def files(self, count):
        """A workload of `count` files, made once."""
        root = self.folder / f"files-{count}"
        if not root.exists():
            workload.generate(root, count)
        return root

    def environment(self, server, url, bucket):
        return environment(server, url, bucket, self.home)


def run_python(project, env, *arguments):
    """Run Python in a rendered project; return the last line that it prints."""
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=project, env=env, capture_output=True, text=True, timeout=180
    )
    if done.returncode:
        raise CommandFailed(f"{' '.join(arguments)}: {done.stderr.strip()[-2000:]}")
    return done.stdout.splitlines()[-1]


def app_files():
    """How many static files the project's apps bring: Django's admin, and s3files.direct."""
    admin = Path(importlib.util.find_spec("django").origin).parent / "contrib/admin"
    direct = TOP / "<<cookiecutter.project_slug>>/s3files/direct"
    found = [path for app in (admin, direct) for path in (app / "static").rglob("*")]
    return sum(path.is_file() for path in found)


def compile_bytecode(*folders):
    """Compile all that will be imported, so that nobody pays for it while measured."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", "-j", "0", *folders], check=False)


def compile_packages():
    compile_bytecode(sysconfig.get_path("purelib"), TOP / "benchmarks")
