/** A language model to play with: it goes on with a prompt, and shows what it expected and where it looked. */
import { writeWithModel } from "./kata_api.js";
import { button, el } from "../../../graders/web/src/dom.js";

const ALL_TOKENS = 21; // the end of the slider of top-k, where it leaves out none
const TURN = 47; // degrees between the colours of two tokens that follow each other
const SLIDERS = {
    temperature: { label: "Temperature", min: 0, max: 2, step: 0.1, value: 0.5 },
    top_k: { label: "Only the most likely tokens (top-k)", min: 1, max: ALL_TOKENS, step: 1, value: ALL_TOKENS },
    top_p: { label: "Only the fewest with this probability (top-p)", min: 0.05, max: 1, step: 0.05, value: 1 },
};

export class Playground {
    /**
     * @param {string} slug
     * @param {() => number | null} run returns the training that is shown
     */
    constructor(slug, run) {
        this.prompt = el("input", { "aria-label": "How a text begins", spellcheck: "false", autocomplete: "off" });
        this.start = button("Write", () => this.write(slug, run()));
        this.prompt.addEventListener("keydown", (event) => event.key === "Enter" && this.start.click());
        this.sliders = Object.entries(SLIDERS).map(([name, how]) => slider(name, how));
        this.head = el("select", { "aria-label": "Head", onchange: () => this.look(null) });
        this.told = el("p", { class: "told", "aria-live": "polite" });
        this.first = el("p", { class: "soft" }, "What it expected first:");
        this.likely = el("ol", { class: "likely", "aria-label": "What your model expected first" });
        this.told.addEventListener("keydown", (event) => this.step(event));
        const where = "Point at a token, or go through them with ← and →, to see where this head looked: ";
        this.where = el("p", { class: "soft" }, where, this.head);
        this.element = el(
            "div",
            { class: "playground", hidden: true },
            el("p", {}, "How does it begin? ", this.prompt, " ", this.start),
            el("div", { class: "buttons" }, ...this.sliders.map(({ element }) => element)),
            this.where,
            this.told,
            this.first,
            this.likely,
        );
        this.attention = new Uint8Array(); // of each head, from each token, to each token
    }

    /** Offer the settings that a model takes, and a prompt, or, without settings, nothing. */
    offer(/** @type {string[]} */ settings, prompt = "") {
        this.prompt.value = this.prompt.value || prompt;
        this.element.hidden = !settings.length;
        this.sliders.forEach((each) => (each.element.hidden = !settings.includes(each.name)));
        this.show({ text: "", likely: [], tokens: [], heads: [], attention: "", fault: "" });
    }

    async write(slug, run) {
        this.start.disabled = true;
        this.told.replaceChildren("…");
        const asked = this.sliders.filter(({ element }) => !element.hidden);
        const how = Object.fromEntries(asked.map(({ name, chosen }) => [name, chosen()]));
        try {
            this.show(await writeWithModel(slug, { run, prompt: this.prompt.value, how }));
        } catch (error) {
            this.told.textContent = error.message;
        }
        this.start.disabled = false;
    }

    show(/** @type {import("./kata_api.js").Written} */ { text, likely, tokens, heads, attention, fault }) {
        this.attention = Uint8Array.from(atob(attention), (byte) => byte.charCodeAt(0));
        const [blocks = 0, each = 0] = heads;
        const name = (_, i) => `block ${Math.floor(i / each) + 1}, head ${(i % each) + 1}`;
        const names = Array.from({ length: blocks * each }, name);
        const chosen = this.head.value;
        this.head.replaceChildren(...names.map((name) => el("option", { selected: name === chosen }, name)));
        this.where.hidden = !names.length;
        const spans = tokens.map((token, i) => this.span(token, i));
        let given = this.prompt.value.trim().length;
        for (const span of spans) {
            span.classList.toggle("given", given > 0);
            given -= span.textContent.length;
        }
        this.told.replaceChildren(...(spans.length ? spans : [fault || text]));
        this.likely.replaceChildren(...likely.map(([token, p]) => bar(token, p ?? 0)));
        this.first.hidden = this.likely.hidden = !likely.length;
    }

    /** Make a token that shows where a head looked from it. */
    span(token, i) {
        const [on, off] = [() => this.look(i), () => this.look(null)];
        const handlers = { onpointerenter: on, onfocus: on, onpointerleave: off, onblur: off };
        const element = el("span", { tabindex: i ? -1 : 0, ...handlers }, token);
        element.style.borderBottomColor = `hsl(${(i * TURN) % 360} 65% 50%)`;
        return element;
    }

    /** Go to the next token, or to the one before. */
    step(/** @type {KeyboardEvent} */ event) {
        const token = /** @type {HTMLElement} */ (event.target);
        const next = { ArrowRight: token.nextElementSibling, ArrowLeft: token.previousElementSibling }[event.key];
        if (next instanceof HTMLElement) {
            event.preventDefault();
            next.focus();
        }
    }

    /** Show where the chosen head looked from a token, or nothing. */
    look(/** @type {number | null} */ from) {
        const spans = [...this.told.children];
        const at = (this.head.selectedIndex * spans.length + (from ?? 0)) * spans.length;
        const shares = from === null ? [] : [...this.attention.subarray(at, at + spans.length)];
        spans.forEach((each, i) => {
            const span = /** @type {HTMLElement} */ (each);
            span.style.setProperty("--seen", `${Math.round((55 * (shares[i] ?? 0)) / Math.max(...shares, 1))}%`);
            span.title = shares[i] ? `${Math.round(shares[i] / 2.55)} %` : "";
        });
    }
}

/** Make a slider that says its value. `chosen` returns null where it leaves out nothing. */
function slider(name, { label, ...range }) {
    const input = el("input", { type: "range", ...range });
    const value = el("span", {});
    const isOff = () => name !== "temperature" && Number(input.value) === range.max;
    const say = () => (value.textContent = isOff() ? "all" : input.value);
    input.addEventListener("input", say);
    say();
    const chosen = () => (isOff() ? null : Number(input.value));
    return { name, element: el("label", {}, `${label}: `, value, input), chosen };
}

/** Make a bar for the probability of a token. */
function bar(token, p) {
    const line = el("i", {});
    line.style.width = `${100 * p}%`;
    const name = token === "\n" ? "(the end)" : token.trim() || "(space)";
    return el("li", {}, el("code", {}, name), line, el("b", {}, `${Math.round(100 * p)} %`));
}
