"""Bring the rendered project's translations up to date with its texts, and compile them.

    python scripts/refresh_messages.py            # writes django.po and django.mo
    python scripts/refresh_messages.py --check    # says what would change

Django's makemessages and compilemessages do the same with gettext's programs, which an owner has;
this needs none, and always writes the same bytes.
"""

import argparse
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

TEMPLATE = Path(__file__).resolve().parent.parent
PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
# Each folder that has a catalog, and where its texts are.
CATALOGS = {
    "locale": "templates",
    "uploads/locale": "uploads",
    "s3files/direct/locale": "s3files/direct",
}

CONTEXT_FIRST = ((1, "c"), 2)
KEYWORDS = {
    **dict.fromkeys(["_", "gettext", "gettext_lazy", "gettext_noop"]),
    **dict.fromkeys(["ngettext", "ngettext_lazy"], (1, 2)),
    **dict.fromkeys(["pgettext", "pgettext_lazy"], CONTEXT_FIRST),
}


def read_sources(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield what holds texts, as Python: templates as Django's makemessages turns them into it."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".py" and "migrations" not in path.parts:
            yield path, path.read_bytes()
        elif path.suffix in {".html", ".txt"} and "static" not in path.parts:
            lines = templatize(path.read_text(encoding="utf-8")).splitlines()
            # Its indentation means nothing, and Python's tokenizer would refuse it.
            yield path, "\n".join(line.lstrip() for line in lines).encode()


def extract_texts(folder: Path) -> Catalog:
    texts = Catalog()
    for path, source in read_sources(folder):
        for _line, text, _comments, context in extract("python", io.BytesIO(source), KEYWORDS):
            place = (path.relative_to(PROJECT).as_posix(), 1)
            texts.add(text, locations=[place], context=context)
    return texts


def refresh(po: Path, texts: Catalog) -> tuple[Catalog, dict[Path, bytes]]:
    """Return a language's catalog with these texts, and the files that hold it."""
    with po.open("rb") as source:
        catalog = read_po(source, locale=po.parents[1].name)
    # Placeholders of babel's.
    catalog.msgid_bugs_address = catalog.last_translator = ""
    catalog.update(texts, no_fuzzy_matching=True, update_creation_date=False)
    readable, compiled = io.BytesIO(), io.BytesIO()
    write_po(
        readable, catalog, width=100, sort_output=True, ignore_obsolete=True, include_lineno=False
    )
    write_mo(compiled, catalog)
    return catalog, {po: readable.getvalue(), po.with_suffix(".mo"): compiled.getvalue()}


def refreshed() -> Iterator[tuple[Catalog, dict[Path, bytes]]]:
    if not settings.configured:
        settings.configure()
    for locale, folder in CATALOGS.items():
        texts = extract_texts(PROJECT / folder)
        for po in sorted((PROJECT / locale).glob("*/LC_MESSAGES/django.po")):
            yield refresh(po, texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    stale = []
    checks_only = parser.parse_args().check
    for catalog, files in refreshed():
        for path, content in files.items():
            if path.exists() and path.read_bytes() == content:
                continue
            stale.append(path.relative_to(TEMPLATE).as_posix())
            if not checks_only:
                path.write_bytes(content)
        for message in catalog:
            if message.id and not message.string:
                print(f"{catalog.locale}: no translation of {message.id!r}")
    print(*stale, sep="\n")
    if checks_only and stale:
        sys.exit("Run: python scripts/refresh_messages.py")


if __name__ == "__main__":
    main()
