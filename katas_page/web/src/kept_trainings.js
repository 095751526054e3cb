/** The trainings that the server has kept: one of them can be looked at, or deleted. */
import { confirmed } from "./dialogs.js";
import { forgetTraining, listTrainings } from "./kata_api.js";
import { button, el } from "../../../graders/web/src/dom.js";

export class KeptTrainings {
    /**
     * @param {string} slug
     * @param {(run: number | null) => void} chosen gets the training to look at, or null after one was deleted
     * @param {(error: Error) => void} failed
     */
    constructor(slug, chosen, failed) {
        this.slug = slug;
        this.chosen = chosen;
        this.failed = failed;
        this.choice = el("select", { "aria-label": "Trainings", onchange: () => chosen(Number(this.choice.value)) });
        this.forget = button("Delete", () => this.forgetChosen());
        this.element = el("div", { class: "buttons", hidden: true }, this.choice, this.forget);
    }

    /** List the trainings. One is shown. */
    async list(/** @type {number | null} */ shown) {
        try {
            const { trainings } = await listTrainings(this.slug);
            const options = trainings.map(({ run, ended, when, program, reached, kb }) => {
                const text = [when, program, reached, ended ? `${kb} kB` : "not ended"].join(", ");
                return el("option", { value: run, selected: run === shown }, text);
            });
            this.choice.replaceChildren(...options);
            this.element.hidden = !trainings.length;
            this.forget.hidden = trainings.some(({ run, ended }) => run === shown && !ended);
        } catch (error) {
            this.failed(error);
        }
    }

    async forgetChosen() {
        if (!(await confirmed("Delete this training, with what it has learned? There is no way back.", "Delete"))) {
            return;
        }
        try {
            await forgetTraining(this.slug, Number(this.choice.value));
            await this.list(null);
            this.chosen(null);
        } catch (error) {
            this.failed(error);
        }
    }
}
