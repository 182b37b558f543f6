"""Settings from environment variables, as they really arrive: empty, quoted, with spaces around.

An empty variable counts as one that is not set, as compose files and CI jobs leave them, unless
`blank` says that blank is a value. No value is ever read as the name of another variable. An error
names the variable, the value unless it is secret, the rule and the fix.

It is small because it leaves the formats to others: python-dotenv reads files as compose does, and
django-environ reads URLs of databases, caches and mail servers. django-environ's own variables
take "enabled" for False and a password that begins with $ for another variable's name; environs
accepts other URLs than projects have; pydantic-settings prints the values that it refuses.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from django.core.exceptions import ImproperlyConfigured
from dotenv import dotenv_values
from environ import Env

ON = ("on", "true", "yes", "y", "ok", "1")
OFF = ("off", "false", "no", "n", "0")
QUOTES = ("'", '"')
Default = TypeVar("Default")
ACCESS_KEY = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
PROFILE = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


def read_environment(base_dir: Path) -> Environment:
    """Return the process's variables, with those of the file .env for development.

    A real variable wins over the file's, and a profile in one over the file's access key.
    DJANGO_ENV_FILE names another file, or with an empty value none. boto3 looks for its own
    variables in os.environ, so the file's go there.
    """
    refuse_wrong_base_dir(base_dir)
    file = base_dir / ".env"
    named = os.environ.get("DJANGO_ENV_FILE")
    if named:
        file = Path(named)
        if not file.is_file():
            _refuse("DJANGO_ENV_FILE", named, "is not a file", "Give the path of one")
    # boto3 prefers an access key to the profile that somebody chose for one command.
    has_profile = any(map(os.environ.get, PROFILE))
    left_out = ACCESS_KEY if has_profile else ()
    if named != "":
        # A BOM does not belong to the first name, and "$" is an ordinary character.
        for name, value in dotenv_values(file, interpolate=False, encoding="utf-8-sig").items():
            if name not in left_out:
                os.environ.setdefault(name, value or "")
    return Environment(os.environ)


def refuse_wrong_base_dir(base_dir: Path) -> None:
    """Raise ImproperlyConfigured if BASE_DIR is not the project's folder."""
    if not (base_dir / "manage.py").is_file():
        raise ImproperlyConfigured(
            f"BASE_DIR is {str(base_dir)!r}, where there is no manage.py. It is the folder of the "
            "project: settings in a package are one folder deeper, so add one more .parent to it."
        )


@dataclass(frozen=True)
class ByDebug:
    """A setting's values with DEBUG on and off, until the settings are final: final_settings.py."""

    on: Any
    off: Any


class Environment:
    """Environment variables, read by the kind of value that they should have."""

    def __init__(self, variables: Mapping[str, str]):
        self._variables = variables

    def __contains__(self, name: str) -> bool:
        """Return whether a variable has a value that is not blank."""
        return bool(self.text(name))

    def text(self, name: str, default: str = "", *, blank: bool = False) -> str:
        """Return a text without the spaces around it; with `blank`, a blank one counts."""
        value = self._variables.get(name)
        if value is None or not (value.strip() or blank):
            return default
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in QUOTES:
            _refuse(name, value, "has quotes around it", "Leave them out")
        return value

    def secret(self, name: str, advice: str) -> str:
        """Return a text that must be there, and that no message shows."""
        value = self._variables.get(name, "").strip()
        if not value:
            raise ImproperlyConfigured(f"{name} is not set. {advice}")
        return value

    def switch(self, name: str, default: Default) -> bool | Default:
        """Return whether a switch is on. What is neither on nor off is refused."""
        value = self.text(name)
        if value.lower() in (*ON, *OFF):
            return value.lower() in ON
        if value:
            _refuse(name, value, "is neither on nor off", f"Use one of {', '.join((*ON, *OFF))}")
        return default

    def number(self, name: str, default: int) -> int:
        """Return a number of seconds, or of anything else that cannot be negative."""
        value = self.text(name)
        if value and not (value.isascii() and value.isdigit()):
            _refuse(name, value, "is not a whole number", "Use digits alone, such as 60")
        return int(value) if value else default

    def words(self, name: str) -> list[str]:
        """Return what stands between commas, without the spaces around each."""
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def database(self, name: str, default: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of a database, from its URL."""
        config = self._url(name, Env.db_url_config, "ENGINE", "postgres://user:…@host/name")
        return config or default

    def cache(self, name: str, default: str) -> dict[str, Any]:
        """Return the settings of a cache, from its URL."""
        config = self._url(name, Env.cache_url_config, "BACKEND", "redis://host:6379/0")
        return config or dict(Env.cache_url_config(default))

    def mail_server(self, name: str, default: str) -> dict[str, Any]:
        """Return the settings of a mail server, from its URL."""
        example = "smtp+tls://user:…@host:587"
        config = self._url(name, Env.email_url_config, "EMAIL_BACKEND", example)
        return config or dict(Env.email_url_config(default))

    def _url(
        self, name: str, parse: Callable[[str], dict[str, Any]], key: str, example: str
    ) -> dict[str, Any]:
        value = self.text(name)
        if not value:
            return {}
        try:
            config = dict(parse(value))
        except Exception:
            config = {}
        # An unknown scheme stays what it is; a module has a dot.
        if "." not in config.get(key, ""):
            # The value may hold a password.
            raise ImproperlyConfigured(
                f"{name} is not a URL of a kind that is known here. Write it as {example}, with "
                "characters such as @, / and # of a password percent-encoded."
            )
        return config


def _refuse(name: str, value: str, rule: str, fix: str) -> NoReturn:
    raise ImproperlyConfigured(f"{name} is {value!r}, which {rule}. {fix}.")
