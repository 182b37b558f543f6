"""Answers cut after any of their bytes, at open, read, seek, size() and listdir()."""

from collections import Counter

from tests.faults.project import NamedCuts, put_all

BODY = bytes(range(256)) * 5 + bytes(118)  # 1,398 bytes: 900, and 498 more


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
    waits = {"read": 20, "total": 40, "tries": 4}
    outcomes = site.call("reading.read_each", waits, BODY.decode("latin-1"), cases)
    assert len(outcomes) == len(cases)
    return Counter(
        (operation, name.partition("-")[0], outcome) for operation, name, outcome in outcomes
    ), cuts.cuts
