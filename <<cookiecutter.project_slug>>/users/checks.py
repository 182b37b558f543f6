"""Stop `migrate` and `check` if the database has the accounts of another model.

The project is then from before 1.0, and was updated without the command in the changelog. Once
you have deployed everywhere, you may delete this module, and ready() in apps.py.
"""

from pathlib import Path

from django.core import checks
from django.db import Error, connection

from .models import User

COMMAND = (
    "uvx cruft update --checkout standard "
    """--variables-to-update '{"user_model": "auth.User"}'"""
)


@checks.register
def check_accounts(**kwargs):
    tables = list_tables()
    if "auth_user" not in tables or User._meta.db_table in tables:
        return []
    return [
        checks.Error(
            "The accounts of this database are in the table auth_user of auth.User, but "
            "AUTH_USER_MODEL is users.User, which has no table here.",
            hint=f"Keep auth.User: commit, then run {COMMAND}",
            id="users.E001",
        )
    ]


def list_tables():
    """Return the names of the tables, or none if there is no database, as in a build."""
    is_file = connection.vendor == "sqlite"
    if is_file and not Path(connection.settings_dict["NAME"]).exists():
        return []  # Connecting would create the file.
    try:
        return connection.introspection.table_names()
    except Error:
        return []
