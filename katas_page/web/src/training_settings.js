/** The settings of a training: those that it has, and fields with which to choose others for the next one. */
import { el } from "../../../graders/web/src/dom.js";

export class TrainingSettings {
    constructor() {
        this.inputs = el("div", { class: "buttons settings", oninput: () => this.show() });
        this.used = el("output", { class: "soft" });
        /** @type {Record<string, number>} */
        this.now = {}; // of this training
        this.show();
    }

    get elements() {
        return [this.inputs, this.used];
    }

    /** Return the values in the fields. NaN becomes null when it is sent, and then the program's own value counts. */
    get chosen() {
        const fields = [...this.inputs.querySelectorAll("input")];
        return Object.fromEntries(fields.map(({ name, valueAsNumber }) => [name, valueAsNumber]));
    }

    /** Another training is shown, whose settings aren't known yet. What was typed for the one before goes. */
    forget() {
        this.now = {};
        this.inputs.replaceChildren();
        this.show();
    }

    /** Offer the settings that a program takes, with the values that it has now. */
    offer(/** @type {Record<string, number>} */ settings) {
        for (const [name, value] of Object.entries(settings)) {
            if (!(name in this.chosen)) {
                const input = el("input", { type: "number", name, value, step: "any", size: 8 });
                this.inputs.append(el("label", {}, `${spaced(name)} `, input));
            }
        }
        Object.assign(this.now, settings);
        this.show();
    }

    /** Say which settings this training has, and when others count. */
    show() {
        const { chosen } = this;
        const own = Object.entries(this.now);
        const isOther = own.some(([name, value]) => chosen[name] !== value && !Number.isNaN(chosen[name]));
        const rate = own.find(([name]) => name.includes("rate"))?.[1] ?? NaN;
        const parts = [
            own.length && `This training: ${own.map(([name, value]) => `${spaced(name)} ${value}`).join(", ")}.`,
            rate === 0 && "With a rate of 0, nothing changes.",
            rate < 0 && "With a negative rate, every step goes uphill, so the loss grows.",
            isOther && "What you have changed counts when you train again or go on.",
        ];
        this.used.textContent = parts.filter(Boolean).join(" ");
        this.used.classList.toggle("changed", isOther);
    }
}

const spaced = (name) => name.replaceAll("_", " ");
