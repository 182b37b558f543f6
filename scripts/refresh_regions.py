"""Write the regions that botocore knows into hooks/post_gen_project.py.

Hooks run where botocore may be missing, so they carry a frozen list. When a test says
that it is old: pip install --upgrade botocore, then python scripts/refresh_regions.py
"""

import json
import re
from pathlib import Path

import botocore
import botocore.session

HOOK = Path(__file__).resolve().parent.parent / "hooks" / "post_gen_project.py"


def regions_by_partition():
    """Return {"aws": {"eu-central-1": "Frankfurt", …}, "aws-cn": …}."""
    session = botocore.session.Session()
    partitions = Path(botocore.__file__).parent / "data" / "partitions.json"
    return {
        partition["id"]: {
            region: place(partition["regions"][region]["description"], partition["id"])
            for region in session.get_available_regions("s3", partition["id"])
        }
        for partition in json.loads(partitions.read_text(encoding="utf-8"))["partitions"]
    }


def place(description, partition):
    """Europe (Frankfurt) is Frankfurt, Canada (Central) is Canada.

    Outside the standard partition the whole description stays: "Ohio" alone shall not
    mean US ISOB East (Ohio).
    """
    area, city = re.fullmatch(r"(.*?)(?: \((.*)\))?", description).groups()
    if partition != "aws":
        return description
    return area if city in (None, "Central") else city


def frozen(hook, regions):
    """Return the hook's text with these regions in it."""
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


if __name__ == "__main__":
    text = frozen(HOOK.read_text(encoding="utf-8"), regions_by_partition())
    HOOK.write_text(text, encoding="utf-8")
