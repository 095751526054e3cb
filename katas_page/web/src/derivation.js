/** The questions with which a learner derives what a README shows folded, one after another. */
import { answerDerivation, readDerivation } from "./kata_api.js";
import { keep, read } from "./kept_here.js";
import { announce, button, el, told, trusted } from "../../../graders/web/src/dom.js";

const LETTERS = "abc";
const TELLS = /^show me/i; // begins the summary of what is derived

/**
 * Return a button for each choice, which is HTML of the server. `choose` gets its place.
 * @param {string[]} choices
 * @param {(place: number) => unknown} choose
 */
export function guesses(choices, choose) {
    const buttons = choices.map((choice, place) => {
        const chosen = trusted("button", { type: "button", class: "guess" }, choice);
        chosen.addEventListener("click", () => choose(place));
        return chosen;
    });
    return el("div", { class: "choices" }, ...buttons);
}

export class Derivation {
    /** Put the questions before the folded part of a README to which they lead, if there is one. */
    static async add(readme, slug) {
        const folded = [...readme.querySelectorAll("details")].filter((each) => TELLS.test(each.textContent.trim()));
        if (folded.length === 0) {
            return;
        }
        const derivation = new Derivation(slug, folded);
        folded[0].before(derivation.element);
        await derivation.ask();
    }

    /**
     * @param {string} slug
     * @param {HTMLDetailsElement[]} folded
     */
    constructor(slug, folded) {
        this.slug = slug;
        this.folded = folded;
        this.done = false;
        this.answered = el("ol", { class: "answered" });
        this.now = el("div", { class: "question" });
        this.element = el("section", { class: "derive", "aria-label": "Derive it" }, this.answered, this.now);
        // What was shown once is shown again: it costs nothing, and the questions go on beside it.
        const key = `katas shown ${slug}`;
        folded.forEach((each) => {
            each.open = read(key, false);
            each.addEventListener("toggle", () => keep(key, each.open));
        });
    }

    /** Show the next question or, after the last one, the formulas. */
    async ask() {
        const { title, of, answered, seed, ask, choices } = await readDerivation(this.slug);
        this.done = answered === of;
        if (this.done) {
            const again = button("Derive it again", () => this.again());
            this.now.replaceChildren(el("p", {}, `You have reached: ${title}. `, again));
            return;
        }
        const head = el("p", { class: "soft" }, `${title}: question ${answered + 1} of ${of}`);
        const said = el("div", { class: "said", role: "status" });
        const question = trusted("div", { class: "ask" }, ask);
        const judge = async (/** @type {string} */ answer) => {
            const judged = await told(answerDerivation(this.slug, { number: answered, seed, answer }));
            if (!judged) {
                return;
            }
            const kind = judged.right ? "passed" : judged.was_read ? "failed" : "soft";
            said.replaceChildren(trusted("div", { class: kind }, judged.said));
            if (judged.right) {
                const because = trusted("div", { class: "because" }, judged.said);
                this.answered.append(el("li", { value: answered + 1 }, question, because));
                announce("Right.");
                await this.ask();
                if (this.done) {
                    this.reveal(true);
                }
                this.focus();
            }
        };
        const show = button("Show me", () => this.reveal(true), { title: "Show the formulas. It costs nothing." });
        const form = choices.length ? guesses(choices, (place) => judge(LETTERS[place])) : this.write(judge);
        this.now.replaceChildren(head, question, form, said, el("p", {}, show));
    }

    /** Return a form with a line for a number, a shape or a list. */
    write(judge) {
        const how = { "aria-label": "Your answer", autocomplete: "off", spellcheck: "false" };
        const line = el("input", { type: "text", ...how });
        const form = el("form", {}, line, el("button", { type: "submit" }, "Check"));
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            judge(line.value);
        });
        return form;
    }

    /** Begin with the first question again. */
    async again() {
        if (await told(answerDerivation(this.slug, { number: 0 }))) {
            this.answered.replaceChildren();
            await this.ask();
            this.reveal(false);
            this.focus();
        }
    }

    /** Open or close what is derived. */
    reveal(/** @type {boolean} */ open) {
        this.folded.forEach((each) => (each.open = open));
    }

    focus() {
        /** @type {HTMLElement | null} */ (this.now.querySelector("input, button"))?.focus();
    }
}
