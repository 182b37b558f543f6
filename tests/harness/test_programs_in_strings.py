"""Programs in strings become fewer: Site.call runs a module, which ruff reads, in their place."""

import ast

import pytest

from tests.harness.count_programs import count_by_file, count_programs

# After a conversion, write the new number here. What a user types may stay a string.
MOST = 61


def test_programs_in_strings_do_not_become_more():
    counts = count_by_file()
    assert counts.total() <= MOST, counts


@pytest.mark.parametrize(
    "line, expected",
    [
        ('site.python("result = 1")', 1),
        ('run(folder, "python", "-c", CODE)', 1),
        ('command = ["python", "-c", head + CODE]', 1),
        ('run(*("python", "manage.py", "shell", "-c"), f"print({name})")', 1),
        ('site.call("links.make_urls")', 0),
        ('run(folder, "bash", "-c", "ls")', 0),
        ('run("git", "-c", "user.name=a", "-c", "user.email=a@example.com")', 0),
        ('run(folder, *("python", "-c", CODE))', 1),
        ('is_known = option in ("-c", "-m")', 0),
    ],
)
def test_a_program_in_a_string_is_counted_and_nothing_else(line, expected):
    assert count_programs(ast.parse(line)) == expected
