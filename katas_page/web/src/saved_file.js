/** "Save as one HTML file": what a training has trained, for a friend. */
import { exportTraining } from "./kata_api.js";
import { button, el } from "../../../graders/web/src/dom.js";

export class SavedFile {
    /**
     * @param {string} slug
     * @param {() => number | null} run returns the training that is shown
     */
    constructor(slug, run) {
        this.start = button("Save as one HTML file", () => this.save(slug, run()));
        this.said = el("span", { class: "soft", role: "status" });
        this.element = el("div", { class: "buttons", hidden: true }, this.start, this.said);
    }

    /** Offer the file of a training that has one. */
    offer(/** @type {boolean} */ isThere) {
        this.element.hidden = !isThere;
        this.said.textContent = "It works on a phone, without a server: send it to a friend.";
    }

    async save(slug, run) {
        this.said.textContent = "Measuring what it has learned…";
        try {
            const { name, text } = await exportTraining(slug, run);
            // With this type, no page of this server ever shows the file, which the learner's program has made.
            const href = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
            el("a", { href, download: name }).click();
            URL.revokeObjectURL(href);
            this.said.textContent = `${name} is in your downloads (${Math.ceil(text.length / 1000)} kB).`;
        } catch (error) {
            this.said.textContent = error.message;
        }
    }
}
