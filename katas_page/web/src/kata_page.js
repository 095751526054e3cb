/** The page of one kata: Read, Write and Result. */
import { readKata, runLines, stopLines } from "./kata_api.js";
import { paneOfKey, showKeys } from "./dialogs.js";
import { button, el, told, trusted } from "../../../graders/web/src/dom.js";
import { Derivation } from "./derivation.js";
import { Feed } from "./feed.js";
import { addFigure } from "./figure.js";
import { Outcome } from "./outcome.js";
import { Panes } from "./panes.js";
import { Predictions } from "./predictions.js";
import { addRuns } from "./readme_runs.js";
import { keepingPlace } from "./reading.js";
import { ResultPane } from "./result_pane.js";
import { TrainingPane } from "./training_pane.js";
import { TryPane } from "./try_pane.js";
import { Workspace } from "./workspace.js";

const SIGNS = { passed: "✓", failed: "✗", ungradable: "✗", error: "!" };
const FOR_TERMINALS = /katas (grade|watch|run|try|show)|Open Python/;
const HERE = "Commands such as “katas grade” are for a terminal. Here, every save is graded, and Try runs Python.";
const TRAINS = " Train runs your training, and draws it.";
const RESULT = 2; // the number of the pane
const TRY = 3;
const TRAIN = 4;

export class KataPage {
    /** Read a kata and return its page. */
    static async open(slug) {
        const page = new KataPage(slug, await readKata(slug));
        page.figure = await addFigure(page.readme, slug, (lines) => page.runForFigure(lines), () => stopLines(slug));
        if (page.derives) {
            const added = Predictions.add(page.readme, slug, (lines) => page.runForFigure(lines));
            const asked = [Derivation.add(page.readme, slug), added.then((found) => page.predicting(found))];
            await Promise.all(asked.map(told)); // or the text would move away under the learner's pointer
        }
        return page;
    }

    /**
     * @param {string} slug
     * @param {import("./kata_api.js").Kata} kata
     */
    constructor(slug, kata) {
        /** @type {Awaited<ReturnType<typeof addFigure>>} */
        this.figure = null;
        this.title = kata.title;
        this.derives = kata.derives;
        /** @type {Predictions | null} */
        this.predictions = null;
        this.passed = false;
        this.slug = slug;
        this.workspace = new Workspace(slug, kata);
        const flush = () => this.workspace.flush();
        this.result = new ResultPane(slug, kata, flush, (code) => this.tryOut(code), () => this.goTo(TRAIN));
        this.trying = new TryPane(slug, kata, flush);
        const training = kata.trains.length ? new TrainingPane(slug, kata.trains, this.workspace) : null;
        this.training = training;
        this.outcome = new Outcome([
            { name: "Verdict", content: this.result.element },
            { name: "Try", content: this.trying.element, shown: () => this.trying.shown() },
            ...(training ? [{ name: "Train", content: training.element, shown: () => training.shown() }] : []),
        ]);
        this.readme = trusted("article", { class: "prose" }, kata.readme);
        this.readme.addEventListener("click", followSection);
        addRuns(this.readme, (lines) => this.tryOut(lines));
        const command = [...this.readme.children].find((each) => FOR_TERMINALS.test(each.textContent));
        command?.after(el("p", { class: "soft" }, HERE, kata.trains.length > 0 && TRAINS));
        this.panes = new Panes([
            { name: "Read", content: this.readme },
            { name: "Write", content: this.workspace.element, focus: () => this.workspace.focus() },
            { name: "Result", content: this.outcome.element },
        ]);
        this.goToPlace = keepingPlace(slug, this.panes.sections[0], this.readme);
        const header = el(
            "header",
            {},
            el("nav", { "aria-label": "Breadcrumb" }, el("a", { href: "#/" }, "Katas")),
            el("h1", { tabindex: -1 }, kata.title),
            ...Object.values(this.panes.folds),
            button("Keys", showKeys, { "aria-keyshortcuts": "?" }),
        );
        this.content = [header, this.panes.element];
        this.feed = new Feed(slug, (snapshot) => this.update(snapshot), () => this.workspace.flush());
        this.onKey = (event) => this.key(event);
        addEventListener("keydown", this.onKey, true);
    }

    /** Go to where the learner was, now that the page is in the document. */
    placed() {
        this.panes.arrange();
        this.goToPlace();
    }

    update(/** @type {Partial<import("./kata_api.js").Snapshot>} */ snapshot) {
        if (snapshot.files) {
            this.workspace.compare(snapshot.files); // a snapshot that reports a fault may have none
            this.figure?.refresh(JSON.stringify(snapshot.files));
        }
        this.workspace.mark(snapshot.marks ?? []);
        this.result.update(snapshot);
        const { grading, status } = snapshot;
        this.grading = grading;
        this.passed = snapshot.done ?? this.passed;
        this.predictions?.update(this.passed);
        this.panes.mark(RESULT, grading ? "…" : SIGNS[status], grading ? "grading" : status);
    }

    predicting(/** @type {Predictions | null} */ predictions) {
        this.predictions = predictions;
        predictions?.update(this.passed);
    }

    key(event) {
        const pane = paneOfKey(event);
        if (pane >= 0 && (pane !== TRAIN || this.training)) {
            event.preventDefault();
            event.stopPropagation();
            this.goTo(pane);
        } else if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
            event.preventDefault();
            this.save(event.repeat);
        }
    }

    /** Run code, such as the smallest failing input, in the Try tab. */
    tryOut(code) {
        this.goTo(TRY);
        this.trying.add(code.replace(/^# raises .*\n?/gm, "")); // what the lines did, which a change makes wrong
    }

    /** Run lines for the figure, unless that would stop the learner's own. */
    async runForFigure(lines) {
        if (this.trying.running) {
            throw new Error("The lines in the Try tab are still running.");
        }
        await this.workspace.flush();
        return runLines(this.slug, lines);
    }

    goTo(place) {
        if (place >= RESULT) {
            this.outcome.show(place - RESULT);
        }
        this.panes.focus(Math.min(place, RESULT));
        const tab = { [TRY]: this.trying, [TRAIN]: this.training }[place];
        tab?.focus();
    }

    /** Save now. If there is nothing to save, grade again. */
    save(repeated) {
        if (this.workspace.settled && !this.grading && !repeated) {
            this.result.grade();
        } else {
            this.workspace.flush();
        }
    }

    close() {
        removeEventListener("keydown", this.onKey, true);
        this.feed.close();
        this.panes.close();
        this.result.close();
        this.trying.close();
        this.figure?.close();
        this.training?.close();
        this.workspace.close();
    }
}

/** Follow a link to a section of the README. The page's address stays as it is, because it names the kata. */
function followSection(event) {
    const section = event.target.closest("a[data-section]")?.dataset.section;
    if (section !== undefined) {
        event.preventDefault();
        const headings = [...event.currentTarget.querySelectorAll("h1, h2, h3, h4")];
        headings.find((heading) => anchorOf(heading) === decodeURIComponent(section))?.scrollIntoView();
    }
}

/** Return the name that GitHub gives to a heading in links. */
function anchorOf(heading) {
    const words = heading.textContent.trim().toLowerCase();
    return words.replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
}
