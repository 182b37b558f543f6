"""docs/settings.md names each variable, setting, attribute and option of the code, and no other."""

import ast
import functools
import inspect
import re
import textwrap

import botocore.configprovider
import botocore.credentials
from storages.backends.s3 import S3Storage

from tests.conftest import TEMPLATE

PAGE = (TEMPLATE / "docs" / "settings.md").read_text(encoding="utf-8")
PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
STATIC = "s3files/publishing/storage.py"
MEDIA = "s3files/media/storage.py"
POLICY = "s3files/direct/policy.py"


# The page


def read_section(title):
    _, found, rest = PAGE.partition(f"\n## {title}\n")
    assert found, f"docs/settings.md has no section {title!r}"
    return rest.partition("\n## ")[0]


def read_table(title, head):
    """Return the table of a section whose first column is called so: name → other cells."""
    section = read_section(title)
    table = re.search(rf"^\| {head} \|.*\n\|[- |]+\n((?:\|.*\n?)+)", section, re.MULTILINE)
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in table[1].splitlines()
    ]
    assert all(cell for row in rows for cell in row), "a cell is empty"
    names = [row[0].strip("`") for row in rows]
    assert len(names) == len(set(names)), "a name has two rows"
    return dict(zip(names, (row[1:] for row in rows), strict=True))


def read_value(cell):
    """Return what a cell such as `16 * MEBIBYTE` says, in a form that can be compared."""
    return ast.unparse(ast.parse(cell.strip("`"), mode="eval"))


# The code


@functools.cache
def parse(path):
    return ast.parse((PROJECT / path).read_text(encoding="utf-8"))


def write_path(node):
    """Return os.environ.get for the expression of it, and "" for what is not such a path."""
    if isinstance(node, ast.Attribute):
        return f"{write_path(node.value)}.{node.attr}"
    return getattr(node, "id", "")


def find_class(path, name):
    return next(node for node in parse(path).body if getattr(node, "name", "") == name)


def find_assignments(body):
    """Return what names stand for in a module or class: name → expression."""
    found = {}
    for node in body:
        # Two targets are a second name of a method.
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            found[ast.unparse(node.targets[0])] = node.value
        elif isinstance(node, ast.AnnAssign) and node.value:
            found[ast.unparse(node.target)] = node.value
    return {name: value for name, value in found.items() if not name.startswith("_")}


def find_all(find):
    """Return what `find` finds in all modules together."""
    return set().union(*map(find, find_modules()))


def find_modules():
    """Return the modules that read variables and settings for their owner, parsed."""
    paths = [*PROJECT.glob("*.py"), *(PROJECT / "config").rglob("*.py")]
    paths += (PROJECT / "s3files").rglob("*.py")
    # The local S3 server passes variables on to its own processes.
    server = PROJECT / "s3files" / "server"
    return [parse(path.relative_to(PROJECT)) for path in paths if server not in path.parents]


def find_environment_calls():
    """Return the calls of settings.py such as env.text("EMAIL_FROM"): variable → call."""
    return {
        node.args[0].value: node
        for node in ast.walk(parse("config/settings.py"))
        if isinstance(node, ast.Call) and write_path(node.func).startswith("env.")
    }


def find_variables(module):
    """Return the variables that a module reads from os.environ."""
    found = set()
    for node in ast.walk(module):
        name = None
        if isinstance(node, ast.Call) and write_path(node.func).startswith("os.environ."):
            name = node.args[0]
        elif isinstance(node, ast.Subscript) and write_path(node.value) == "os.environ":
            name = node.slice
        if isinstance(name, ast.Constant):
            found.add(name.value)
        elif name is not None:
            # The name is in a constant, or an argument: so each in the module counts.
            found |= find_texts(module, r"AWS_[A-Z0-9_]+")
    return found


def find_texts(tree, pattern):
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and re.fullmatch(pattern, text)}


def find_settings(module):
    """Return the settings of S3 that a module reads: settings.S3_EMBEDDED, for example."""
    texts = {
        node.attr
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and write_path(node.value) == "settings"
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and write_path(node.func) == "getattr":
            texts |= find_texts(node.args[1], r"\w+")
    return {text for text in texts if re.match("(AWS|S3)_", text)}


def find_options():
    """Return the options of S3MediaStorage: name → its default as the page writes it."""
    function = textwrap.dedent(inspect.getsource(S3Storage.get_default_settings))
    returned = ast.parse(function).body[0].body[-1].value
    options = {
        key.value: f"setting `{value.args[0].value}`"
        for key, value in zip(returned.keys, returned.values, strict=True)
        if isinstance(value, ast.Call)
    }
    storage = find_class(MEDIA, "S3MediaStorage")
    own = next(node for node in storage.body if getattr(node, "name", "") == "get_default_settings")
    ours = own.body[-1].value.right
    for key, value in zip(ours.keys, ours.values, strict=True):
        options[key.value] = f"`{ast.unparse(value)}`"
    for name, value in find_assignments(storage.body).items():
        options[name] = f"`{ast.unparse(value)}`"
    refused = find_assignments(parse("s3files/media/options.py").body)["REFUSED"]
    return {
        name: default
        for name, default in options.items()
        if name not in {key.value for key in refused.keys}
    }


def write_default(call):
    """Return how the page writes the default of a variable; None if it is not a literal."""
    if call.func.attr == "secret":
        return "required"
    default = next((word.value for word in call.keywords if word.arg == "default"), None)
    if default is None:
        return "empty"
    if not isinstance(default, ast.Constant) or default.value is None:
        return None
    if isinstance(default.value, bool):
        return "on" if default.value else "off"
    return write_answer(default.value) or f"`{default.value}`"


def write_answer(value):
    answer = re.fullmatch(r"<< cookiecutter\.(\w+) >>", str(value))
    return answer and f"answer `{answer[1]}`"


# The tests


def test_the_table_of_variables_has_each_one_that_the_project_reads():
    table = read_table("Environment variables", "Variable")
    calls = find_environment_calls()
    ours = {name for name in find_all(find_variables) if not name.startswith("AWS_")}
    assert table.keys() == ours | calls.keys()
    for name, call in calls.items():
        if default := write_default(call):
            assert table[name][0] == default, name


def test_gunicorn_has_the_defaults_of_the_table():
    table = read_table("Environment variables", "Variable")
    defaults = {
        node.values[0].args[0].value: node.values[1].value
        for node in ast.walk(parse("gunicorn.conf.py"))
        if isinstance(node, ast.BoolOp)
    }
    assert len(defaults) == 2
    assert {name: table[name][0].strip("`") for name in defaults} == defaults


def test_the_table_of_boto3_has_each_variable_that_the_project_reads_and_none_that_boto3_does_not():
    table = read_table("Variables that boto3 reads", "Variable")
    calls = find_environment_calls()
    ours = {name for name in find_all(find_variables) - calls.keys() if name.startswith("AWS_")}
    assert ours <= table.keys()
    botocore_source = "".join(
        inspect.getsource(module) for module in (botocore.credentials, botocore.configprovider)
    )
    for name in table.keys() - ours:
        assert f"'{name}'" in botocore_source, name
    chosen = find_assignments(parse("s3files/_s3/store.py").body)["CHOSEN"]
    marked = {name for name, [meaning] in table.items() if meaning.endswith("no local server")}
    assert marked == set(ast.literal_eval(chosen)) - calls.keys()


def test_the_table_of_settings_has_each_one_that_is_not_a_variable():
    table = read_table("Settings in config/settings.py", "Setting")
    read = find_all(find_settings)
    read |= set(re.findall(r"setting `(\w+)`", " ".join(find_options().values())))
    assert table.keys() == read - find_environment_calls().keys()
    settings = find_assignments(parse("config/settings.py").body)
    for name in table.keys() & settings.keys():
        assert table[name][0] == write_answer(settings[name].value), name


def test_the_table_of_static_files_has_each_attribute():
    table = read_table("S3StaticStorage", "Attribute")
    attributes = find_assignments(find_class(STATIC, "S3StaticStorage").body)
    assert table.keys() == attributes.keys()
    constants = find_assignments(parse("s3files/publishing/payloads.py").body)
    for name, value in attributes.items():
        value = constants[value.id] if isinstance(value, ast.Name) else value
        assert read_value(table[name][0]) == ast.unparse(value), name
    options = re.search(r"Also in\s+`OPTIONS`: ([^.]+)\.", read_section("S3StaticStorage"))
    allowed = find_assignments(parse(STATIC).body)["OPTIONS"]
    assert set(re.findall(r"`(\w+)`", options[1])) == ast.literal_eval(allowed)


def test_the_table_of_media_has_each_option():
    table = read_table("S3MediaStorage", "Option")
    options = find_options()
    assert table.keys() == options.keys()
    for name, default in options.items():
        found = table[name][0]
        if not default.startswith("setting "):
            found, default = read_value(found), read_value(default)
        assert found == default, name


def test_the_tables_of_upload_policies_have_each_attribute_and_method():
    policy = find_class(POLICY, "UploadPolicy")
    attributes = find_assignments(policy.body)
    table = read_table("UploadPolicy", "Attribute")
    assert table.keys() == attributes.keys()
    for name, value in attributes.items():
        assert read_value(table[name][0]) == ast.unparse(value), name
    methods = set()
    for node in policy.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            arguments = ", ".join(argument.arg for argument in node.args.args[1:])
            methods.add(node.name if node.decorator_list else f"{node.name}({arguments})")
    assert read_table("UploadPolicy", "Method").keys() == methods
