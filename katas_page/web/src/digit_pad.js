/** A field in which one draws a digit, or chooses one, and the probabilities that the learner's network gives it. */
import { button, el } from "../../../graders/web/src/dom.js";
import { penOf } from "./canvas.js";

const SIDE = 28;
const FIELD = 280; // pixels of the field in which one draws
const BOX = 20; // the digits of the data set fit into a box of this size, with their centre of mass in the middle
const ASK_MS = 250;

export class DigitPad {
    /** @param {(pixels: Uint8Array) => Promise<import("./kata_api.js").Reading>} ask */
    constructor(ask) {
        this.ask = ask;
        /** @type {Uint8Array[]} */
        this.ready = []; // the digits to choose from
        /** @type {Uint8Array | null} */
        this.pixels = null;
        /** @type {[number, number] | null} */
        this.last = null; // where the pen was
        this.waiting = false;
        this.asking = false;
        const label = "Field to draw a digit in; without a pointer, choose a digit in the list below";
        this.field = el("canvas", { class: "field", width: FIELD, height: FIELD, role: "img", "aria-label": label });
        this.seen = el("canvas", { class: "seen", width: SIDE, height: SIDE, role: "img" });
        this.seen.setAttribute("aria-label", "What your network gets: 28 by 28 pixels");
        this.choice = el("select", { onchange: () => this.choose() });
        this.said = el("p", { role: "status" }, "Draw a digit.");
        this.bars = Array.from({ length: 10 }, (_, digit) => {
            const [bar, share] = [el("span", { class: "part" }), el("span", { class: "share" })];
            const frame = el("span", { class: "whole", "aria-hidden": "true" }, bar);
            return { bar, share, row: el("li", {}, el("span", {}, String(digit)), frame, share) };
        });
        const list = el("ul", { class: "chances", "aria-label": "Probabilities" }, ...this.bars.map(({ row }) => row));
        const drawing = el("div", {}, this.field, el("div", { class: "buttons" }, button("Clear", () => this.clear())));
        this.element = el(
            "section",
            { class: "pad", "aria-label": "Digit pad", hidden: true },
            el("h2", {}, "Draw a digit for your network"),
            el("div", { class: "sides" }, drawing, list),
            this.said,
            el("div", { class: "buttons" }, el("label", {}, "Or choose a digit ", this.choice), this.seen),
        );
        this.field.addEventListener("pointerdown", (event) => this.begin(event));
        this.field.addEventListener("pointermove", (event) => this.move(event));
        ["pointerup", "pointercancel"].forEach((name) => this.field.addEventListener(name, () => (this.last = null)));
    }

    /** Offer ready-made digits. */
    offer(images, labels) {
        this.ready = images;
        const options = images.map((_, i) => el("option", { value: i }, `number ${i + 1}, a ${labels[i]}`));
        this.choice.replaceChildren(el("option", { value: "" }, "choose…"), ...options);
        this.element.hidden = false;
    }

    begin(event) {
        event.preventDefault();
        this.field.setPointerCapture(event.pointerId);
        if (this.choice.value) {
            this.clear(); // the digit that was chosen
        }
        this.last = null;
        this.move(event);
    }

    move(event) {
        if (!(event.buttons & 1)) {
            return;
        }
        const { left, top, width } = this.field.getBoundingClientRect();
        /** @type {[number, number]} */
        const at = [((event.clientX - left) * FIELD) / width, ((event.clientY - top) * FIELD) / width];
        const context = penOf(this.field, { willReadFrequently: true });
        const ink = getComputedStyle(this.field).color;
        Object.assign(context, { strokeStyle: ink, lineWidth: 20, lineCap: "round", lineJoin: "round" });
        context.beginPath();
        context.moveTo(...(this.last ?? at));
        context.lineTo(at[0] + 0.01, at[1]); // a line of no length would leave no dot
        context.stroke();
        this.last = at;
        const { data } = context.getImageData(0, 0, FIELD, FIELD);
        this.look(centred(data.filter((_, i) => i % 4 === 3), FIELD));
    }

    choose() {
        const pixels = this.choice.value && this.ready[Number(this.choice.value)];
        if (pixels) {
            this.wipe();
            const context = penOf(this.field, { willReadFrequently: true });
            context.imageSmoothingEnabled = true;
            this.look(pixels);
            context.drawImage(this.seen, 0, 0, FIELD, FIELD);
        }
    }

    /** Show what the network gets, and ask it soon. */
    look(pixels) {
        this.pixels = pixels;
        const context = penOf(this.seen);
        const image = context.createImageData(SIDE, SIDE);
        const ink = channelsOf(getComputedStyle(this.field).color);
        pixels.forEach((value, i) => image.data.set([...ink, value], 4 * i));
        context.putImageData(image, 0, 0);
        this.refresh();
    }

    /** Ask the network now or, if it was asked a moment ago, a little later. */
    async refresh() {
        if (!this.pixels || this.asking) {
            this.waiting = this.pixels !== null;
            return;
        }
        this.asking = true;
        this.waiting = false;
        const asked = this.pixels;
        try {
            const found = await this.ask(asked);
            if (this.pixels !== null) {
                this.show(found);
            }
        } catch (error) {
            this.said.textContent = error.message;
        }
        await new Promise((resolve) => setTimeout(resolve, ASK_MS));
        this.asking = false;
        if (this.waiting && this.pixels !== asked) {
            this.refresh();
        }
    }

    show(/** @type {import("./kata_api.js").Reading} */ { probabilities, fault }) {
        const best = probabilities.indexOf(Math.max(...probabilities));
        this.bars.forEach(({ bar, share, row }, digit) => {
            const known = probabilities[digit] ?? 0;
            bar.style.width = `${100 * Math.min(1, Math.max(0, known))}%`;
            share.textContent = probabilities.length ? `${Math.round(100 * known)}%` : "";
            row.classList.toggle("best", digit === best);
        });
        this.said.textContent = fault || `Your network reads ${best} (${Math.round(100 * probabilities[best])}%).`;
    }

    wipe() {
        penOf(this.field, { willReadFrequently: true }).clearRect(0, 0, FIELD, FIELD);
        penOf(this.seen).clearRect(0, 0, SIDE, SIDE);
    }

    clear() {
        this.wipe();
        this.pixels = null;
        this.choice.value = "";
        this.show({ probabilities: [], fault: "Draw a digit." });
    }
}

/** Return the red, green and blue of a colour such as rgb(27, 31, 36). */
const channelsOf = (colour) => (colour.match(/\d+/g) ?? []).slice(0, 3).map(Number);

/**
 * Return a drawing as the data set has its digits: 28 x 28 bytes, scaled into a box of 20 x 20, with the centre of mass
 * in the middle. `ink` has a byte for each of size x size pixels.
 */
export function centred(ink, size) {
    let [left, top, right, bottom] = [size, size, -1, -1];
    ink.forEach((value, i) => {
        if (value > 0) {
            const [x, y] = [i % size, Math.floor(i / size)];
            [left, right] = [Math.min(left, x), Math.max(right, x)];
            [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
        }
    });
    const found = new Uint8Array(SIDE * SIDE);
    if (right < 0) {
        return found;
    }
    const step = Math.max(right - left + 1, bottom - top + 1) / BOX; // pixels of the drawing in one of the result
    const [columns, rows] = [(right - left + 1) / step, (bottom - top + 1) / step].map(Math.ceil);
    const small = Array.from({ length: rows }, (_, y) =>
        Array.from({ length: columns }, (__, x) => mean(ink, size, left + x * step, top + y * step, step)),
    );
    let [mass, sumX, sumY] = [0, 0, 0];
    small.forEach((row, y) =>
        row.forEach((value, x) => ([mass, sumX, sumY] = [mass + value, sumX + value * x, sumY + value * y])),
    );
    const place = (sum, length) => Math.min(SIDE - length, Math.max(0, Math.round((SIDE - 1) / 2 - sum / mass)));
    const [atX, atY] = [place(sumX, columns), place(sumY, rows)];
    small.forEach((row, y) => row.forEach((value, x) => (found[(atY + y) * SIDE + atX + x] = Math.round(value))));
    return found;
}

/** Return the mean of the square whose corner is at (x, y); outside the drawing, there is no ink. */
function mean(ink, size, x, y, step) {
    let [sum, count] = [0, 0];
    for (let row = Math.floor(y); row < y + step; row += 1) {
        for (let column = Math.floor(x); column < x + step; column += 1) {
            sum += row < size && column < size ? ink[row * size + column] : 0;
            count += 1;
        }
    }
    return count ? sum / count : 0;
}
