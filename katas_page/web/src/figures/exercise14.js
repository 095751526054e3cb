/** Exercise 14: where each word of a sentence looks. The queries and keys are made up; a model would learn them. */

export const caption = "Choose “it”: where does it look? Divide the scores by less: what happens to the weights?";

// the features: an animal, what it does, how it feels, a small word
const TOKENS = [
    { word: "The", query: [3, 0, 0, 0], key: [0, 0, 0, 2] },
    { word: "cat", query: [1, 1, 0, 1], key: [2.5, 0, 0, 0] },
    { word: "sat", query: [2, 0, 0, 0], key: [0, 2, 0, 0] },
    { word: "down", query: [0, 2, 0, 0], key: [0, 1, 0, 1] },
    { word: "because", query: [0, 2, 1, 0], key: [0, 0, 1, 2] },
    { word: "it", query: [3, 0, 1, 0], key: [1, 0, 0, 1] },
    { word: "was", query: [2, 0, 2, 0], key: [0, 1, 1, 1] },
    { word: "tired", query: [2, 0, 0, 1], key: [0, 0, 3, 0] },
];
const WORDS = TOKENS.map(({ word }) => word);
const MIDDLES = [2, 6.5, 11, 16, 23, 29, 33.5, 39]; // of the words, in widths of a letter

export const controls = {
    token: { label: "Word that looks", options: WORDS, value: 5 },
    divisor: { label: "Divide by (√4 = 2)", value: 2, min: 0.2, max: 8, step: 0.2 },
    causal: { label: "Causal mask", checked: true },
};

export const own = {
    name: "attention",
    module: "attention",
    call({ divisor, causal }) {
        const [q, k] = ["query", "key"].map((name) => JSON.stringify(TOKENS.map((each) => each[name])));
        const scaled = `np.array(${q}, float) * ${2 / divisor}`; // the function itself divides by 2
        return `attention(${scaled}, np.array(${k}, float), np.eye(8, 4), ${causal ? "True" : "False"})[1]`;
    },
};

/** Return the weights, one row for each query. */
export function numbers({ divisor, causal }) {
    return TOKENS.map(({ query }, at) => {
        const scores = TOKENS.map(({ key }) => query.reduce((sum, each, feature) => sum + each * key[feature], 0));
        const powers = scores.map((each, other) => (causal && other > at ? 0 : Math.exp(each / divisor)));
        const sum = powers.reduce((total, each) => total + each);
        return powers.map((each) => each / sum);
    });
}

export function draw({ token, causal }, weights, plot) {
    const title = `Where “${WORDS[token]}” looks`;
    const sentence = plot({ title, x: [0, 42], y: [-1.15, 1.3], bare: "xy" });
    const map = plot({ title: "All weights, one row for each word", x: [-3, 8], y: [0, 8], bare: "xy" });
    const from = MIDDLES[token];
    WORDS.forEach((word, at) => {
        const [to, weight, kind] = [MIDDLES[at], weights[token][at], at === token ? "strong" : ""];
        const choice = { "data-set": JSON.stringify({ token: at }) };
        const height = 0.6 + 0.54 * Math.abs(at - token);
        const arc = Array.from({ length: 21 }, (_, step) => [step / 20, 0.2 + height * (step / 20) * (1 - step / 20)]);
        if (at !== token && weight > 0.005) {
            sentence.line(arc.map(([t, y]) => [from + (to - from) * t, y]), "one", 10 * Math.min(weight, 1) + 0.5);
        }
        sentence.box([to - 1.2, -0.15], [to + 1.2, -0.15 - 0.8 * weight], "one");
        sentence.text(to, -1.1, causal && at > token ? "–" : `${Math.round(100 * weight)}%`, "middle small soft");
        sentence.text(to, 0, word, `middle ${kind}`, choice);
        weights[at].forEach((each, other) => {
            const shade = { "fill-opacity": Math.max(0, Math.min(1, each)), ...choice };
            map.box([other, 7 - at], [other + 1, 8 - at], "one cell", shade);
        });
        map.text(-0.2, 7.35 - at, word, `end ${kind}`, choice);
    });
    map.box([0, 7 - token], [8, 8 - token], "hollow two");
    const best = weights[token].indexOf(Math.max(...weights[token]));
    return best < 0 ? "" : `“${WORDS[token]}” looks most at “${WORDS[best]}”. Each row of weights sums to 1.`;
}
