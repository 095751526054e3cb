"""Draw a sentence after more and more merges, and how many bytes a token holds in three texts."""

from byte_pairs import decode, encode, train

SENTENCE = "The river took the bridge again."
NUMBERS = (0, 20, 80, 200)
COLOURS = ("#bcd7f0", "#fbdcb8", "#cfe5c5", "#e4c5d6")
MOST = 200
TRAINING = """
Every spring the river took the bridge, and every summer the village built it again. The old people said that it had
always been so, and the young people carried the planks. When the school teacher came from the city, she asked why the
bridge was built in the same place each year. The carpenter laughed. The road was there, he said, and where the road is,
there the bridge must be. She did not answer. But in the next spring, when the water rose, she went to the river every
morning with her class, and the children threw pieces of wood into the water and wrote down where they came back to the
shore. They did this for three weeks. They had a book with a blue cover, and in the book they drew the river, with all
the wood as small dots, and the dots made a picture that the children understood before the teacher did. Above the road
the river was narrow and fast, and nothing that they threw came back. Below the road, behind the hill, the river was
wide and slow, and the wood turned in circles and came to the shore again. The children took the book to the
carpenter. He looked at it for a long time. Then he said that behind the hill there was no road. That is true, said
the smallest girl, but a road does not have to be built every year. So in the summer the village built a road behind
the hill and a bridge at the end of it, and the carpenter made it from the same planks. In the next spring the river
rose as it always did. It took the old place where the bridge had been, and it took a fence and two boats, but it did
not take the bridge behind the hill. The bridge is still there, and the book with the blue cover is still in the
school, and when the children ask what it is good for to draw dots in a book, the teacher takes them to the bridge.
"""
NEW = """
On the last day of the winter, the baker found a letter under his door. There was no name on it, and it contained only a
single line: the bread was better when your father made it. He read it three times, and then he went back to the oven,
because the first people were already waiting in the street. But in the evening he looked for the old book with the
recipes, and he saw that his father had let the bread rest for a whole night.
"""
GERMAN = """
Am letzten Tag des Winters fand der Bäcker einen Brief unter seiner Tür. Es stand kein Name darauf, und er enthielt nur
eine einzige Zeile: Das Brot war besser, als es dein Vater gebacken hat. Er las sie dreimal, und dann ging er zurück zum
Ofen, weil die ersten Leute schon auf der Straße warteten. Aber am Abend suchte er das alte Buch mit den Rezepten, und
er sah, dass sein Vater das Brot eine ganze Nacht lang ruhen ließ.
"""


def draw(figure):
    """Draw the tokens on the left and the bytes per token on the right."""
    figure.set_size_inches(9.6, 3.4)
    left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
    merges = train(TRAINING, MOST)
    draw_tokens(left, merges)
    draw_lengths(right, merges)


def draw_tokens(ax, merges):
    """Draw the sentence once for each number of merges, with one colour for each token."""
    for row, number in enumerate(NUMBERS):
        ids = encode(SENTENCE, merges[:number])
        ax.text(0, row - 0.52, f"{number} merges: {len(ids)} tokens", fontsize=9, va="center")
        start = 0
        for place, token in enumerate(decode([each], merges) for each in ids):
            ax.barh(row, len(token), 0.55, start, color=COLOURS[place % len(COLOURS)], edgecolor="white", linewidth=1.5)
            for letter in token:
                ax.text(start + 0.5, row, letter, ha="center", va="center", family="monospace", fontsize=9)
                start += 1
    ax.set(title="A sentence of 32 bytes", xlim=(0, len(SENTENCE)), ylim=(len(NUMBERS) - 0.6, -0.85))
    ax.axis("off")


def draw_lengths(ax, merges):
    """Draw the bytes per token of each text against the number of merges."""
    numbers = range(0, MOST + 1, 20)
    for text, name, style in (
        (TRAINING, "the text that was used for training", "--"),
        (NEW, "another English text", "-"),
        (GERMAN, "its German translation", ":"),
    ):
        size = len(text.encode())
        lengths = [size / len(encode(text, merges[:number])) for number in numbers]
        ax.plot(numbers, lengths, style, color="tab:purple", label=name)
    ax.set(title="Bytes per token", xlabel="merges", ylabel="bytes per token", ylim=(0.9, 4.5))
    ax.legend(fontsize=8, loc="upper left")
