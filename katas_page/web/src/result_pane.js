/** The right pane: the live verdict, what the learner can ask for, hints, notes and pictures. */
import { act, makePuzzle } from "./kata_api.js";
import { announce, button, el, enlarging, hideBanner, showBanner, trusted } from "../../../graders/web/src/dom.js";
import { confirmed } from "./dialogs.js";
import { VerdictView } from "./verdict_view.js";

const ACTIVITY_MS = 400; // shorter gradings show no activity
const NO_VERDICT = "No verdict yet";
const HINTS = "Hints are free: they cost no points, and nobody counts them.";
const VISIBLE = "Quicker: leave out the hidden tests, which try other inputs. A pass needs all tests.";
const IDLE = "Every save is graded.";

/** @type {import("./kata_api.js").Snapshot} */
const NOTHING = {
    slug: "",
    status: null,
    score: NO_VERDICT,
    grading: false,
    activity: "",
    verdict: "",
    notes: [],
    hints: [],
    hints_left: 0,
    visible: false,
    done: false,
    next: null,
    first: null,
    files: {},
    pictures: [],
    marks: [],
    plots: false,
};

export class ResultPane {
    /**
     * @param {string} slug
     * @param {import("./kata_api.js").Kata} kata
     * @param {() => Promise<boolean>} flush saves all files
     * @param {(code: string) => void} tryOut runs code as the learner's own lines
     * @param {() => void} watch opens the Train tab, if there is one
     */
    constructor(slug, kata, flush, tryOut, watch) {
        this.slug = slug;
        this.kata = kata;
        this.flush = flush;
        this.watch = watch;
        this.busy = false;
        this.verdict = new VerdictView(tryOut);
        this.headline = el("strong", { class: "headline" }, NO_VERDICT);
        this.activity = el("span", { class: "activity soft" }, IDLE);
        this.stop = button("Stop", () => this.ask("stop"), { hidden: true });
        this.hintsLeft = 0;
        this.hint = button("Hint", () => this.hintsLeft && this.ask("hint"), { title: HINTS });
        this.visible = el("input", {
            type: "checkbox",
            onchange: () => this.ask("visible", { visible: this.visible.checked }),
        });
        this.plot = button("Plot", () => this.ask("plot"), { hidden: true });
        this.onward = el("div", { class: "onward" });
        this.notes = el("div", { class: "notes" });
        this.hints = el("div", { class: "hints" });
        this.pictures = el("div", { class: "pictures" });
        this.element = el(
            "div",
            { class: "outcome" },
            el("div", { class: "headlines" }, this.headline, el("div", { class: "doing" }, this.activity, this.stop)),
            this.toolbar(),
            ...[this.onward, this.notes, this.hints, this.verdict.element, this.pictures],
        );
    }

    toolbar() {
        return el(
            "div",
            { class: "buttons", role: "group", "aria-label": "Actions" },
            button("Grade", () => this.grade()),
            this.hint,
            this.plot,
            button("Reset…", () => this.reset()),
            this.kata.has_hidden_tests && el("label", { title: VISIBLE }, this.visible, " visible tests only"),
        );
    }

    /** Ask the server for something, after saving all files. Its effect arrives as a snapshot. */
    async ask(action, body = {}) {
        try {
            if (action !== "stop") {
                await this.flush();
            }
            await act(this.slug, action, body);
            hideBanner("action");
            hideBanner("server");
        } catch (error) {
            showBanner(error.status === 0 ? "server" : "action", error.message); // the feed removes "server" in time
        }
    }

    /** Grade the files as they are. */
    grade() {
        return this.ask("grade");
    }

    async reset() {
        const [what, agree] = this.kata.is_puzzle
            ? ["the broken program and the empty diagnosis", "Restore the files"]
            : ["the stubs of this kata", "Restore the stubs"];
        if (await confirmed(`Restore ${what}? Your files are kept in .katas/backup/.`, agree)) {
            await this.ask("reset");
        }
    }

    /** Show a snapshot. One that reports a fault of the server has only notes. */
    update(/** @type {Partial<import("./kata_api.js").Snapshot>} */ received) {
        const snapshot = { ...NOTHING, ...received };
        this.showHeadline(snapshot);
        this.showActivity(snapshot);
        this.showOnward(snapshot);
        this.showHints(snapshot.hints, snapshot.hints_left);
        this.notes.replaceChildren(...snapshot.notes.map((note) => el("p", {}, note)));
        this.showPictures(snapshot.pictures);
        this.verdict.show(snapshot.verdict);
        this.visible.checked = snapshot.visible;
        this.plot.hidden = this.kata.is_puzzle || !snapshot.plots; // the kata has a program that draws
        if (this.isNews(snapshot)) {
            this.settle(snapshot);
        }
    }

    /** Show the status and the score, e.g. "failed, 4 of 10 points". Files without changes have no colour. */
    showHeadline({ status, score, grading }) {
        const isStatus = status && score !== "not started";
        this.headline.className = `headline ${isStatus ? status : "soft"}`;
        this.headline.textContent = status || !grading ? score : NO_VERDICT; // the line below says what is going on
    }

    /** Show what the judge is doing, once it has taken long enough to wonder. */
    showActivity({ grading, activity }) {
        clearTimeout(this.timer);
        this.busy &&= grading;
        this.stop.hidden = !this.busy;
        if (!grading) {
            this.since = undefined;
        }
        if (this.busy || !grading) {
            this.activity.textContent = activity || IDLE;
        } else {
            this.since ??= performance.now();
            const show = () => {
                this.busy = true;
                this.showActivity({ grading, activity });
            };
            this.timer = setTimeout(show, this.since + ACTIVITY_MS - performance.now());
        }
    }

    showOnward({ status, done, next, first }) {
        const passed = status === "passed" || done;
        const kind = status === "passed" ? "button primary" : "button";
        const links = [];
        if (first) {
            links.push(el("a", { class: "button primary", href: `#/${first.slug}` }, `Do first: ${first.title}`));
        }
        if (passed && this.kata.trains.length) {
            links.push(button("Watch it train", this.watch));
        }
        if (passed && next) {
            links.push(el("a", { class: kind, href: `#/${next.slug}` }, `Next kata: ${next.title}`));
        }
        if (passed && this.kata.has_solution) {
            links.push(el("a", { class: "button", href: `#/${this.slug}/explanation` }, "Explanation and solution"));
        }
        if (passed && this.kata.is_puzzle) {
            links.push(button("Another puzzle", () => this.another()));
        }
        const key = [status, ...links.map((link) => link.outerHTML)].join(" ");
        if (key !== this.onwardKey) {
            this.onwardKey = key;
            this.onward.replaceChildren(...links);
            if (status === "passed" || first) {
                this.notes.before(this.onward);
            } else {
                this.verdict.element.after(this.onward); // a failure is more urgent
            }
        }
    }

    /** Open another puzzle of this kind. The server has begun to make it with this one. */
    async another() {
        try {
            location.hash = `#/${(await makePuzzle({ like: this.slug })).slug}`;
            hideBanner("action");
        } catch (error) {
            showBanner("action", error.message);
        }
    }

    showHints(hints, left) {
        this.hintsLeft = left;
        this.hint.textContent = left ? `Hint ${hints.length + 1} of ${hints.length + left}` : "No more hints";
        this.hint.setAttribute("aria-disabled", String(!left));
        const key = hints.join("\n");
        if (key === this.hintsKey) {
            return;
        }
        const isNew = this.hintsKey !== undefined && hints.length > 0;
        this.hintsKey = key;
        const all = hints.map((html, number) => hint(html, number, number === hints.length - 1));
        this.hints.replaceChildren(...all);
        if (isNew) {
            announce(all.at(-1).textContent);
            all.at(-1).scrollIntoView({ block: "nearest" });
        }
    }

    showPictures(paths) {
        const key = paths.join("\n");
        if (key !== this.picturesKey) {
            const news = this.picturesKey === undefined ? [] : paths.filter((path) => !this.picturesKey.includes(path));
            this.picturesKey = key;
            this.pictures.replaceChildren(...paths.map((path) => picture(path, news.includes(path))));
        }
    }

    /** Return whether a snapshot completes a new verdict. */
    isNews({ grading, status, verdict }) {
        const finished = this.wasGrading && !grading;
        this.wasGrading = grading;
        return Boolean(!grading && status && (finished || verdict !== this.settled));
    }

    /** Have a new verdict announced once, and fold the hints when it passes. */
    settle({ status, score, verdict }) {
        this.settled = verdict;
        announce(score);
        if (status === "passed") {
            this.hints.querySelectorAll("details").forEach((each) => (each.open = false));
        }
    }

    close() {
        clearTimeout(this.timer);
    }
}

/** Return a hint that can be folded. Its HTML begins with its title. */
function hint(html, number, open) {
    const body = trusted("div", {}, html);
    const title = body.querySelector(":scope > p:first-child > strong:only-child");
    title?.parentElement?.remove();
    const summary = el("summary", {}, title?.textContent ?? `Hint ${number + 1}`);
    return el("details", { class: "hint", open }, summary, body);
}

/** Return a picture. One that has just been drawn is scrolled into view. */
function picture(path, isNew) {
    const name = decodeURIComponent(path.split("?")[0].split("/").pop());
    const image = el("img", { src: path, alt: `Plot: ${name}` });
    const figure = el("figure", {}, enlarging(image), el("figcaption", {}, name));
    image.addEventListener("load", () => isNew && figure.scrollIntoView({ block: "nearest" }));
    return figure;
}
