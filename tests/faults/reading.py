"""Answers cut after any of their bytes, at open, read, seek, size() and listdir()."""

from collections import Counter

from tests.faults.project import NamedCuts, put_all, short

BODY = bytes(range(256)) * 5 + bytes(118)  # 1,398 bytes: 900, and 498 more
OPERATIONS = """
from concurrent.futures import ThreadPoolExecutor
def read(name):
    with media.open(name) as file:
        return "right" if file.read() == body else "torn"
def seek(name):
    with media.open(name) as file:
        file.seek(900)
        return "right" if file.read() == body[900:] else "torn"
def size(name):
    return "right" if media.size(name) == len(body) else "wrong size"
def listdir(name):
    return "right" if media.listdir(name) == ([], ["a.txt"]) else "wrong list"
works = {"read": read, "range": read, "seek": seek, "size": size, "listdir": listdir}
def each(case):
    operation, name = case
    return [operation, name, attempt(works[operation], name)]
with ThreadPoolExecutor(8) as pool:
    result = list(pool.map(each, cases))
"""


def cut_everything(site, offsets):
    """Cut answers after each of these bytes, once and always.

    Return the outcomes: a Counter of (operation, once or always, what came of it), and the
    number of cuts.
    """
    cases, names = [], []
    for offset in offsets:
        for how in "once", "always":
            cases += [["read", f"{how}-{offset}.bin"], ["size", f"{how}-{offset}.size"]]
            cases += [["listdir", f"{how}-{offset}"]]
            names.append(f"{how}-{offset}/a.txt")
        cases += [["range", f"range-{offset}.bin"], ["seek", f"seek-{offset}.bin"]]
    put_all(site, [*names, *(name for operation, name in cases if operation != "listdir")], BODY)
    site.proxy.break_it = cuts = NamedCuts(len(BODY))
    outcomes = site.python(
        f"{short(read=20, total=40, tries=4)}\nbody, cases = {BODY!r}, {cases!r}\n{OPERATIONS}"
    )
    assert len(outcomes) == len(cases)
    return Counter(
        (operation, name.partition("-")[0], outcome) for operation, name, outcome in outcomes
    ), cuts.cuts
