"""The examples in the help of each command."""

from __future__ import annotations

import re

# After the command's name in brackets, each line consists of a command and an explanation. The tests check that all
# commands and options used here exist.
_TEXT = """\
[list]
katas list                      all katas and their prerequisites
katas list --format json        the same, for other programs
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
[figures]
katas figures exercise09        draw figure.svg next to the README
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
[doctor]
katas doctor                    what works, and how to fix the rest
katas doctor --strict           for CI: fail on limitations too
katas doctor --format json      for other programs
[next]
katas next                      the kata, its files and how to grade it
[progress]
katas progress                      a list in the terminal
katas progress --html my.html       a page to read or to share
[hint]
katas hint exercise04           the next hint
katas hint exercise04 1         the first hint again
[reset]
katas reset exercise04          your version goes to .katas/backup/
[solution]
katas solution exercise04            once you have passed
katas solution exercise04 --anyway   before you have passed
[diff]
katas diff exercise04           once you have passed
katas diff exercise04 --anyway | less
[explain]
katas explain exercise04             once you have passed
katas explain exercise04 --anyway    before you have passed
[again]
katas again                     the exercise that you have not solved for
                                longest
katas again exercise04          this one, whenever you passed it
katas again --days 30           only what you have not solved for a month
[show]
katas show challenge5 bug2                       your own program
katas show challenge5 bug2 --against solutions --output good.svg
katas show exercise05 --variant bias_gradient_zero     for instructors
[replay]
katas grade exercise01 --submission ada --format json \\
    --audience instructor --output ada.json
katas replay ada.json --submission ada      use the same inputs again
[review]
katas review ada.json --submission ada --by "Grace Hopper"   show rubrics
katas review ada.json --by "Grace Hopper" --award explanation=8
[demo]
katas demo                      a right, a wrong and a cheating submission
[new]
katas new softplus                  create its files and list the next steps
katas new layer_norm --function normalize
[release]
katas release exercise01 exercise04 --student handout
katas release exercise01 --gradescope exercise01.zip
[notebook]
katas notebook exercise03                        exercise03.ipynb
katas notebook exercise03 --output week1.ipynb --force
katas notebook --all                             exercises.ipynb"""
EXAMPLES = dict(re.findall(r"^\[(.+)\]\n([^[]+)$", _TEXT, re.MULTILINE))
