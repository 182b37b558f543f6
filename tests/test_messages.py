"""Every text that a user sees is marked for gettext, translated into Korean, and compiled."""

import ast
import re
from html.parser import HTMLParser

import pytest

from scripts.refresh_messages import CATALOGS, PROJECT, refreshed

FOLDERS = sorted({PROJECT / folder for folder in CATALOGS.values()})
TEMPLATES = sorted(path for folder in FOLDERS for path in folder.rglob("*.html"))
SCRIPTS = sorted(path for folder in FOLDERS for path in folder.rglob("static/**/*.js"))
MODULES = sorted(
    path for folder in FOLDERS for path in folder.rglob("*.py") if "migrations" not in path.parts
)
# Django's tags; what cookiecutter fills in; between the tags of a translation stands its text.
TRANSLATED = re.compile(r"{% blocktranslate.*?endblocktranslate %}|{% translate .*?%}", re.S)
CODE = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}|<<.*?>>|^#%.*?$", re.S | re.M)
READ_ALOUD = {"alt", "aria-label", "placeholder", "title"}
# Names, and what no language changes.
SAME_EVERYWHERE = {"·", "“", "”"}


def name(path):
    return path.relative_to(PROJECT).as_posix()


def test_the_catalogs_are_up_to_date_and_korean_is_complete():
    for catalog, files in refreshed():
        for path, content in files.items():
            assert path.read_bytes() == content, f"{name(path)}: make messages"
        missing = [message.id for message in catalog if message.id and not message.string]
        assert missing == [], f"{catalog.locale} lacks {missing}"
        for message in catalog:
            placeholders = r"%\(\w+\)s|\{\w+\}"
            wanted = sorted(re.findall(placeholders, message.id))
            assert sorted(re.findall(placeholders, message.string)) == wanted, message.id


class Texts(HTMLParser):
    """What a page says: between its tags, and in the attributes that are read aloud."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.within = ""

    def handle_starttag(self, tag, attrs):
        self.within = tag
        self.found += [value for key, value in attrs if key in READ_ALOUD and value]

    def handle_endtag(self, tag):
        self.within = ""

    def handle_data(self, data):
        if self.within not in {"style", "script"}:
            self.found += data.split("\n")


def unmarked_texts(source):
    texts = Texts()
    texts.feed(CODE.sub(" ", TRANSLATED.sub(" ", source)))
    found = [text.strip() for text in texts.found if re.search(r"[^\W\d_]{2}", text)]
    return [text for text in found if text not in SAME_EVERYWHERE]


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_templates_have_no_text_without_markup(template):
    assert unmarked_texts(template.read_text(encoding="utf-8")) == []


def test_a_text_without_markup_is_noticed():
    assert unmarked_texts('<p title="Hello">{% translate "Yes" %}</p>') == ["Hello"]
    assert unmarked_texts("<p>{{ name }} is gone</p>") == ["is gone"]


# Their first argument is for people.
SPEAKING = {"ValidationError", "success", "error", "warning", "info", "UploadError"}


def error_names():
    """The exceptions whose messages reach a user; Misconfigured is for developers."""
    tree = ast.parse((PROJECT / "s3files/direct/errors.py").read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    return names - {"Misconfigured"}


def unmarked_calls(source):
    """Return the lines on which a message is made of a plain string."""
    tree, errors = ast.parse(source), error_names()
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        owner = getattr(getattr(node.func, "value", None), "id", "messages")
        if called in SPEAKING | errors and owner == "messages":
            found += [
                node.lineno
                for argument in node.args
                if isinstance(argument, ast.JoinedStr)
                or (isinstance(argument, ast.Constant) and " " in str(argument.value))
            ]
    return found


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_messages_in_python_are_marked(module):
    assert unmarked_calls(module.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_scripts_have_no_text_of_their_own(script):
    """They show what row.html has; a string of several words would be English everywhere."""
    source = re.sub(r"^\s*//.*$|\s// .*$", "", script.read_text(encoding="utf-8"), flags=re.M)
    strings = re.findall(r'"([^"\n]*)"|`([^`]*)`', source)
    speech = [one for pair in strings for one in pair if re.match(r"[A-Z][a-z]+ [a-z]", one)]
    assert [one for one in speech if one not in LOGGED] == []


# For the developer's console.
LOGGED = {"The thumbnail was not sent."}


def test_scripts_and_their_page_agree_on_the_texts():
    row = (PROJECT / "s3files/direct/templates/s3files/row.html").read_text(encoding="utf-8")
    offered = set(re.findall(r'data-text="(\w+)"', row))
    source = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    asked = set(re.findall(r'\b(?:text|explain)\(\s*"(\w+)"', source))
    # Keys that a script picks: by a choice of two, or by an upload's state.
    picked = {key for key in offered if re.search(rf'"{key}"', source)}
    states = {"waiting", "checking", "processing", "cancelled"}
    assert asked <= offered
    assert offered <= asked | picked | states
