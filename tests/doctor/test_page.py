"""docs/when-it-does-not-work.md is made from the table that s3doctor has."""

import re

from scripts.document_failures import PAGE, load_table, page

TABLE = load_table()


def test_the_page_is_what_the_table_says():
    written = PAGE.read_text(encoding="utf-8")
    assert written == page(), "run: python scripts/document_failures.py"


def test_the_page_is_in_the_order_in_which_things_break():
    headings = re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == [*TABLE.STEPS, "anywhere"]


def test_every_row_belongs_to_a_step_and_says_what_to_do():
    for row in TABLE.FAILURES:
        assert row.step in {*TABLE.STEPS, ""}, row
        assert row.codes and row.means.endswith((".", ")")) and row.fix, row
        re.compile(row.when)
