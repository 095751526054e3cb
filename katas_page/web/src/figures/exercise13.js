/** Exercise 13: the words of a text, their ids, and the rows of the table that their gradients reach. */

export const caption = "Type a word twice. Where do its gradients go, and what happens to a word that doesn't occur?";

const DY = [[1, 2], [3, 0], [0, 1], [10, 20], [-1, 4], [2, -2], [0, 5], [4, 1]]; // the first five are the README's
const ABSENT = "dog"; // has a row, even if the text doesn't contain it
const KINDS = ["one", "two", "three", "soft"];

export const controls = {
    text: { label: `Words (only the first ${DY.length} count)`, value: "the cat saw the cat", length: 60 },
    places: { label: "Gradients so far", value: 5, min: 0, max: DY.length, step: 1 },
};

/** Return the words, and each one's id: new words get the next number. */
function read({ text }) {
    const words = (text.toLowerCase().match(/[\p{L}\p{M}\p{N}'’]+/gu) ?? []).slice(0, DY.length);
    const known = [...new Set([...words, ABSENT])];
    return { words, known, ids: words.map((word) => known.indexOf(word)) };
}

export const own = {
    name: "embed_gradient",
    module: "words",
    call(values) {
        const { ids, known } = read(values);
        const here = ids.slice(0, values.places);
        const dy = JSON.stringify(DY.slice(0, here.length));
        return `embed_gradient(np.array(${dy}, float).reshape(-1, 2), np.array([${here}], int), ${known.length})`;
    },
};

/** Return the gradient of the table, a row for each known word. */
export function numbers(values) {
    const { ids, known } = read(values);
    const table = known.map(() => [0, 0]);
    ids.slice(0, values.places).forEach((id, place) => DY[place].forEach((each, at) => (table[id][at] += each)));
    return table;
}

const short = (word) => (word.length > 8 ? `${word.slice(0, 7)}…` : word);
const list = (all) => `[${all.map((each) => (Number.isFinite(each) ? Number(each.toPrecision(4)) : "?")).join(", ")}]`;
const shown = (all) => list(all).replaceAll("-", "−");

export function draw(values, table, plot) {
    const { words, known, ids } = read(values);
    const right = numbers(values);
    const low = -Math.max(5, known.length, words.length) - 0.8;
    const axes = { x: [0, 300], y: [low, 0], bare: "xy", height: 30 - 26 * low };
    const picture = plot({ title: "Each gradient reaches the row of its word", ...axes });
    picture.text(0, -0.5, "text, id", "soft");
    picture.text(124, -0.5, "dy", "end soft");
    picture.text(184, -0.5, "dtable", "soft");
    words.forEach((word, place) => {
        const [y, arrived] = [-place - 1.4, place < values.places];
        const [kind, width] = arrived ? [KINDS[ids[place] % KINDS.length], 2] : ["faint dashed", 1];
        picture.line([[129, y + 0.15], [176, -ids[place] - 1.25]], kind, width);
        picture.text(0, y, `${short(word)} ${ids[place]}`, arrived ? "strong" : "");
        picture.text(124, y, shown(DY[place]), arrived ? "end strong" : "end soft");
    });
    const same = (id) => right[id].every((each, at) => Math.abs(each - table[id][at]) < 1e-6);
    known.forEach((word, id) => {
        const y = -id - 1.4;
        picture.box([178, y - 0.3], [300, y + 0.6], `hollow ${KINDS[id % KINDS.length]}`);
        picture.text(184, y, shown(table[id]) + (same(id) ? "" : " ✗"), same(id) ? "strong" : "strong bad");
        picture.text(296, y, `${id} ${short(word)}`, "end");
    });
    const last = ids[Math.min(values.places, ids.length) - 1];
    if (last === undefined) {
        return "No gradient has arrived, so all rows are 0.";
    }
    const reached = DY.filter((_, place) => ids[place] === last && place < values.places);
    const sum = `${reached.map(shown).join(" + ")}${reached.length > 1 ? ` = ${shown(right[last])}` : ""}`;
    return `Row ${last}, of “${known[last]}”, ${same(last) ? "gets" : "should get"} ${sum}.`;
}
