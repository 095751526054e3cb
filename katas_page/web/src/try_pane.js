/** Lines to try one's own code with. They are kept in this browser, and never graded. */
import { runLines, stopLines } from "./kata_api.js";
import { createEditor } from "./codemirror.js";
import { announce, button, el, hideBanner, showBanner } from "../../../graders/web/src/dom.js";

const key = (slug) => `try ${slug}`;
const ABOUT = "Run a few lines with your code. They are never graded, and nothing counts here.";
const WAIT_MS = 1500; // after this long, the first run of a kata may still be starting the sandbox

export class TryPane {
    /**
     * @param {string} slug
     * @param {import("./kata_api.js").Kata} kata
     * @param {() => Promise<boolean>} flush saves all files
     */
    constructor(slug, kata, flush) {
        this.slug = slug;
        this.starter = kata.starter;
        this.flush = flush;
        this.running = false;
        this.added = ""; // lines that were added in place of others
        const text = keptText(slug) ?? kata.starter;
        const file = { name: "the lines to try", text, language: "python", editable: true };
        const keep = (now) => keepText(slug, now, kata.starter);
        this.view = createEditor(file, () => {}, keep, [{ key: "Mod-Enter", run: () => this.press() }]);
        const properties = { class: "primary", "aria-keyshortcuts": "Control+Enter" };
        this.start = button("Run", () => this.press(), properties);
        const again = button("Start again", () => this.restore(), { title: "Bring back the first lines" });
        this.state = el("span", { class: "soft", role: "status" });
        const group = { class: "buttons", role: "group", "aria-label": "Actions" };
        this.output = el("div", { class: "tried" });
        this.element = el(
            "div",
            { class: "try" },
            el("p", { class: "soft" }, ABOUT),
            el("div", { class: "lines" }, this.view.dom),
            el("div", group, this.start, again, this.state),
            this.output,
        );
    }

    focus() {
        this.view.focus();
    }

    shown() {
        this.view.requestMeasure();
    }

    /** Run the lines, or stop them. */
    press() {
        if (this.running) {
            stopLines(this.slug).catch((error) => showBanner("action", error.message));
        } else {
            this.run();
        }
        return true;
    }

    async run() {
        this.setRunning(true);
        try {
            await this.flush();
            this.show(await runLines(this.slug, this.view.state.doc.toString()));
            hideBanner("action");
        } catch (error) {
            showBanner(error.status === 0 ? "server" : "action", error.message);
            this.state.textContent = "";
        } finally {
            this.setRunning(false);
        }
    }

    setRunning(running) {
        this.running = running;
        this.start.textContent = running ? "Stop" : "Run";
        clearTimeout(this.timer);
        if (running) {
            this.state.textContent = "running…";
            const explain = () => (this.state.textContent = "running… (the first run takes a moment)");
            this.timer = setTimeout(explain, WAIT_MS);
        }
    }

    /** Show what came of the lines, as text only. */
    show(/** @type {import("./kata_api.js").Tried} */ { output, value, fault, figures, seconds }) {
        this.state.textContent = `${fault ? "ended with an error" : "done"}, ${seconds.toFixed(2)} s`;
        const pictures = figures.map((source, number) => el("img", { src: source, alt: `Figure ${number + 1}` }));
        const texts = [part("Output", output), part("Value of the last line", value), part("Error", fault, "failed")];
        const all = [...texts.flat(), ...(pictures.length ? [el("div", { class: "pictures" }, ...pictures)] : [])];
        const nothing = el("p", { class: "soft" }, "The lines printed nothing. Write print(…) to see a value.");
        this.output.replaceChildren(...(all.length ? all : [nothing]));
        this.output.lastElementChild?.scrollIntoView({ block: "nearest" });
    }

    /** Add lines below the learner's own, or in place of the first lines or of those that were added, and run them. */
    add(code) {
        const before = this.view.state.doc.toString();
        const isOwn = before.trim() && ![this.starter, this.added].includes(before);
        const [from, insert] = isOwn ? [before.length, `\n\n${code}`] : [0, code];
        this.view.dispatch({
            changes: { from, to: before.length, insert },
            selection: { anchor: from + insert.length },
            scrollIntoView: true,
        });
        this.added = code;
        if (!this.running) {
            this.run();
        }
    }

    /** Bring back the first lines, as a change that can be undone. */
    restore() {
        this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: this.starter } });
        announce("The first lines are back.");
        this.view.focus();
    }

    close() {
        clearTimeout(this.timer);
        if (this.running) {
            stopLines(this.slug).catch(() => {}); // nobody waits for the lines any more
        }
        this.view.destroy();
    }
}

function part(title, text, kind = "") {
    if (!text) {
        return [];
    }
    const pre = el("pre", { class: `said ${kind}`, tabindex: 0, role: "region", "aria-label": title }, text);
    return [el("h2", {}, title), pre];
}

/** Return the text that this browser has kept for a kata, or null. */
function keptText(slug) {
    try {
        return localStorage.getItem(key(slug));
    } catch {
        return null;
    }
}

function keepText(slug, text, starter) {
    try {
        if (text === starter) {
            localStorage.removeItem(key(slug));
        } else {
            localStorage.setItem(key(slug), text);
        }
    } catch {
        // The storage is full or disabled. The text stays until the page is left.
    }
}
