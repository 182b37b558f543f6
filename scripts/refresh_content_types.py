"""Write the content types of files into s3files/_s3/content_types.py, from npm's mime-db.

The table is frozen, so that a file has the same type on every machine: that of Python depends on
its version and on /etc/mime.types. To add an extension, add it here and run

    python scripts/refresh_content_types.py
"""

import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent
MODULE = TEMPLATE / "<<cookiecutter.project_slug>>" / "s3files" / "_s3" / "content_types.py"

# What people upload, and what a site publishes.
EXTENSIONS = """
3fr 3g2 3gp 3gpp 7z aac ac3 ai aif aifc aiff amr apk apng appcache asc atom au avi avif azw bcpio
bin bmp bz2 c caf cbr cbz cdf conf cpio crt csh css csv deb def der dll dmg dng doc docm docx dot
dotm dotx dvi dwg dxf dylib ear ecma eml emf eot eps epub etx exe fdf fits flac flv geojson gif glb
gltf gpx gz h hdf heic heics heif heifs htm html ico ics ief ifc igs iges ini ipa iso jar java jfif
jng jp2 jpe jpeg jpf jpg jpm jpx js json json5 jsonld jxl kar key kml kmz ksh latex log m1v m2v m3u
m3u8 m4a m4v man map markdown mathml mbox md mdb me mht mhtml mid midi mif mj2 mjs mka mkv mml mng
mobi mov movie mp2 mp2a mp3 mp4 mp4a mpa mpd mpe mpeg mpg mpga mpp ms msg msi nc nq nt numbers nws
o obj ods odp odt odg odf oga ogg ogv ogx opus otf otp ots ott p12 p7c p7m p7s pages pbm pcx pdf pem
pfx pgm pgp php pkg pl png pnm pot potm potx ppa ppm pps ppsm ppsx ppt pptm pptx ps psd pub py pyc
pyo qt ra ram rar ras rdf rgb roff rss rst rtf rtx scad sgm sgml sh shar sig sldx snd so spx sql src
srt stl stp sv4cpio sv4crc svg svgz swf t tar tcl tex texi texinfo tga tgz tif tiff toml torrent tr
ts tsv ttc ttf ttml txt ustar vcf vcard vdx vob vrml vsd vsdx vtt wasm wav wax weba webm webmanifest
webp wiz wma wmf wml wmv woff woff2 wrl wsdl xbm xcf xht xhtml xla xlam xlb xls xlsb xlsm xlsx xlt
xltm xltx xml xpdl xpm xps xsd xsl xslt xspf xwd xz yaml yml zip zst
""".split()

# Where mime-db has several types, or none, or one that its own standard has left.
OWN = {
    "3fr": "image/x-hasselblad-3fr",
    "amr": "audio/amr",
    "c": "text/plain",
    "dll": "application/octet-stream",
    "flac": "audio/flac",
    "gz": "application/gzip",
    "h": "text/plain",
    "heics": "image/heic-sequence",
    "ico": "image/x-icon",
    "java": "text/plain",
    "js": "text/javascript",
    "ksh": "text/plain",
    "mp3": "audio/mpeg",
    "php": "text/plain",
    "pl": "text/plain",
    "py": "text/x-python",
    "pyc": "application/x-python-code",
    "pyo": "application/x-python-code",
    "rst": "text/x-rst",
    "rtf": "application/rtf",
    # Packed: as a picture it would need a Content-Encoding.
    "svgz": "application/gzip",
    "tgz": "application/gzip",
    "wav": "audio/wav",
    "xml": "application/xml",
    "xz": "application/x-xz",
}
SOURCES = ("iana", "apache", "nginx", None)


def fetch_database() -> dict[str, dict[str, object]]:
    """Return mime-db's newest table: type → {"source": …, "extensions": […]}."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "mime-db"]
        done = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
        with tarfile.open(Path(folder, done.stdout.strip())) as archive:
            archive.extract("package/db.json", folder, filter="data")
        return dict(json.loads(Path(folder, "package/db.json").read_text(encoding="utf-8")))


def choose_types(database: dict[str, dict[str, object]]) -> dict[str, list[str]]:
    """Return the extensions of each type."""
    chosen: dict[str, list[str]] = {}
    for extension in sorted(set(EXTENSIONS)):
        found = OWN.get(extension) or find_type(database, extension)
        if found and found != "application/octet-stream":
            chosen.setdefault(found, []).append(f".{extension}")
    return dict(sorted(chosen.items()))


def find_type(database: dict[str, dict[str, object]], extension: str) -> str | None:
    """Return the most official type; of two, the one that says more than "application"."""
    types = [
        (SOURCES.index(one.get("source")), name.startswith("application/"), name)
        for name, one in database.items()
        if extension in one.get("extensions", ())  # type: ignore[operator]
    ]
    return min(types)[2] if types else None


def replace_table(module: str, types: dict[str, list[str]]) -> str:
    """Return the module's text with these types in it."""
    lines = [f'    "{name}": "{" ".join(extensions)}",\n' for name, extensions in types.items()]
    table = "EXTENSIONS = {\n" + "".join(lines) + "}\n"
    return re.sub(r"^EXTENSIONS = \{\n.*?^\}\n", lambda _: table, module, flags=re.M | re.S)


if __name__ == "__main__":
    text = MODULE.read_text(encoding="utf-8")
    MODULE.write_text(replace_table(text, choose_types(fetch_database())), encoding="utf-8")
