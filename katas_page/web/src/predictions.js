/** What a learner predicts before beginning, and what their own functions say about it after a pass. */
import { guesses } from "./derivation.js";
import { listPredictions, predict } from "./kata_api.js";
import { button, el, told, trusted } from "../../../graders/web/src/dom.js";

const SKIPPED = -1;

export class Predictions {
    /**
     * Put what is to be predicted below the title of a README.
     * @param {HTMLElement} readme
     * @param {string} slug
     * @param {(lines: string) => Promise<import("./kata_api.js").Tried>} run runs lines beside the learner's files
     */
    static async add(readme, slug, run) {
        const { predictions } = await listPredictions(slug);
        if (predictions.length === 0) {
            return null;
        }
        const found = new Predictions(slug, predictions, run);
        readme.querySelector("h1")?.after(found.element);
        return found;
    }

    constructor(slug, predictions, run) {
        this.slug = slug;
        this.predictions = predictions;
        this.run = run;
        this.passed = false;
        this.element = el("section", { class: "derive predict", "aria-label": "Predict" });
        this.element.addEventListener("keydown", (event) => {
            if (event.key === "Escape") {
                this.say(SKIPPED);
            }
        });
        this.show();
    }

    /** Show the answers of the learner's own functions, once they pass. */
    update(/** @type {boolean} */ passed) {
        if (passed !== this.passed) {
            this.passed = passed;
            this.show();
        }
    }

    show() {
        const said = this.predictions.filter((each) => each.said !== null && each.said !== SKIPPED);
        this.number = this.passed ? -1 : this.predictions.findIndex((each) => each.said === null);
        if (this.number >= 0) {
            this.element.replaceChildren(...this.asked(this.predictions[this.number]));
        } else if (this.passed) {
            this.element.replaceChildren(...said.map((each) => this.compared(each)));
        } else {
            this.element.replaceChildren(el("p", { class: "soft" }, "Once you pass, your own code answers this."));
        }
        this.element.hidden = this.number < 0 && said.length === 0;
    }

    asked({ ask, choices, order }) {
        const head = `Before you begin, what do you expect? ${this.number + 1} of ${this.predictions.length}`;
        const skip = button("Skip", () => this.say(SKIPPED), { "aria-keyshortcuts": "Escape" });
        const question = trusted("div", { class: "ask" }, ask);
        const choosing = guesses(order.map((place) => choices[place]), (at) => this.say(order[at]));
        return [el("p", { class: "soft" }, head), question, choosing, el("p", {}, skip)];
    }

    /** Remember a choice, and ask the next question. */
    async say(/** @type {number} */ choice) {
        const number = this.number;
        if (number >= 0) {
            if (!(await told(predict(this.slug, number, choice)))) {
                return;
            }
            this.predictions[number].said = choice;
            this.show();
            /** @type {HTMLElement | null} */ (this.element.querySelector("button"))?.focus();
        }
    }

    /** Return what the learner said, beside what their code gives. */
    compared({ ask, choices, said, run }) {
        const code = el("div", {});
        const look = button("What does your code say?", async () => {
            const ran = await told(this.run(run));
            if (ran) {
                const sign = said === 0 ? "As you said." : "The answer was:";
                const answer = trusted("div", { class: said === 0 ? "passed" : "because" }, choices[0]);
                const given = el("code", {}, ran.value || ran.output || ran.fault);
                code.replaceChildren(el("p", {}, "Your code gives ", given), sign, answer);
            }
        });
        const mine = trusted("div", { class: "because" }, choices[said]);
        return el("div", {}, trusted("div", { class: "ask" }, ask), "You said:", mine, el("p", {}, look), code);
    }
}
