"""Write .github/grading.txt: the packages that the grade job needs, each with the hash of its wheel.

Run it with Python 3.11 on x86_64, in the root of the repository, after a change of constraints.txt or pyproject.toml.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

INDEX = "https://download.pytorch.org/whl/cpu"  # torch without CUDA
HEAD = f"""\
# What the grade job needs, for CPython 3.11 on x86_64. The job uses a secret, so each file must have this hash.
# .github/lock.py writes this file.
--extra-index-url {INDEX}
"""

OPTIONS = ["--dry-run", "--ignore-installed", "--only-binary=:all:", "--quiet", "--report=-", "--constraint"]

report = subprocess.run(
    [
        sys.executable,
        "-m",
        "pip",
        "install",
        *OPTIONS,
        "constraints.txt",
        f"--extra-index-url={INDEX}",
        ".[torch,triton,data]",
    ],
    check=True,
    stdout=subprocess.PIPE,
)
found = {}
for each in json.loads(report.stdout)["install"]:
    if "archive_info" in each["download_info"]:  # this repository itself is a folder
        name = re.sub(r"[-_.]+", "-", each["metadata"]["name"]).lower()
        digest = each["download_info"]["archive_info"]["hashes"]["sha256"]
        found[name] = f"{name}=={each['metadata']['version']} \\\n    --hash=sha256:{digest}\n"
Path(".github/grading.txt").write_text(HEAD + "".join(found[name] for name in sorted(found)), encoding="utf-8")
