/** What the learner's own networks read and write, in place of what the shipped ones do. */
import { el } from "../../../graders/web/src/dom.js";
import { Curve, Digits } from "./training_charts.js";

/** @typedef {import("./kata_api.js").Built} Built */

/** The parts of the start page that a training fills. */
export class BuiltParts {
    /** @param {{digits?: Built, text?: Built}} built */
    constructor({ digits, text }) {
        /** @type {(Curve | Digits)[]} */
        this.drawings = [];
        this.reads = digits && this.part(digits, "This is what your network has learned to read", this.digits(digits));
        this.writes = text && this.part(text, "This is what your model wrote while it learned", written(text));
        this.draw = () => this.drawings.forEach((each) => each.draw());
        this.scheme = matchMedia("(prefers-color-scheme: dark)");
        this.scheme.addEventListener("change", this.draw);
        this.onSize = new ResizeObserver(this.draw);
        this.drawings.forEach(({ canvas }) => this.onSize.observe(canvas));
    }

    part(/** @type {Built} */ { slug, title, unit, points }, said, shown) {
        const loss = new Curve(unit && unit !== "loss" ? `Loss in ${unit}` : "Loss");
        points.forEach(([step, value]) => loss.add(step, value));
        this.drawings.push(loss);
        return el("div", {}, el("p", {}, said, " (", el("a", { href: `#/${slug}` }, title), "):"), shown, loss.element);
    }

    digits(/** @type {Built} */ { digits, labels, read }) {
        const found = Object.assign(new Digits(), { labels, read });
        found.show(digits);
        this.drawings.push(found);
        return found.element;
    }

    close() {
        this.onSize.disconnect();
        this.scheme.removeEventListener("change", this.draw);
    }
}

function written(/** @type {Built} */ { texts }) {
    const lines = texts.map(([step, text]) =>
        el("li", {}, el("span", { class: "soft" }, `step ${step}`), el("code", {}, text.replaceAll("\n", "⏎"))));
    return el("ol", { class: "lines-written" }, ...lines);
}
