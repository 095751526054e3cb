"""Write bundles that grade submissions on Gradescope or in Docker.

Both contain the same source files, and refuse to grade without confinement. The bundle for Gradescope also contains the
script that the platform starts. If the harness fails, this script leaves no result, so that no student gets 0 points
because of the failure.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from graders.bundles import contents
from graders.catalogue import Kata
from graders.output.delivery import check, deliver_bytes

TORCH_INDEX = "https://download.pytorch.org/whl/cpu"  # the index of PyTorch builds without CUDA
STAMP = (1980, 1, 1, 0, 0, 0)  # a fixed time, so that the same files give the same bytes

SETUP = """\
#!/usr/bin/env bash
# Gradescope runs this once, when it builds the image (Ubuntu 22.04 or 24.04).
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
python=$(command -v python3.14 || command -v python3.13 || command -v python3.12 || command -v python3.11 || true)
if [ -z "$python" ]; then
    apt-get install -y -qq python3.11
    python=python3.11
fi
apt-get install -y -qq bubblewrap "$(basename "$python")-venv"
"$python" -m venv /autograder/venv
cd /autograder/source
PIP_EXTRA_INDEX_URL={index} /autograder/venv/bin/pip install --quiet -c constraints.txt -e ".[{extras}]"
chmod -R go-rwx /autograder/source/graders/hidden /autograder/source/solutions
"""

RUN_AUTOGRADER = """\
#!/usr/bin/env bash
# Gradescope runs this for every submission. The result is results/results.json.
set -euo pipefail
cd /autograder/source
results=/autograder/results/results.json
rm -f "$results"
status=0
/autograder/venv/bin/python -m graders.cli grade {slugs} --submission /autograder/submission \\
    --format gradescope --audience learner --require-confinement partial --output "$results" || status=$?
if [ "$status" -gt 1 ]; then # the tool could not grade: leave no result, because the submission must not get 0 points
    rm -f "$results"
    exit 1
fi
"""

DOCKERFILE = """\
# docker build -t katas .
# docker run --rm --network none -v "$PWD/submission:/submission:ro" katas > verdict.json
# For full confinement, let bubblewrap create its namespaces:
#   --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined
FROM python:3.12.8-slim-bookworm
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update -qq \\
    && apt-get install -y -qq --no-install-recommends bubblewrap \\
    && rm -rf /var/lib/apt/lists/*
COPY source /katas
WORKDIR /katas
RUN PIP_EXTRA_INDEX_URL={index} pip install --no-cache-dir --quiet -c constraints.txt -e ".[{extras}]" \\
    && chmod -R a+rX /katas \\
    && useradd --create-home --uid 10001 grader
USER 10001
ENTRYPOINT ["python", "-m", "graders.cli"]
CMD ["grade", {quoted}, "--submission", "/submission", "--format", "json", "--require-confinement", "partial"]
"""


def _extras(katas: Sequence[Kata]) -> str:
    """Return the optional dependencies that grading needs; constraints.txt pins their versions."""
    return "torch,data,triton" if any("triton" in kata.packages for kata in katas) else "torch,data"


def gradescope(root: Path, katas: Sequence[Kata], file: Path) -> list[str]:
    """Write the .zip that an instructor uploads to Gradescope, and return the names of the files in it."""
    slugs = " ".join(kata.slug for kata in katas)
    texts = {
        "setup.sh": SETUP.format(index=TORCH_INDEX, extras=_extras(katas)),
        "run_autograder": RUN_AUTOGRADER.format(slugs=slugs),
    }
    return _zipped(contents.grader_files(root, katas), texts, file)


def docker(root: Path, katas: Sequence[Kata], folder: Path) -> list[str]:
    """Write the folder for `docker build`, and return the names of the files in it."""
    contents.check_place(folder)
    quoted = ", ".join(f'"{kata.slug}"' for kata in katas)
    texts = {
        "Dockerfile": DOCKERFILE.format(quoted=quoted, index=TORCH_INDEX, extras=_extras(katas)),
        ".dockerignore": "**/__pycache__\n",
    }
    files = _in_source(contents.grader_files(root, katas))
    contents.lay_out(files, texts, folder)
    return sorted([*files, *texts])


def _in_source(files: Mapping[str, Path]) -> dict[str, Path]:
    return {f"source/{name}": path for name, path in files.items()}


def _zipped(files: Mapping[str, Path], texts: Mapping[str, str], file: Path) -> list[str]:
    """Write a .zip that is reproducible byte for byte, and return the names of the files in it."""
    check(file)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted([*files, *texts]):
            text = texts.get(name)
            member = zipfile.ZipInfo(name, STAMP)
            member.create_system, member.compress_type = 3, zipfile.ZIP_DEFLATED
            member.external_attr = (0o100755 if text and text.startswith("#!") else 0o100644) << 16
            archive.writestr(member, files[name].read_bytes() if text is None else text.encode())
    deliver_bytes(data.getvalue(), file)
    return sorted([*files, *texts])
