"""Django's hashed static files, each hashed once, and only if it may have changed."""

import os
import posixpath
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.base import ContentFile

from .publisher import PublishError

# In place of Django's support_js_module_import_aggregation, which reads from each
# `export` to the end of the file, misses lines without a semicolon, and .mjs.
JS_IMPORTS = (
    (r"""(?P<matched>(?-i:from)\s*["'](?P<url>[./].*?)["'])""", 'from "%(url)s"'),
    (r"""(?P<matched>(?-i:import)\s*["'](?P<url>[./].*?)["'])""", 'import "%(url)s"'),
    (r"""(?P<matched>(?-i:import)\(\s*["'](?P<url>[./].*?)["']\s*\))""", 'import("%(url)s")'),
)
DJANGO_PATTERNS = ManifestStaticFilesStorage.patterns


class OnePassHashing(ManifestStaticFilesStorage):
    """Gives each file the name and the bytes that Django gives it, in a fifth of the time.

    Django goes over all files again and again, until no name changes. Here each
    file is hashed once, after those that it refers to.
    """

    patterns = (
        *DJANGO_PATTERNS,
        *[("*.mjs", rules) for kind, rules in DJANGO_PATTERNS if kind == "*.js"],
        *[(kind, JS_IMPORTS) for kind in ("*.js", "*.mjs")],
    )
    # The files at work: each refers to the next one.
    _hashing = ()

    def hash_all(self, paths, publisher, known):
        """Hash the files, and hand to the publisher each one that the bucket may lack.

        Sets self.hashed_files. Returns what to give as `known` the next time: for
        each file how it looked, its hashed name, and those of the files it uses.
        """
        rules = repr((django.VERSION, self.patterns, settings.STATIC_URL))
        self._paths, self._publisher, self._errors = paths, publisher, []
        self._known = known.get("files", {}) if known.get("rules") == rules else {}
        self._adjustable = {name for name in paths if matches_patterns(name, self._patterns)}
        self.hashed_files, self._files, self._reused = {}, {}, set()
        for name in paths:
            self._hashed(name)
        if self._errors:
            raise PublishError("\n".join(self._errors))
        # Only now, since the bucket was being listed meanwhile.
        if not publisher.published.keys() >= self._reused:
            # Somebody removed files from it: look at all of them.
            return self.hash_all(paths, publisher, known={})
        return {"rules": rules, "files": self._files}

    def _hashed(self, name):
        """Return the hashed name of a file, or None after an error."""
        if name not in self.hashed_files:
            self._hashing = (*self._hashing, name)
            look = self._look(name)
            if self._is_as_before(name, look):
                self._files[name] = self._known[name]
                self.hashed_files[name] = self._known[name]["hashed"]
                self._reused.add(self._known[name]["hashed"])
            else:
                self._files[name] = {"look": look, "uses": {}}
                self._hash(name)
                self._files[name]["hashed"] = self.hashed_files.get(name)
            self._hashing = self._hashing[:-1]
        return self.hashed_files.get(name)

    def _look(self, name):
        storage, path = self._paths[name]
        path = storage.path(path)
        stat = os.stat(path)
        # The time of an edit (mtime) can be set back; that of any change (ctime) cannot.
        return [path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]

    def _is_as_before(self, name, look):
        known = self._known.get(name)
        return (
            known
            and known["look"] == look
            and all(
                target in self._paths
                and target not in self._hashing
                and self._hashed(target) == hashed_name
                for target, hashed_name in known["uses"].items()
            )
        )

    def _hash(self, name):
        # Django's own pass, over this file alone.
        steps = self._post_process({name: self._paths[name]}, self._adjustable, self.hashed_files)
        for _, _, processed, _ in steps:
            if isinstance(processed, Exception):
                self._errors.append(f"{name}: {processed}")
                break

    def _stored_name(self, name, hashed_files):
        """Called during that pass, for each file that this one refers to."""
        source = self._hashing[-1]
        target, query = posixpath.normpath(name.strip()), ""
        if target not in self._paths:
            target, mark, query = target.partition("?")
            query = mark + query
        if target in self._hashing:
            circle = [*self._hashing[self._hashing.index(target) :], target]
            self._errors.append(f"Files refer to each other in a circle: {' → '.join(circle)}")
        elif target in self._paths:
            self._files[source]["uses"][target] = self._hashed(target)
            return (self._hashed(target) or target) + query
        elif not any(path.startswith(f"{target}/") for path in self._paths):
            self._errors.append(f"{source} refers to {target}, which is no static file of any app.")
        return name

    def exists(self, name):
        # Hashed files are not kept here, so Django is to save each one.
        return not self._hashing and super().exists(name)

    def _save(self, name, content):
        if not self._hashing:
            return super()._save(name, content)
        if isinstance(content, ContentFile):
            body = content.file.getvalue()
        else:
            # To be read when its turn comes: memory could not hold them all.
            body = Path(self._files[self._hashing[-1]]["look"][0])
        self._publisher.add(name, content.size, body)
        return name
