"""The marking queue in a browser: `katas serve --instructor COURSE`.

desk   one reviewer's queue, as the page uses it
piece  what the page shows of a piece, without anything that a browser acts on
app    the addresses that the server answers, and the server's start and end
"""
