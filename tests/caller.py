"""Call a function inside a rendered project: Site.call of tests/site.py runs this.

    python caller.py FILE FUNCTION ARGUMENTS RESULT

ARGUMENTS are a JSON list; what the function returns is written to the file RESULT, in JSON.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

import django


def main():
    file, function, arguments, result = sys.argv[1:]
    # In place of this file's folder, which has modules of the tests.
    sys.path[0] = os.getcwd()
    # Last, so that no name there hides one of the project.
    sys.path += [str(Path(file).parent), str(Path(__file__).with_name("inside"))]
    django.setup()
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    returned = getattr(module, function)(*json.loads(arguments))
    Path(result).write_text(json.dumps(returned))


if __name__ == "__main__":
    main()
