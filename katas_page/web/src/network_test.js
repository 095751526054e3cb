/** A button that has a program try its network, for example "Write ten stories", and what it says then. */
import { testNetwork } from "./kata_api.js";
import { button, el } from "../../../graders/web/src/dom.js";

export class NetworkTest {
    /**
     * @param {string} slug
     * @param {() => number | null} run returns the training that is shown
     */
    constructor(slug, run) {
        this.start = button("", () => this.ask(slug, run()));
        const properties = { class: "said", tabindex: 0, role: "region", "aria-label": "What it can do", hidden: true };
        this.said = el("pre", properties);
        this.element = el("div", { hidden: true }, this.start, this.said);
    }

    /** Offer what a program's test does or, without a label, nothing. */
    offer(/** @type {string} */ label) {
        this.start.textContent = label;
        this.element.hidden = !label;
        this.said.hidden = true;
    }

    async ask(slug, run) {
        this.start.disabled = true;
        this.said.hidden = false;
        this.said.textContent = "…";
        try {
            const { said, fault } = await testNetwork(slug, run);
            this.said.textContent = fault || said;
        } catch (error) {
            this.said.textContent = error.message;
        }
        this.start.disabled = false;
    }
}
