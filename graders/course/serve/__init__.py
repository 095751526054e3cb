"""The marking queue in a browser: `katas serve --instructor COURSE`.

desk      one reviewer's queue, as the page uses it
piece     what the page shows of a piece, without anything that a browser acts on
pictures  checks submitted pictures, and removes everything but the pixels
app       the addresses that the server answers
start     opens the queue, and starts and ends the server
"""
