"""The static files to publish: a seeded tree, shaped as a site's own.

CSS that names images and fonts and imports other CSS, JavaScript modules with source
maps, images, fonts and plain data. The same files and seed give the same bytes.
"""

import os
import random

# What the one-file-changed run changes. Three hashed names change with it: its own,
# the stylesheet's that shows it, the bundle's that imports that.
CHANGED = "img/logo.svg"

# Of a hundred files, so many. Stylesheets and scripts each bring a source map.
SHARE = {"css": 9, "js": 16, "woff2": 3, "svg": 20, "png": 14, "webp": 9, "json": 4}
# Their sizes in bytes: from, to; most are small.
SIZES = {
    "css": (1_000, 32_000),
    "js": (1_000, 40_000),
    "map": (600, 12_000),
    "woff2": (9_000, 28_000),
    "svg": (300, 6_000),
    "png": (800, 18_000),
    "webp": (800, 14_000),
    "json": (200, 4_000),
}
# Any fixed day: publishing an old file and a new one must differ in their times too.
MODIFIED = 1_700_000_000


def generate(root, files=2000, seed=1):
    """Write `files` files under the folder `root`."""
    root.mkdir(parents=True, exist_ok=True)
    if not files:
        return
    rng = random.Random(seed)
    count = {kind: files * share // 100 for kind, share in SHARE.items()}
    # Whatever division left over is images.
    count["png"] += files - sum(count.values()) - count["css"] - count["js"]
    names = {
        kind: [f"{_folder(kind)}/{_word(rng)}-{number}.{kind}" for number in range(total)]
        for kind, total in count.items()
    }
    names["svg"][0] = CHANGED
    for kind in ("woff2", "svg", "png", "webp", "json"):
        for name in names[kind]:
            _write(root, name, _filled(rng, kind, b""))
    _write_stylesheets(root, rng, names)
    _write_scripts(root, rng, names["js"])


def change(root):
    """Edit one file, as a person would between two publishes."""
    with open(root / CHANGED, "ab") as file:
        file.write(b"<!-- changed -->\n")


def restore(root):
    """Undo `change`."""
    path = root / CHANGED
    _write(root, CHANGED, path.read_bytes().removesuffix(b"<!-- changed -->\n"))


def _write_stylesheets(root, rng, names):
    """One in ten is a bundle that imports the others, each of which has images and fonts."""
    sheets = names["css"]
    bundles = max(1, len(sheets) // 10)
    parts = sheets[bundles:]
    images = names["svg"] + names["png"] + names["webp"]
    for number, name in enumerate(sheets):
        if number < bundles:
            lines = [f'@import url("{_beside(part)}");' for part in parts[number::bundles]]
        else:
            # The first part alone shows the logo.
            shown = [CHANGED] if number == bundles else rng.sample(images[1:], k=rng.randint(2, 8))
            lines = [f".i{i} {{ background: url(../{image}) }}" for i, image in enumerate(shown)]
            if names["woff2"]:
                font = rng.choice(names["woff2"])
                lines.append(f'@font-face {{ font-family: F; src: url("../{font}") }}')
        head = "\n".join(lines).encode() + b"\n"
        end = f"\n/*# sourceMappingURL={_beside(name)}.map */\n".encode()
        _write(root, name, _filled(rng, "css", head, end))
        _write(root, f"{name}.map", _filled(rng, "map", b'{"version":3,"mappings":"";', b"}"))


def _write_scripts(root, rng, scripts):
    """Modules, each of which imports up to three that come after it."""
    for number, name in enumerate(scripts):
        later = scripts[number + 1 : number + 20]
        used = rng.sample(later, k=min(len(later), rng.randint(0, 3)))
        lines = [f'import {{ f{i} }} from "./{_beside(module)}";' for i, module in enumerate(used)]
        head = "\n".join(lines).encode() + b"\n"
        end = f"\n//# sourceMappingURL={_beside(name)}.map\n".encode()
        _write(root, name, _filled(rng, "js", head, end))
        _write(root, f"{name}.map", _filled(rng, "map", b'{"version":3,"mappings":"";', b"}"))


def _filled(rng, kind, head, end=b""):
    """Content that begins and ends so, of a size that files of this kind have."""
    low, high = SIZES[kind]
    # Skewed: three quarters are in the lower half.
    size = low + int((high - low) * rng.random() ** 2)
    number = rng.getrandbits(32)
    if kind == "css":
        line = b".box-%08x > a:hover { margin: 0 1rem; color: #%06x }\n" % (number, number >> 8)
    elif kind == "js":
        line = b"export const call%08x = (value) => value * %d;\n" % (number, number)
    elif kind in ("svg", "map", "json"):
        line = b" %08x," % number
    else:
        return head + rng.randbytes(size) + end
    return head + line * (size // len(line) + 1) + end


def _folder(kind):
    return {"css": "css", "js": "js", "woff2": "fonts", "json": "data"}.get(kind, "img")


def _word(rng):
    return "".join(rng.choices("bcdfghjklmnprstvwz", k=3)) + rng.choice(["", "-small", "-large"])


def _beside(name):
    return name.rpartition("/")[2]


def _write(root, name, content):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (MODIFIED, MODIFIED))
