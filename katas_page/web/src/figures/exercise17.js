/** Exercise 17: a sentence, cut into pieces by the merges that are learned from it. */

export const caption = "Type a sentence that repeats itself, and merge step by step. When is nothing left to merge?";

const MOST = 16; // merges
const LONGEST = 48; // characters: what Python prints must stay below the limit of a run
export const controls = {
    text: { label: `Your sentence, of at most ${LONGEST} characters`, value: "banana bandana", length: LONGEST },
    merges: { label: "Merges", value: 2, min: 0, max: MOST, step: 1 },
};

const bytesOf = (text) => [...new TextEncoder().encode(text)];

/** Fill a row up with −1, so that all have the same length: a pair, and as many ids as there are bytes. */
const filled = (row, length) => Object.assign(new Array(length + 2).fill(-1), row);

export const own = {
    name: "byte_pairs.py",
    functions: "train, encode",
    module: "byte_pairs",
    call({ text }) {
        const [given, length] = [JSON.stringify(text), bytesOf(text).length + 2];
        const row = `[*[(-1, -1), *merges][k], *encode(${given}, merges[:k])] if k <= len(merges) else []`;
        const rows = `[[*(${row}), *[-1] * ${length}][:${length}] for k in range(${MOST + 1})]`;
        return `(lambda merges: np.array(${rows}, int))(train(${given}, ${MOST}))`;
    },
    compared(rows, right) {
        const differs = (row, at) => row.some((each, place) => each !== right[at][place]);
        const first = rows.findIndex(differs);
        const where = first ? `From merge ${first} on` : "At the start";
        const same = "They are what the rules make.";
        return `These are your pieces. ${first < 0 ? same : `${where}, they aren't what the rules make.`}`;
    },
};

/** Return a row for each number of merges: the last of the pairs that were merged, and the ids. */
export function numbers({ text }) {
    const bytes = bytesOf(text);
    const rows = [filled([-1, -1, ...bytes], bytes.length)];
    let [ids, pair] = [bytes, mostFrequent(bytes)];
    for (let id = 256; id < 256 + MOST; id++) {
        ids = pair ? merged(ids, pair, id) : [];
        rows.push(filled([...(pair ?? []), ...ids], bytes.length));
        pair = mostFrequent(ids);
    }
    return rows;
}

const BASE = 1000; // above all ids, so that pairs have the order of these numbers

function mostFrequent(ids) {
    const counts = new Map();
    ids.slice(1).forEach((right, at) => {
        const pair = BASE * ids[at] + right;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
    });
    const [[pair, count] = [0, 0]] = [...counts].sort(([one, few], [other, many]) => many - few || one - other);
    return count > 1 ? [Math.floor(pair / BASE), pair % BASE] : null;
}

function merged(ids, pair, id) {
    const [left, right] = pair;
    const found = [];
    for (let at = 0; at < ids.length; at++) {
        const fits = ids[at] === left && ids[at + 1] === right;
        found.push(fits ? id : ids[at]);
        at += fits ? 1 : 0;
    }
    return found;
}

/** Return what each id stands for, in letters, or in bytes if these are no letters yet. */
function pieces(rows) {
    const bytes = Array.from({ length: 256 }, (_, byte) => [byte]);
    const found = ([left, right]) => [...(bytes[left] ?? []), ...(bytes[right] ?? [])].slice(0, 4 * LONGEST);
    rows.slice(1).forEach((row) => bytes.push(found(row)));
    return (id) => {
        const all = bytes[id] ?? [];
        try {
            return new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(all)).replaceAll(" ", "␣") || "?";
        } catch {
            return all.join("·");
        }
    };
}

const KINDS = ["one", "two", "three", "bad"];
const [WIDTH, ROW, LETTER] = [308, 42, 8]; // in pixels

export function draw({ merges: wanted }, rows, plot) {
    const learned = rows.filter(([left]) => left >= 0).length;
    const at = Math.min(wanted, learned);
    const idsAt = (row) => row.slice(2).filter((each) => each >= 0);
    const [name, ids, bytes] = [pieces(rows), idsAt(rows[at]), idsAt(rows[0])];
    const lines = (all) => {
        let [x, line] = [0, 0];
        return all.map((id) => {
            const width = Math.min(WIDTH, Math.max(23, LETTER * [...name(id)].length + 8));
            [x, line] = x + width > WIDTH ? [0, line + 1] : [x, line];
            x += width;
            return { id, x: x - width, width: width - 3, y: -ROW * line };
        });
    };
    const depth = Math.max(0, ...lines(bytes).map(({ y }) => -y)) + ROW;
    const title = `After ${at} of ${learned} merges`;
    const cut = plot({ title, x: [0, WIDTH], y: [-depth, 0], bare: "xy", height: depth + 30 });
    for (const { id, x, width, y } of lines(ids)) {
        const kind = id < 256 ? "faint" : KINDS[id % KINDS.length];
        cut.box([x, y - 2], [x + width, y - 24], `tint ${kind}`);
        cut.text(x + width / 2, y - 18, name(id), `middle code ${id === 255 + at ? "strong" : ""}`);
        cut.text(x + width / 2, y - 36, String(id), "middle small soft");
    }
    const counts = rows.slice(0, learned + 1).map((row, step) => [step, idsAt(row).length]);
    const axes = { x: [-0.3, Math.max(4, learned) + 0.3], y: [0, bytes.length + 1], xTitle: "merges", height: 150 };
    const falling = plot({ title: "How many ids are left", ...axes });
    falling.line(counts, "soft");
    falling.dots(counts, "soft");
    falling.dots(counts.slice(at, at + 1), "two", 6);
    const [left, right] = rows[at];
    const pair = [left, right].map((id) => `${id} “${name(id)}”`).join(" and ");
    const made = at ? `Merge ${at} joins ${pair} into ${255 + at} “${name(255 + at)}”. ` : "";
    const over = at < wanted ? "After that, no pair is in two places. " : "";
    return `${made}${over}${bytes.length} bytes are ${ids.length} ids${at ? " now" : ": nothing is merged yet"}.`;
}
