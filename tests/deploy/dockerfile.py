"""Carry out a Dockerfile's steps one by one, in a folder that stands for the image's root.

Where a Docker engine runs, `docker build` proves more: its base image, its user. Here each step
is the Dockerfile's own, read from it, in an environment that holds the image's variables alone.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

# What this machine needs to reach its package index, and nothing of AWS or Django.
OF_THIS_MACHINE = re.compile(
    r"(PIP|UV|SSL|REQUESTS|HTTPS?|NO)_|(https?|no)_proxy$|(HOME|LANG|TMPDIR)$"
)
INSTRUCTIONS = {
    *("FROM", "RUN", "ENV", "WORKDIR", "COPY", "USER", "EXPOSE", "HEALTHCHECK", "CMD"),
}


def read_instructions(text):
    """Return (name, arguments) for each instruction; comments dropped, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    instructions = [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]
    unknown = {name for name, _ in instructions} - INSTRUCTIONS
    assert not unknown, f"this reader does not know {unknown}"
    return instructions


def read_ignored(text):
    """Return a function that tells whether a .dockerignore keeps a path out of the image."""
    patterns = []
    for line in text.splitlines():
        if (line := line.strip()) and not line.startswith("#"):
            regex = re.escape(line.removeprefix("!").strip("/"))
            regex = regex.replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
            patterns.append((not line.startswith("!"), re.compile(regex)))

    def ignored(path):
        above = [str(path), *(str(parent) for parent in Path(path).parents)]
        verdicts = [
            ignores for ignores, regex in patterns if any(regex.fullmatch(name) for name in above)
        ]
        return bool(verdicts) and verdicts[-1]

    return ignored


@dataclass
class Stage:
    """One stage: what FROM to the next FROM has set."""

    base: str
    variables: dict = field(default_factory=dict)
    folder: str = "/"
    user: str = "root"
    command: list = field(default_factory=list)
    probe: list = field(default_factory=list)
    ports: list = field(default_factory=list)


class Image:
    """Build the image of a project in `root`. `python` is the folder of the base image's Python."""

    def __init__(self, project, root, python):
        self.project, self.root, self.python = project, root, python
        self.stages, self.names, self.output = [], {}, ""
        self.ignored = read_ignored((project / ".dockerignore").read_text())
        for name, arguments in read_instructions((project / "Dockerfile").read_text()):
            getattr(self, f"do_{name.lower()}")(arguments)
        self.ignored = None  # so that it can be pickled
        # All of it is root's, and USER is another.
        for path in (self.root, *self.root.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~0o222)

    @property
    def stage(self):
        return self.stages[-1]

    def path(self, name):
        """Where a path of the image is on this machine."""
        return self.root / os.path.normpath(os.path.join(self.stage.folder, name)).lstrip("/")

    def do_from(self, arguments):
        base, _, name = arguments.partition(" AS ")
        if self.stages:
            # A virtual environment holds its own path: the next stage stands where this one stood.
            self.root.rename(self.kept(len(self.stages) - 1))
        self.stages.append(Stage(base))
        self.names[name or str(len(self.stages) - 1)] = len(self.stages) - 1
        self.root.mkdir(parents=True)

    def kept(self, number):
        return self.root.with_name(f"{self.root.name}-stage-{number}")

    def do_env(self, arguments):
        for word in shlex.split(arguments):
            name, _, value = word.partition("=")
            known = {"PATH": f"{self.python}:/usr/bin:/bin"} | self.stage.variables
            self.stage.variables[name] = Template(value).substitute(known)

    def do_workdir(self, arguments):
        self.stage.folder = arguments
        self.path(".").mkdir(parents=True, exist_ok=True)

    def do_copy(self, arguments):
        *sources, target = shlex.split(arguments)
        if sources[0].startswith("--from="):
            origin, known = self.kept(self.names[sources.pop(0).removeprefix("--from=")]), None
            sources = [source.lstrip("/") for source in sources]
        else:
            origin, known = self.project, self.ignored
        for source in sources:
            self.copy(origin, source, target, known)

    def copy(self, origin, source, target, ignored):
        def left_out(folder, names):
            paths = [Path(folder, name).relative_to(origin) for name in names]
            return {path.name for path in paths if ignored and ignored(path)}

        if (origin / source).is_dir():
            shutil.copytree(
                origin / source,
                self.path(target),
                symlinks=True,
                dirs_exist_ok=True,
                ignore=left_out,
            )
        else:
            assert not (ignored and ignored(Path(source))), f"{source} is in .dockerignore"
            shutil.copy(origin / source, self.path(target))

    def environment(self, **variables):
        """The variables of a container, and those by which this machine reaches an index."""
        machine = {name: value for name, value in os.environ.items() if OF_THIS_MACHINE.match(name)}
        image = {"PATH": f"{self.python}:/usr/bin:/bin"} | {
            name: self.moved(value) for name, value in self.stage.variables.items()
        }
        return machine | image | variables

    def moved(self, text):
        """Put the image's own folders, where a text names them, under `root`."""
        return re.sub(r"(?<![\w./-])/(venv|app)\b", lambda match: f"{self.root}{match[0]}", text)

    def do_run(self, arguments):
        self.run("sh", "-ec", self.moved(arguments))

    @property
    def as_user(self):
        """What makes a command one of a user that may write nowhere in the image.

        Root ignores permissions by a capability; without it, it is a user like any other.
        """
        if self.stage.user == "root" or os.getuid():
            return []
        return ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]

    def run(self, *command, **variables):
        """Run a command as a container of this image would; return what it wrote."""
        done = subprocess.run(
            [*self.as_user, *command],
            cwd=self.path("."),
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, f"{command} → {done.returncode}\n{done.stdout}"
        self.output += done.stdout
        return done.stdout

    def do_user(self, arguments):
        self.stage.user = arguments

    def do_expose(self, arguments):
        self.stage.ports = arguments.split()

    def do_cmd(self, arguments):
        self.stage.command = json.loads(arguments)

    def do_healthcheck(self, arguments):
        self.stage.probe = json.loads(arguments.partition(" CMD ")[2])
