"""The `aws` commands of a Markdown page, as the calls of the AWS API that they make."""

import json
import re
import shlex
from functools import cache
from typing import NamedTuple

import botocore.session
from botocore import xform_name
from botocore.validate import ParamValidator

SESSION = botocore.session.get_session()
GLOBAL_OPTIONS = {"region", "query", "output"}
# What the AWS CLI has beyond the API, with the options used here.
CUSTOM = {
    ("cloudformation", "deploy"): {
        "stack-name",
        "template-file",
        "capabilities",
        "parameter-overrides",
    },
    ("s3", "rb"): set(),
    ("s3", "cp"): {"acl", "recursive", "sse", "sse-kms-key-id"},
    # Writes ~/.aws/config.
    ("configure", "set"): set(),
}


class Call(NamedTuple):
    service: str
    operation: str
    arguments: dict


def commands(page):
    """Return the words of each `aws` command in the page's sh blocks."""
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    starts = [*(match.start() for match in re.finditer("^aws ", blocks, re.MULTILINE)), None]
    texts = [blocks[start:end] for start, end in zip(starts, starts[1:], strict=False)]
    for text in texts:
        words = shlex.split(text.replace("\\\n", " "), comments=True)
        # What follows in the same block, or is piped into, is not this command's.
        ends = [words.index(word) for word in ("|", "export", "python", "openssl") if word in words]
        yield words[1 : min(ends, default=len(words))]


def calls(page):
    """Return the API calls of a page's commands, in order.

    Raises AssertionError for a command or an option that the AWS CLI would not know.
    """
    return [call for words in commands(page) if (call := _call(*words))]


def _call(service, operation, *words):
    options = _options(words)
    if (service, operation) in CUSTOM:
        unknown = set(options) - CUSTOM[service, operation]
        assert not unknown, f"aws {service} {operation} has no {unknown}"
        return None
    if operation == "wait":
        operation = waited_for(service, words[0])
    model = service_model(service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in operations, f"aws {service} has no {operation}"
    shape = model.operation_model(operations[operation]).input_shape
    members = {xform_name(name, "-"): name for name in (shape.members if shape else ())}
    unknown = set(options) - set(members)
    assert not unknown, f"aws {service} {operation} has no {unknown}"
    arguments = {
        members[option]: _value(values, shape.members[members[option]])
        for option, values in options.items()
    }
    report = ParamValidator().validate(arguments, shape) if shape else None
    assert not (report and report.has_errors()), f"{operation}: {report.generate_report()}"
    return Call(service, operation, arguments)


@cache
def service_model(service):
    return SESSION.get_service_model(service.removesuffix("api"))


def waited_for(service, waiter):
    """The operation that a waiter, such as `certificate-validated`, asks again and again."""
    waiters = SESSION.get_waiter_model(service)
    names = {xform_name(name, "-"): name for name in waiters.waiter_names}
    assert waiter in names, f"aws {service} wait has no {waiter}"
    return xform_name(waiters.get_waiter(names[waiter]).operation, "-")


def _options(words):
    """{"bucket": ["name"], …}; an option may have several values, or none."""
    options = {}
    for word in words:
        if word.startswith("--"):
            values = options.setdefault(word.removeprefix("--"), [])
        elif options:
            values.append(word)
    return {name: values for name, values in options.items() if name not in GLOBAL_OPTIONS}


def _value(values, shape):
    match shape.type_name:
        case "boolean":
            return values != ["false"]
        case "integer":
            return int(values[0])
        case "list":
            return [_value([value], shape.member) for value in values]
        case "structure" if values[0].startswith("{"):
            return json.loads(values[0])
        case "structure":
            pairs = dict(pair.split("=", 1) for pair in values[0].split(","))
            for name, member in shape.members.items():
                if name in pairs and member.type_name == "boolean":
                    pairs[name] = _value([pairs[name]], member)
            return pairs
        case _:
            return values[0]
