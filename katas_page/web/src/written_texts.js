/** The texts that a model writes during its training; a slider goes back to earlier ones. */
import { el } from "../../../graders/web/src/dom.js";

const MOST_LINES = 8;

export class WrittenTexts {
    constructor() {
        this.lines = el("ol", { class: "written", "aria-label": "What your model writes" });
        this.back = el("input", { type: "range", min: 1, max: 1 });
        this.back.addEventListener("input", () => this.show());
        this.label = el("label", {}, "Its texts up to this one: ", this.back);
        this.element = el("div", {}, this.label, this.lines);
        /** @type {[step: number, text: string][]} */
        this.texts = [];
        this.show();
    }

    clear() {
        this.texts = [];
        this.show();
    }

    add(/** @type {number} */ step, /** @type {string} */ text) {
        const isLast = Number(this.back.value) >= this.texts.length;
        this.texts.push([step, text]);
        this.back.max = String(this.texts.length);
        this.back.value = isLast ? this.back.max : this.back.value;
        this.show();
    }

    /** Show some texts, up to the one that is chosen. */
    show() {
        const upTo = Number(this.back.value);
        const lines = this.texts.slice(Math.max(0, upTo - MOST_LINES), upTo).map(([step, text]) =>
            el("li", {}, el("span", { class: "soft" }, `step ${step}: `), text));
        this.lines.replaceChildren(...lines);
        this.lines.hidden = !lines.length;
        this.label.hidden = this.texts.length <= MOST_LINES;
    }
}
