"""What is handed out: a bundle for students, and bundles that grade in other people's systems.

    student      the chosen katas and what runs their visible tests; no solution, hidden test or wrong variant in it
    gradescope   a .zip for Gradescope
    docker       a folder that `docker build` makes an image of
    classroom50  a .zip for Classroom 50

The last three hold the hidden suites, and belong to whoever grades.
"""
