/** The language model of the page: it has learned in Python, and computes here. Shapes are those of milestone 3. */

const at = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));
const model = JSON.parse(at("model").textContent ?? "");
const [SHOWN, LEAST] = [5, 0.005]; // tokens that may come next, and the smallest of their probabilities
const EPS = 1e-5; // of a layer norm
const PAUSE_MS = 60; // between two tokens
// The colour of what a head looks at, as red, green and blue.
const SEEN = getComputedStyle(document.documentElement).getPropertyValue("--seen").trim().split(" ").map(Number);
const TURN = 137; // degrees of the colour wheel from one token to the next
const SLIDERS = ["temperature", "top_k", "top_p"];

/** Return the same nested object, with the numbers of each array: float32, in base64. */
function unpacked(part) {
    if (typeof part === "string") {
        return new Float32Array(Uint8Array.from(atob(part), (each) => each.charCodeAt(0)).buffer);
    }
    const each = Object.entries(part).map(([name, inner]) => [name, unpacked(inner)]);
    return Array.isArray(part) ? each.map(([, inner]) => inner) : Object.fromEntries(each);
}

const params = unpacked(model.params);
const features = params.gamma.length;
const width = features / model.heads;

function rowOf(matrix, i) {
    return Float64Array.from(matrix.subarray(i * features, (i + 1) * features));
}

function dot(a, b, from = 0, to = a.length, shift = 0) {
    let sum = 0;
    for (let i = from; i < to; i++) {
        sum += a[i] * b[i + shift];
    }
    return sum;
}

function linear(x, weight, bias) {
    return Float64Array.from(bias, (b, row) => b + dot(x, weight, 0, x.length, row * x.length));
}

function plus(a, b) {
    return a.map((each, i) => each + b[i]);
}

function layerNorm(x, gamma, beta) {
    const mean = x.reduce((sum, each) => sum + each, 0) / x.length;
    const variance = x.reduce((sum, each) => sum + (each - mean) ** 2, 0) / x.length;
    return x.map((each, i) => ((each - mean) / Math.sqrt(variance + EPS)) * gamma[i] + beta[i]);
}

function gelu(x) {
    return (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

function softmax(z) {
    const largest = Math.max(...z);
    const e = z.map((each) => Math.exp(each - largest));
    const sum = e.reduce((total, each) => total + each, 0);
    return e.map((each) => each / sum);
}

/** Attend from the newest token to all so far. Return the result, and for each head the weights. */
function attend(q, keys, values) {
    const y = new Float64Array(features);
    const looks = [];
    for (let head = 0; head < model.heads; head++) {
        const [from, to] = [head * width, (head + 1) * width];
        const weights = softmax(keys.map((k) => dot(q, k, from, to) / Math.sqrt(width)));
        for (let i = from; i < to; i++) {
            y[i] = weights.reduce((sum, weight, t) => sum + weight * values[t][i], 0);
        }
        looks.push(weights);
    }
    return { y, looks };
}

/**
 * Return an empty text. After each token, it has the logits of the next one, and what each block's heads look at.
 * @returns {{ids: number[], caches: {keys: any[], values: any[]}[], looks: number[][][][], logits: number[][]}}
 */
function begin() {
    return { ids: [], caches: params.blocks.map(() => ({ keys: [], values: [] })), looks: [], logits: [] };
}

/** Read one more token. */
function read(text, id) {
    let x = plus(rowOf(params.tokens, id), rowOf(params.positions, text.ids.length));
    const looks = params.blocks.map((p, i) => {
        const qkv = linear(layerNorm(x, p.ln1_gamma, p.ln1_beta), p.qkv_weight, p.qkv_bias);
        const cache = text.caches[i];
        cache.keys.push(qkv.slice(features, 2 * features));
        cache.values.push(qkv.slice(2 * features));
        const attention = attend(qkv.slice(0, features), cache.keys, cache.values);
        x = plus(x, linear(attention.y, p.proj_weight, p.proj_bias));
        const m = linear(layerNorm(x, p.ln2_gamma, p.ln2_beta), p.mlp_in_weight, p.mlp_in_bias);
        x = plus(x, linear(m.map(gelu), p.mlp_out_weight, p.mlp_out_bias));
        return attention.looks;
    });
    const y = layerNorm(x, params.gamma, params.beta);
    text.logits.push(model.tokens.map((_, i) => dot(y, params.tokens, 0, features, i * features)));
    text.looks.push(looks);
    text.ids.push(id);
}

/** Return the ids of a text, or null if the model knows one of its letters not. */
function encode(text) {
    const pieces = text.match(/ ?\p{L}+| ?\S|\s/gu) ?? [];
    const spelled = (piece) => (Object.hasOwn(model.spelling, piece) ? model.spelling[piece] : undefined);
    const ids = pieces.flatMap((piece) => spelled(piece) ?? [...piece].map((each) => spelled(each)?.[0]));
    return ids.includes(undefined) ? null : ids;
}

/** Return the probabilities of the next token, as `next_probabilities` of exercise 18 does. */
function probabilities(logits, temperature, k = Infinity, p = 1) {
    if (temperature === 0) {
        const best = logits.indexOf(Math.max(...logits));
        return logits.map((_, i) => Number(i === best));
    }
    const all = softmax(logits.map((each) => each / temperature));
    const largestFirst = [...all.keys()].sort((a, b) => all[b] - all[a]).slice(0, k);
    const whole = largestFirst.reduce((sum, i) => sum + all[i], 0);
    const cut = logits.map(() => 0);
    let reached = 0;
    for (const i of largestFirst) {
        if (reached < p) {
            cut[i] = all[i] / whole;
            reached += cut[i];
        }
    }
    return cut.map((each) => each / reached);
}

function drawn(p) {
    let left = Math.random();
    return p.findIndex((each) => (left -= each) < 0);
}

// ---------------------------------------------------------------------------------------------------- the page

let turn = 0; // of writing: a new one ends the one before
let story = begin();
let given = 0; // tokens of the beginning
let pointed = 0; // the place of the token under the pointer; 0 is the end

const maps = params.blocks.flatMap((_, block) => Array.from({ length: model.heads }, (_, head) => mapOf(block, head)));

function expected(logits) {
    const [temperature, k, p] = SLIDERS.map((id) => Number(at(id).value));
    return probabilities(logits, temperature, k === Number(at("top_k").max) ? Infinity : k, p);
}

/** Show the tokens that are new. The others stay, with the pointer that is over one of them. */
function show() {
    for (let i = at("story").childElementCount; i < story.ids.length; i++) {
        at("story").append(spanOf(i));
    }
    look(pointed);
}

function spanOf(i) {
    const span = document.createElement("span");
    span.textContent = model.tokens[story.ids[i]];
    span.style.borderBottomColor = `hsl(${(story.ids[i] * TURN) % 360} 65% 50%)`;
    if (i >= given) {
        span.className = "written";
        span.tabIndex = 0;
        span.onpointerenter = span.onfocus = () => look((pointed = i));
        span.onpointerleave = span.onblur = () => look((pointed = 0));
    }
    return span;
}

/** Return the map of a head: a picture with a row for each token, and what it says in words. */
function mapOf(block, head) {
    const [figure, canvas, said] = ["figure", "canvas", "figcaption"].map((each) => document.createElement(each));
    const map = /** @type {HTMLCanvasElement} */ (canvas);
    map.setAttribute("role", "img");
    figure.append(map, said);
    return { figure, map, said, block, head };
}

/** Draw how much each token looks at each earlier one. The row of the token that is pointed at is strong. */
function draw({ map, said, block, head }, place) {
    const n = story.ids.length;
    map.width = map.height = Math.max(n, 1);
    const image = new ImageData(map.width, map.height);
    const isChosen = (row) => !place || row === place - 1;
    story.looks.forEach((looks, row) => looks[block][head].forEach((weight, column) => {
        image.data.set([...SEEN, 255 * Math.sqrt(weight) * (isChosen(row) ? 1 : 0.4)], 4 * (row * n + column));
    }));
    map.getContext("2d")?.putImageData(image, 0, 0);
    const weights = story.looks.at(place - 1)?.[block][head] ?? [];
    const most = weights.indexOf(Math.max(...weights));
    const name = model.tokens[story.ids[most]].trim() || "(space)";
    said.textContent = `block ${block + 1}, head ${head + 1}: ${name}, ${Math.round(100 * weights[most])} %`;
    map.setAttribute("aria-label", `What it looks at most, ${said.textContent}`);
}

function bar(token, share) {
    const [item, name, line, said] = ["li", "code", "i", "b"].map((each) => document.createElement(each));
    name.textContent = token === "\n" ? "(the end)" : token.trim() || "(space)";
    line.style.width = `${100 * share}%`;
    said.textContent = `${Math.round(100 * share)} %`;
    item.append(name, line, said);
    return item;
}

/** Show what the model expected at this place, and what its heads looked at; 0 is the end. */
function look(place) {
    const looks = place ? (story.looks[place - 1].at(-1) ?? []) : [];
    const most = [...story.ids.keys()].map((t) => Math.max(0, ...looks.map((weights) => weights[t] ?? 0)));
    const largest = Math.max(...most, Number.EPSILON);
    [...at("story").children].forEach((span, t) => {
        const share = (0.8 * most[t]) / largest;
        /** @type {HTMLElement} */ (span).style.background = `rgb(var(--seen) / ${share.toFixed(2)})`;
    });
    const p = expected(story.logits.at(place - 1));
    const likely = [...p.keys()].filter((id) => p[id] >= LEAST).sort((a, b) => p[b] - p[a]);
    at("next").replaceChildren(...likely.slice(0, SHOWN).map((id) => bar(model.tokens[id], p[id])));
    at("heading").textContent = place ? "What it expected here" : "What it expects next";
    maps.forEach((each) => draw(each, place));
}

/** Read the beginning; return whether the model can go on with it. */
function prepare() {
    const ids = encode(at("prompt").value.replace(/\s+/g, " ").trim());
    const isGood = ids !== null && ids.length > 0 && ids.length < model.context;
    turn += 1;
    story = begin();
    given = isGood ? ids.length : 0;
    pointed = 0;
    at("story").replaceChildren();
    if (isGood) {
        ids.forEach((id) => read(story, id));
        show();
        return true;
    }
    const why = ids === null ? "The model has never seen one of these letters." : "Type a shorter beginning, of a few words.";
    at("story").textContent = ids?.length === 0 ? "Type how the story begins." : why;
    at("next").replaceChildren();
    return false;
}

async function write() {
    if (!prepare()) {
        return;
    }
    const mine = turn;
    while (story.ids.length < model.context) {
        const id = drawn(expected(story.logits.at(-1)));
        if (id < 0 || model.tokens[id] === "\n") {
            break;
        }
        read(story, id);
        show();
        await new Promise((done) => setTimeout(done, PAUSE_MS));
        if (mine !== turn) {
            return;
        }
    }
}

function another() {
    at("prompt").value = model.beginnings[Math.floor(Math.random() * model.beginnings.length)];
    write();
}

function chosen() {
    for (const id of SLIDERS) {
        const { value, max, labels } = at(id);
        const output = labels?.[0].querySelector("output");
        if (output) {
            output.textContent = id !== "temperature" && value === max ? "all" : value;
        }
    }
    if (story.ids.length) {
        show();
    }
}

/** Say which functions the author has written for each kata. */
function showAuthors() {
    const items = model.authors.map(({ title, functions, best, points }) => {
        const item = document.createElement("li");
        item.textContent = `${title}: ${functions.join(", ")} (${best} of ${points} points)`;
        return item;
    });
    at("authors").hidden = !items.length;
    at("authors").querySelector("ul")?.replaceChildren(...items);
}

at("maps").append(...maps.map(({ figure }) => figure));
at("about").textContent = model.about;
showAuthors();
at("write").onclick = write;
at("another").onclick = another;
at("prompt").oninput = prepare;
SLIDERS.forEach((id) => (at(id).oninput = chosen));
chosen();
another();
