/** What a model learns one after another, with the steps at which it could. */
import { el } from "../../../graders/web/src/dom.js";

export class Ladder {
    constructor() {
        this.element = el("ol", { class: "ladder", "aria-label": "What your model has learned", hidden: true });
        /** @type {Map<string, number | null>} */
        this.rungs = new Map();
    }

    clear() {
        this.rungs.clear();
        this.show();
    }

    /** Take the rungs of a training, and those that it has reached. */
    take(/** @type {string[]} */ ladder, /** @type {[step: number, rung: string][]} */ reached) {
        ladder.forEach((rung) => this.rungs.set(rung, null));
        reached.forEach(([step, rung]) => this.rungs.set(rung, step));
        if (ladder.length || reached.length) {
            this.show();
        }
    }

    show() {
        const items = [...this.rungs].map(([rung, step]) =>
            el("li", { class: step === null ? "soft" : "reached" }, rung, step === null ? "" : `, step ${step}`));
        this.element.replaceChildren(...items);
        this.element.hidden = !items.length;
    }
}
