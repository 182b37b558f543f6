"""Uploads under random faults and kills, against a model of what must be there.

Hypothesis chooses the steps of a few uploads, and for each step whether S3 fails in one of
many ways, or the web worker is killed after any statement, request or answer. After each
step every row has its object, whole. After the last sweep every object has its row.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from PIL import Image

from tests.conftest import embedded_server, environment
from tests.proxy import Proxy
from tests.test_postgresql import postgresql  # noqa: F401
from tests.uploads.test_suite import SUITE, make_bucket

pytestmark = [pytest.mark.torture, pytest.mark.timeout(1200)]

# Together not more than twenty minutes.
SECONDS = int(os.environ.get("TORTURE_SECONDS", 420))
# In which a run that met too little goes on.
MORE_SECONDS = 30
MEBIBYTE = 2**20
SIZES = {"small": 5000, "large": 11 * MEBIBYTE}
BAD = b"<html>"
GOOD = b"%PDF-1.7\n"


def make_head(kind, good, id):
    """Return the first bytes of a file; no two files have the same."""
    if not good:
        return BAD + id.bytes
    if kind != "photo":
        return GOOD + id.bytes
    picture = io.BytesIO()
    Image.new("RGB", (3, 2), tuple(id.bytes[:3])).save(picture, "PNG")
    return picture.getvalue() + id.bytes


kills = st.one_of(st.none(), st.none(), st.integers(0, 40))
# From which request of the step on, and what; most steps go well.
faults = st.one_of(
    st.none(),
    st.none(),
    st.tuples(st.integers(0, 2), st.sampled_from(["reset", "lost answer", 503, "cut"])),
)


class Project:
    """A rendered project, its store behind a proxy, and the process that does the steps."""

    def __init__(self, folder, store, proxy, **variables):
        shutil.copytree(SUITE, folder, dirs_exist_ok=True)
        self.proxy, self.folder = proxy, folder
        bucket = f"torture-{uuid.uuid4()}"
        make_bucket(store, bucket)
        names = {"AWS_STORAGE_BUCKET_NAME": bucket, "AWS_S3_ENDPOINT_URL": proxy.url}
        self.environment = environment(**store | names | variables, S3_EMBEDDED="off")
        subprocess.run(
            [sys.executable, "torturer.py", "migrate"],
            cwd=folder,
            env=self.environment,
            check=True,
            timeout=120,
        )
        self.log = open(folder / "torture.log", "w")
        self.process = subprocess.Popen(
            [sys.executable, "torturer.py"],
            cwd=folder,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        self.counts = Counter()
        self.ends = time.monotonic() + SECONDS

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()
        self.log.close()

    def do(self, step, kill=None, fault=None, **data):
        """Do one step; return its result. Counts steps, faults and kills."""
        seen = []

        def break_it(request):
            seen.append(request)
            if fault and len(seen) > fault[0]:
                self.counts["faults"] += 1
                return fault[1]
            return None

        self.proxy.break_it = break_it
        line = json.dumps({"do": step, "kill": kill} | data)
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        result = json.loads(self.process.stdout.readline())
        self.proxy.break_it = lambda request: None
        if step not in ("look", "reset"):
            self.counts["steps"] += 1
            self.counts["kills"] += "killed" in result
        return result


def whose(upload):
    return {name: upload[name] for name in ("kind", "user", "token")}


class Uploads(RuleBasedStateMachine):
    project = None  # set by the test

    def __init__(self):
        super().__init__()
        self.uploads = []
        self.saved = {}  # title → (size, head), of rows that were acknowledged
        self.maybe = {}  # of rows whose answer was lost
        self.over = time.monotonic() > self.project.ends
        if not self.over:
            self.project.do("reset")

    def do(self, step, chaos, **data):
        if self.over:
            return {"killed": True}
        kill, fault = chaos
        return self.project.do(step, kill, fault, **data)

    @rule(
        kind=st.sampled_from(["file", "cover", "photo"]),
        user=st.sampled_from(["ada", "ben"]),
        size=st.sampled_from(["small", "small", "large"]),
        good=st.sampled_from([True, True, True, False]),
        chaos=st.tuples(kills, faults),
    )
    def begin(self, kind, user, size, good, chaos):
        id = uuid.uuid4()
        upload = {
            "id": str(id),
            "kind": kind,
            "user": user,
            "size": SIZES[size],
            "head": make_head(kind, good, id).hex(),
            "title": f"paper {len(self.uploads)}",
            "good": good,
        }
        self.uploads.append(upload)
        self._begin(upload, chaos)

    def _begin(self, upload, chaos):
        names = {"file": "p.pdf", "cover": "p.pdf", "photo": "p.png"}
        announced = {"id": upload["id"], "name": names[upload["kind"]], "size": upload["size"]}
        result = self.do("begin", chaos, kind=upload["kind"], user=upload["user"], **announced)
        if result.get("status") == 200:
            upload["ticket"] = result["answer"]
            upload["token"] = result["answer"]["token"]

    @precondition(lambda self: self.uploads)
    @rule(which=st.integers(0, 99), chaos=st.tuples(kills, faults))
    def begin_again(self, which, chaos):
        """A browser whose answer was lost asks again with the same id."""
        self._begin(self.pick(which), chaos)

    @precondition(lambda self: self.uploads)
    @rule(
        which=st.integers(0, 99), chaos=st.lists(st.tuples(kills, faults), min_size=4, max_size=6)
    )
    def go_on(self, which, chaos):
        """Do the next steps of an upload, as a browser that is not disturbed does them."""
        upload = self.pick(which)
        for one in chaos:
            if "token" not in upload:
                self._begin(upload, one)
            elif not upload.get("sent"):
                self._send(upload, [1, 2, 3], one)
                upload["sent"] = True
            elif not upload.get("looked at"):
                self._complete(upload, one)
                upload["looked at"] = True
            else:
                self._save(upload, one)

    def pick(self, which):
        return self.uploads[which % len(self.uploads)]

    def pick_begun(self, which):
        """Return an upload that has a token, or None: one without begins now, undisturbed.

        What a rule may do depends on nothing that a fault changes: Hypothesis, which runs the
        first steps of an example again, takes that for a flaky test.
        """
        upload = self.pick(which)
        if "token" not in upload:
            self._begin(upload, (None, None))
        return upload if "token" in upload else None

    @precondition(lambda self: self.uploads)
    @rule(
        which=st.integers(0, 99),
        parts=st.sampled_from([[1, 2, 3], [1, 2, 3], [1, 3], [2], [3, 2]]),
        chaos=st.tuples(kills, faults),
    )
    def send(self, which, parts, chaos):
        if upload := self.pick_begun(which):
            self._send(upload, parts, chaos)

    def _send(self, upload, parts, chaos):
        numbers = parts if "parts" in upload["ticket"] else [0]
        data = {name: upload[name] for name in ("ticket", "size", "head")}
        self.do("send", (None, chaos[1]), parts=numbers, **data)

    @precondition(lambda self: self.uploads)
    @rule(which=st.integers(0, 99), chaos=st.tuples(kills, faults))
    def complete(self, which, chaos):
        if upload := self.pick_begun(which):
            self._complete(upload, chaos)

    def _complete(self, upload, chaos):
        result = self.do("complete", chaos, **whose(upload))
        if not upload["good"]:
            assert result.get("answer", {}).get("state") not in ("complete", "processing")

    @rule(chaos=st.tuples(kills, faults))
    def finish(self, chaos):
        self.do("finish", chaos)

    @precondition(lambda self: self.uploads)
    @rule(which=st.integers(0, 99), chaos=st.tuples(kills, faults))
    def save(self, which, chaos):
        if upload := self.pick_begun(which):
            self._save(upload, chaos)

    def _save(self, upload, chaos):
        title = upload["title"]
        result = self.do("save", chaos, title=title, **whose(upload))
        if result.get("status") == 302:
            assert upload["good"], "a file that is not what was announced was saved"
            assert title not in self.saved, "one token made two rows"
            self.saved[title] = upload
            self.project.counts["rows saved"] += 1
            self.maybe.pop(title, None)
        elif result.get("status") != 200 and title not in self.saved:
            self.maybe[title] = upload

    @precondition(lambda self: self.uploads)
    @rule(which=st.integers(0, 99), chaos=st.tuples(kills, faults))
    def delete(self, which, chaos):
        upload = self.pick(which)
        title = upload["title"]
        result = self.do("delete", chaos, title=title)
        if title in self.saved or title in self.maybe:
            self.saved.pop(title, None)
            self.maybe.pop(title, None)
            if "killed" in result or "crashed" in result:
                self.maybe[title] = upload

    @precondition(lambda self: self.uploads)
    @rule(which=st.integers(0, 99), chaos=st.tuples(kills, faults))
    def cancel(self, which, chaos):
        if upload := self.pick_begun(which):
            self.do("cancel", chaos, **whose(upload))

    @rule(chaos=st.tuples(kills, faults))
    def sweep(self, chaos):
        """Removes nothing that is under way."""
        self.do("sweep", chaos)

    def check(self):
        """Return what there is; every row is right, and no acknowledged one is missing."""
        found = self.project.do("look")
        by_title = {}
        for title, key, size, head in found["rows"]:
            assert title not in by_title, "one token made two rows"
            by_title[title] = key
            self.project.counts["rows without objects"] += size is None
            assert size is not None, f"the row {title} has no object {key}"
            upload = self.saved.get(title) or self.maybe.get(title)
            assert upload, f"a row {title} that nobody saved, or that was deleted"
            is_own = size == upload["size"] and head.startswith(upload["head"])
            if upload["kind"] == "photo":
                is_own = is_own and f"/user_{found['users'][upload['user']]}/" in key
            self.project.counts["files in a wrong row"] += not is_own
            assert is_own, f"the row {title} has another file, {key}"
        missing = set(self.saved) - set(by_title)
        assert not missing, f"acknowledged rows are lost: {missing}"
        return found

    def teardown(self):
        if self.over:
            return
        self.check()
        # As two days later, with an S3 that works.
        assert self.project.do("sweep", all=True) == {}
        found = self.check()
        orphans = set(found["keys"]) - {key for _, key, _, _ in found["rows"]}
        self.project.counts["objects without rows after the sweep"] += len(orphans)
        self.project.counts["examples"] += 1
        assert not orphans, orphans
        assert (found["multipart"], found["notes"]) == (0, 0)
        assert found["under_way"] == [0, 0]


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def torture(request, project, tmp_path_factory):
    folder = project()
    variables = {}
    if request.param == "PostgreSQL":
        variables["DATABASE_URL"] = request.getfixturevalue("postgresql")
    store_folder = Path(shutil.copytree(folder, tmp_path_factory.mktemp("store") / "site"))
    with (
        embedded_server(store_folder) as store,
        Proxy(store["AWS_S3_ENDPOINT_URL"]).running() as proxy,
    ):
        torture = Project(folder, store, proxy, **variables)
        yield torture
        torture.close()


def has_met_enough(counts):
    """Return whether there was enough chaos, and enough that went well, to mean anything."""
    chaos = min(counts["kills"], counts["faults"])
    return chaos * 40 > counts["steps"] and counts["rows saved"] > 0


def test_no_row_loses_its_object_and_no_object_stays_without_a_row(torture, record_property):
    class Machine(Uploads):
        project = torture

    few = settings(
        max_examples=10,
        stateful_step_count=30,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    counts, latest = torture.counts, torture.ends + SECONDS
    while time.monotonic() < torture.ends:
        run_state_machine_as_test(Machine, settings=few)
        if not has_met_enough(counts):  # on a busy machine, or in a short time
            torture.ends = min(latest, max(torture.ends, time.monotonic() + MORE_SECONDS))
    for name in ("rows without objects", "objects without rows after the sweep"):
        counts[name] += 0
    counts["files in a wrong row"] += 0
    for name, count in sorted(counts.items()):
        record_property(name, count)
    assert has_met_enough(counts)
