"""Write bundles of files for students and for grading on external platforms.

    student     the chosen katas and the harness, without solutions, hidden tests or variants
    gradescope  a .zip for Gradescope
    docker      a folder for `docker build`

The last two contain the hidden suites, so they are for graders only.
"""
