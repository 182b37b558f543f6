"""Write into the hooks the regions that botocore knows and the patterns that the project has.

Hooks run where botocore and the project's modules are missing, so they carry copies. When a test
says that one is old: pip install --upgrade botocore, then python scripts/refresh_regions.py
"""

import json
import re
from pathlib import Path

import botocore
import botocore.session

TEMPLATE = Path(__file__).resolve().parent.parent
HOOKS = [TEMPLATE / "hooks" / f"{name}_gen_project.py" for name in ("pre", "post")]
NAMES = TEMPLATE / "<<cookiecutter.project_slug>>" / "s3files" / "_s3" / "names.py"
COPIED_NAMES = re.compile(r"^# Names: .*?^# End of the names\.\n", re.MULTILINE | re.DOTALL)

# {"aws": {"eu-central-1": "Frankfurt", …}, "aws-cn": …}
Regions = dict[str, dict[str, str]]


def regions_by_partition() -> Regions:
    """Return the regions that have S3, as botocore lists them."""
    session = botocore.session.Session()
    partitions = Path(botocore.__file__).parent / "data" / "partitions.json"
    return {
        partition["id"]: {
            region: place(partition["regions"][region]["description"], partition["id"])
            for region in session.get_available_regions("s3", partition["id"])
        }
        for partition in json.loads(partitions.read_text(encoding="utf-8"))["partitions"]
    }


def place(description: str, partition: str) -> str:
    """Europe (Frankfurt) is Frankfurt, Canada (Central) is Canada.

    Outside the standard partition the whole description stays: "Ohio" alone shall not
    mean US ISOB East (Ohio).
    """
    described = re.fullmatch(r"(.*?)(?: \((.*)\))?", description)
    if partition != "aws" or described is None:
        return description
    area, city = described.groups()
    return str(area if city in (None, "Central") else city)


def replace_regions(hook: str, regions: Regions) -> str:
    """Return a hook's text with these regions in it."""
    lines = ["REGIONS = {"]
    for partition, places in regions.items():
        lines.append(f'    "{partition}": {{')
        line = "       "
        for region, name in places.items():
            entry = f' "{region}": "{name}",'
            if len(line + entry) > 98:
                lines.append(line)
                line = "       "
            line += entry
        lines += [line, "    },"]
    lines.append("}\n")
    return re.sub(r"^REGIONS = \{\n.*?^\}\n", lambda _: "\n".join(lines), hook, flags=re.M | re.S)


def replace_names(hook: str, module: str) -> str:
    """Return a hook's text with the patterns of names that a module of the project has."""
    (names,) = COPIED_NAMES.findall(module)
    return COPIED_NAMES.sub(lambda _: names, hook)


if __name__ == "__main__":
    for hook in HOOKS:
        text = replace_regions(hook.read_text(encoding="utf-8"), regions_by_partition())
        text = replace_names(text, NAMES.read_text(encoding="utf-8"))
        hook.write_text(text, encoding="utf-8")
