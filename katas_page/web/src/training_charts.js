/** The drawings of a training, each on a canvas: curves, weights, sizes by layer, and digits with their predictions. */
import { el } from "../../../graders/web/src/dom.js";
import { penOf } from "./canvas.js";

const SIDE = 28; // pixels of a picture
const MOST_POINTS = 4000;
const DIVERGED = 50; // a loss above this is drawn on a logarithmic scale
const DECADES = [-7, 2]; // of the sizes by layer

/** Return the colours of the page, which depend on light and dark. */
function colours() {
    const style = getComputedStyle(document.documentElement);
    const names = ["paper", "ink", "soft", "line", "edge", "accent", "good", "bad", "wait"];
    const found = names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]);
    return /** @type {Palette} */ (Object.fromEntries(found));
}

/** Return the bytes of a base64 text, in pictures of 28 x 28. */
export function pictures(text) {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const count = Math.floor(bytes.length / SIDE ** 2);
    return Array.from({ length: count }, (_, i) => bytes.subarray(i * SIDE ** 2, (i + 1) * SIDE ** 2));
}

/**
 * @typedef {Record<"paper" | "ink" | "soft" | "line" | "edge" | "accent" | "good" | "bad" | "wait", string>} Palette
 * @typedef {object} Drawing what a kind of figure adds
 * @property {(context: CanvasRenderingContext2D, width: number, height: number, palette: Palette) => void} paint
 * @property {() => string} describe says in words what it shows
 * @property {(width: number) => number} [heightFor]
 */

/** A figure with a canvas that has the width of its place. */
export class Figure {
    constructor(title, height) {
        this.height = height;
        this.title = el("span", {}, title);
        this.note = el("span", { class: "soft" });
        this.canvas = el("canvas", { role: "img", "aria-label": title, height });
        const caption = el("figcaption", {}, this.title, " ", this.note);
        this.element = el("figure", { class: "chart", hidden: true }, caption, this.canvas);
    }

    /**
     * Draw with a context whose unit is a CSS pixel.
     * @this {Figure & Drawing}
     */
    draw() {
        const width = this.canvas.clientWidth;
        if (!width) {
            return; // the pane is hidden
        }
        const height = this.heightFor?.(width) ?? this.height;
        const ratio = devicePixelRatio || 1;
        const size = [Math.round(width * ratio), Math.round(height * ratio)];
        if (this.canvas.width !== size[0] || this.canvas.height !== size[1]) {
            [this.canvas.width, this.canvas.height] = size;
            this.canvas.style.height = `${height}px`;
        }
        const context = penOf(this.canvas);
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        context.clearRect(0, 0, width, height);
        context.font = "11px system-ui, sans-serif";
        this.paint(context, width, height, colours());
        this.canvas.setAttribute("aria-label", `${this.title.textContent}: ${this.describe()}`);
    }
}

/** A curve over the steps: one thin line for each step's value, and a smooth one. */
export class Curve extends Figure {
    constructor(title, top) {
        super(title, 130);
        this.top = top;
        /** @type {{name: string, points: [number, number | null][]} | null} */
        this.earlier = null;
        this.points = [];
        this.of = 0; // steps, if it is known
        /** @type {Record<string, number>} */
        this.levels = {}; // values to compare with, by name
        this.lost = 0; // steps without a usable value
        this.restart("");
    }

    /** Begin another training's curve. The one before stays, pale. */
    restart(name) {
        if (this.points.length) {
            this.earlier = { name: this.name || "before", points: this.points.map(([step, , mean]) => [step, mean]) };
        }
        this.name = name;
        this.points = [];
        this.smooth = null;
        this.lost = 0;
        this.firstLost = null;
        this.lostFrom = null; // set as long as no usable value follows
    }

    add(step, value) {
        const usable = value !== null && (this.top === undefined || (value >= 0 && value <= this.top));
        if (usable) {
            this.smooth = this.smooth === null ? value : 0.9 * this.smooth + 0.1 * value;
            this.lostFrom = null;
        } else {
            this.lost += 1;
            this.firstLost ??= step;
            this.lostFrom ??= step;
        }
        this.points.push(usable ? [step, value, this.smooth] : [step, null, null]);
        if (this.points.length > MOST_POINTS) {
            this.points = this.points.filter((_, i) => i % 2);
        }
        this.element.hidden = false;
    }

    paint(context, width, height, { soft, line, edge, accent, bad }) {
        const { name = "", points: earlier = [] } = this.earlier ?? {};
        const all = [...this.points, ...earlier];
        const values = all.map(([, value]) => value).filter((value) => value !== null);
        const levels = Object.entries(this.levels);
        const highest = this.top ?? Math.max(...values, ...Object.values(this.levels), 1e-9);
        const lowest = Math.min(...values.filter((value) => value > 0), highest);
        const isLog = this.top === undefined && highest > DIVERGED;
        const [left, right, above, below] = [40, 6, 8, 18];
        const last = Math.max(this.of, ...all.map(([step]) => step), 2);
        const x = (step) => left + ((width - left - right) * (step - 1)) / (last - 1);
        const share = (value) => {
            const range = Math.log(highest / lowest) || 1;
            return isLog ? Math.max(0, Math.log(value / lowest) / range) : value / highest;
        };
        const y = (value) => height - below - (height - above - below) * share(value);
        const plain = (value) => Number(value.toPrecision(2)).toString();
        const short = (value) => (value < 1e4 ? plain(value) : value.toExponential(0).replace("+", ""));
        Object.assign(context, { fillStyle: soft, strokeStyle: line, textAlign: "right" });
        const middle = isLog ? Math.sqrt(lowest) * Math.sqrt(highest) : highest / 2;
        for (const value of [isLog ? lowest : 0, middle, highest]) {
            context.fillText(short(value), left - 5, y(value) + 4);
            context.beginPath();
            context.moveTo(left, y(value));
            context.lineTo(width - right, y(value));
            context.stroke();
        }
        context.fillText(`step ${last}`, width - right, height - 4);
        context.textAlign = "left";
        context.fillText("1", left, height - 4);
        levels.forEach(([title, value], i) => {
            context.fillText(title, width - right - 50 * (i + 1), y(value) - 3); // side by side
            this.path(context, [[left, y(value)], [width - right, y(value)]], soft, 1, [4, 3]);
        });
        for (const [step, mean] of earlier.slice(-1)) {
            this.path(context, earlier.map(([step, mean]) => [x(step), mean === null ? null : y(mean)]), soft, 1.5);
            const at = Math.min(x(step) + 4, width - right - context.measureText(name).width);
            context.fillText(name, at, Math.min(y(mean ?? highest) + 14, height - below - 4));
        }
        this.path(context, this.points.map(([step, value]) => [x(step), value === null ? null : y(value)]), edge, 0.6);
        this.path(context, this.points.map(([step, , mean]) => [x(step), mean === null ? null : y(mean)]), accent, 2);
        Object.assign(context, { fillStyle: bad, textAlign: "right" });
        context.fillText(this.whereLost(), width - right - 4, above + 12);
        context.globalAlpha = 0.12;
        this.points.forEach(([step, value], i) => {
            const next = x(this.points[i + 1]?.[0] ?? step + 1);
            context.fillRect(x(step), above, value === null ? Math.max(1, next - x(step)) : 0, height - above - below);
        });
        context.globalAlpha = 1;
        this.note.textContent = this.now;
    }

    /** The last value, in words. */
    get now() {
        const now = this.points.at(-1)?.[1] ?? null;
        return now === null ? "not a finite number" : this.top ? `${Math.round(100 * now)}%` : now.toPrecision(3);
    }

    /** Return at which steps there was no usable value, in words. */
    whereLost() {
        const { lost, firstLost, lostFrom } = this;
        if (lostFrom !== null) {
            return `not finite from step ${lostFrom} on`;
        }
        return lost ? `not finite at ${lost > 1 ? `${lost} steps, first at ` : ""}step ${firstLost}` : "";
    }

    path(context, points, colour, width, dashes = []) {
        context.setLineDash(dashes);
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.beginPath();
        let drawing = false;
        for (const [x, y] of points) {
            if (y !== null) {
                context[drawing ? "lineTo" : "moveTo"](x, y);
            }
            drawing = y !== null;
        }
        context.stroke();
        context.lineWidth = 1;
        context.setLineDash([]);
    }

    describe() {
        const levels = Object.entries(this.levels).map(([title, value]) => `; ${title}: ${value.toPrecision(3)}`);
        const before = this.earlier?.points.at(-1)?.[1] ?? null;
        const compared = before === null ? "" : `; ${this.earlier?.name}: ${before.toPrecision(3)}`;
        return `${this.now} at step ${this.points.at(-1)?.[0] ?? 0}${compared}${levels.join("")}`;
    }
}

/**
 * @typedef {object} Tinted what a kind of pictures adds
 * @property {(palette: Palette) => number[][]} tints gives the colour of each byte
 * @property {(context: CanvasRenderingContext2D, i: number, x: number, y: number, cell: number,
 *     palette: Palette) => void} [below] draws under picture number i
 */

/** Small pictures in rows. */
class Pictures extends Figure {
    constructor(title, columns, room) {
        super(title, 0);
        this.columns = columns;
        this.room = room;
        this.images = [];
    }

    show(text) {
        if (text) {
            this.images = pictures(text);
            this.element.hidden = false;
        }
    }

    heightFor(width) {
        return Math.ceil(this.images.length / this.columns) * (width / this.columns + this.room);
    }

    /** @this {Pictures & Tinted} */
    paint(context, width, _, palette) {
        const cell = width / this.columns;
        const tints = this.tints(palette);
        const small = el("canvas", { width: SIDE, height: SIDE });
        const inside = penOf(small);
        context.imageSmoothingEnabled = false;
        this.images.forEach((bytes, i) => {
            const image = inside.createImageData(SIDE, SIDE);
            bytes.forEach((byte, at) => image.data.set(tints[byte], 4 * at));
            inside.putImageData(image, 0, 0);
            const [x, y] = [(i % this.columns) * cell, Math.floor(i / this.columns) * (cell + this.room)];
            context.drawImage(small, x + 1, y + 1, cell - 2, cell - 2);
            this.below?.(context, i, x, y, cell, palette);
        });
    }
}

/** Return the red, green and blue of a colour such as #1b1f24. */
const channels = (colour) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

/** Return the colours from one to another, as many as bytes reach from 0. */
function shades(from, to, count) {
    const [first, last] = [channels(from), channels(to)];
    const mixed = (share) => [...first.map((value, i) => value + (last[i] - value) * share), 255];
    return Array.from({ length: count }, (_, i) => mixed(i / (count - 1)));
}

export class Weights extends Pictures {
    constructor() {
        super("What hidden units look for", 6, 0);
    }

    tints({ paper, accent, bad }) {
        return [...shades(paper, accent, 128).reverse(), ...shades(paper, bad, 128)];
    }

    describe() {
        return `the weights of ${this.images.length} units of the first layer, as pictures of 28 by 28 pixels`;
    }
}

export class Digits extends Pictures {
    constructor() {
        super("Digits it has never seen", 10, 16);
        this.labels = [];
        this.read = [];
    }

    tints({ paper, ink }) {
        return shades(paper, ink, 256);
    }

    isRight(i) {
        return this.read[i] === this.labels[i];
    }

    get right() {
        return this.read.filter((_, i) => this.isRight(i)).length;
    }

    below(context, i, x, y, cell, { good, bad }) {
        context.fillStyle = context.strokeStyle = this.isRight(i) ? good : bad;
        context.font = `${this.isRight(i) ? "" : "bold "}12px system-ui, sans-serif`;
        context.textAlign = "center";
        if (i < this.read.length) {
            context.fillText(String(this.read[i]), x + cell / 2, y + cell + 11);
            if (!this.isRight(i)) {
                context.strokeRect(x + 1.5, y + 1.5, cell - 3, cell - 3);
            }
        }
        this.note.textContent = this.read.length ? `${this.right} of ${this.read.length} right` : "";
    }

    describe() {
        const wrong = this.read.flatMap((read, i) => (this.isRight(i) ? [] : [`${this.labels[i]} as ${read}`]));
        return `${this.right} of ${this.read.length} right${wrong.length ? `; it reads ${wrong.join(", ")}` : ""}`;
    }
}

/** The sizes of activations (dots) and gradients (diamonds), with a row for each layer, on a logarithmic scale. */
export class Sizes extends Figure {
    constructor() {
        super("Sizes by layer", 0);
        this.restart();
    }

    /** Another training begins, whose program may report only gradients. */
    restart() {
        this.rows = [];
        this.hasActivations = false;
        this.element.hidden = true;
    }

    show(rows) {
        if (rows.length) {
            this.rows = rows;
            this.hasActivations ||= rows.some(([, activation]) => activation !== null);
            this.element.hidden = false;
        }
    }

    heightFor() {
        return 38 + 20 * this.rows.length;
    }

    paint(context, width, height, { ink, soft, line, accent, bad, wait }) {
        const [first, last] = DECADES;
        const left = 68;
        const x = (power) => left + ((width - left - 14) * (power - first)) / (last - first);
        const place = (size) => x(Math.min(last, Math.max(first, size > 0 ? Math.log10(size) : first)));
        context.fillStyle = soft;
        context.strokeStyle = line;
        context.textAlign = "center";
        for (let power = first; power <= last; power += 1) {
            context.beginPath();
            context.moveTo(x(power), 18);
            context.lineTo(x(power), height - 16);
            context.stroke();
            if ((power - last) % 3 === 0) {
                context.fillText(power === 0 ? "1" : `1e${power}`, x(power), height - 3);
            }
        }
        context.textAlign = "left";
        if (this.hasActivations) {
            this.dot(context, left + 4, 8, accent);
            context.fillText("activations", left + 12, 12);
        }
        this.diamond(context, left + 92, 8, wait);
        context.fillText("gradient of the weights", left + 100, 12, width - left - 100);
        this.rows.forEach(([name, activation, gradient], i) => {
            const y = 29 + 20 * i;
            context.fillStyle = ink;
            context.fillText(name, 0, y + 4, left - 6);
            if (this.hasActivations && activation !== null) {
                this.dot(context, place(activation), y, accent);
            }
            if (gradient === null) {
                context.fillStyle = bad;
                context.fillText("not finite", left, y + 4);
            } else {
                this.diamond(context, place(gradient), y, wait);
            }
        });
    }

    dot(context, x, y, colour) {
        context.fillStyle = colour;
        context.beginPath();
        context.arc(x, y, 4.5, 0, 7);
        context.fill();
        context.fillStyle = colours().soft;
    }

    diamond(context, x, y, colour) {
        context.fillStyle = colour;
        context.beginPath();
        [[0, -6], [6, 0], [0, 6], [-6, 0]].forEach(([dx, dy]) => context.lineTo(x + dx, y + dy));
        context.fill();
        context.fillStyle = colours().soft;
    }

    describe() {
        const said = (size) => (size === null ? "not a finite number" : size.toPrecision(2));
        const activations = (h) => (this.hasActivations ? `activations ${said(h)}, ` : "");
        return this.rows.map(([name, h, g]) => `${name}: ${activations(h)}gradient ${said(g)}`).join("; ");
    }
}
