"""The examples in the help of each command."""

from __future__ import annotations

import re

# After the command's name in brackets, each line consists of a command and an explanation. The tests check that all
# commands and options used here exist.
_TEXT = """\
[list]
katas list                      all katas and their prerequisites
[grade]
katas grade exercise01                           your own files
katas grade exercise01 --submission ada          another person's files
katas grade exercise01 --submission ada.zip      or ../clone@main
katas grade --against solutions                  all solutions
katas grade exercise05 --format html --output report.html
katas grade exercise01 --require-confinement full --format junit
[check]
katas check exercise04                           stub, solution and variants
katas check exercise04 --mutation --flakes 100   every available check
[serve]
katas serve                     open the katas in a browser
katas serve --no-browser        print the address only
katas serve --port 9000         use this port
katas serve --instructor graded --by "Grace Hopper"   mark submissions
[watch]
katas                           watch the next kata (on a terminal)
katas watch exercise04          watch this one
katas watch --plain             lines of text, for a screen reader, a log
                                or a pipe
[init]
katas init my-katas             write the katas into a new folder
katas init .                    in that folder, after an update
[doctor]
katas doctor                    what works, and how to fix the rest
[next]
katas next                      the kata, its files and how to grade it
katas next --for weekend        the same along another way
[progress]
katas progress                  a list in the terminal
[hint]
katas hint exercise04           the next hint
katas hint exercise04 1         the first hint again
[derive]
katas derive exercise14           the next question
katas derive exercise14 --again   from the first question
[reset]
katas reset exercise04          your version goes to .katas/backup/
[solution]
katas solution exercise04             once you have passed
katas solution exercise04 --diff      compare your files with it
katas solution exercise04 --explain   why it works
katas solution exercise04 --anyway    before you have passed
[show]
katas show challenge5 bug2                       your own program
katas show challenge5 bug2 --against solutions --output good.svg
katas show exercise09 --readme                   for authors
[replay]
katas grade exercise01 --submission ada --format json \\
    --audience instructor --output ada.json
katas replay ada.json --submission ada      use the same inputs again
[review]
katas review ada.json --by "Grace Hopper" --award explanation=8
[demo]
katas demo                      a right, a wrong and a cheating submission
[new]
katas new softplus                  create its files and list the next steps
katas new layer_norm --function normalize
[release]
katas release exercise01 exercise04 --student handout
katas release exercise01 --gradescope exercise01.zip
[collect]
katas collect roster.csv --out hw1 \\
    --from 'https://github.com/my-org/hw1-{github}' \\
    --until 2026-05-31T23:59+02:00
katas collect roster.csv --out hw1 \\
    --from 'git@git.example.org:hw1/{id}.git'   over SSH
[handback]
katas handback hw1 graded --as issue         what it would write
katas handback hw1 graded --as issue --yes   write it
[notebook]
katas notebook exercise03                        exercise03.ipynb
katas notebook exercise03 --output week1.ipynb --force
katas notebook --all                             exercises.ipynb
katas notebook --exercises                       ten_exercises.ipynb"""
EXAMPLES = dict(re.findall(r"^\[(.+)\]\n([^[]+)$", _TEXT, re.MULTILINE))
