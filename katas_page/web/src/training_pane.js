/** The "Train" tab: the learner's own code trains on the server, and the page draws frame after frame. */
import { beginTraining, paceTraining, readDigit, stopTraining, trainingNews } from "./kata_api.js";
import { DigitPad } from "./digit_pad.js";
import { KeptTrainings } from "./kept_trainings.js";
import { Ladder } from "./ladder.js";
import { NetworkTest } from "./network_test.js";
import { Playground } from "./playground.js";
import { SavedFile } from "./saved_file.js";
import { TrainingSettings } from "./training_settings.js";
import { WrittenTexts } from "./written_texts.js";
import { button, el, hideBanner, showBanner } from "../../../graders/web/src/dom.js";
import { Curve, Digits, Sizes, Weights, pictures } from "./training_charts.js";

const ABOUT =
    "Train with your code, and watch. Nothing here is graded or counted; your files are saved first. A training goes " +
    "on if you leave the page, and is kept. The first step shows the settings that you can change for the next one.";
const RETRY_MS = 2000;
const COMPUTING_MS = 2000; // without news
const CALM_MS = 1000; // between two drawings, for those who prefer reduced motion
const SAY_MS = 5000; // between two summaries for screen readers
const FAST = "as fast as possible";
const SPEEDS = { "1 step a second": 1, "10 steps a second": 10, "60 steps a second": 60, [FAST]: 0 };
const SMALLER = "Often the learning rate is too large: train again with a smaller one.";
const MORE = 0.5; // the share of a training's steps that are added to it
const STOPPED = "Stopped."; // the fault of a training that somebody stopped
/** @type {import("./kata_api.js").Frame} */
const EMPTY = {
    done: false, fault: "", note: "", begins: false, settings: {}, unit: "", title: "", of: 0, step: 0, points: [],
    sizes: [], weights: "", digits: "", labels: [], read: [], text: "", levels: {}, test: "", ladder: [], reached: [],
    writes: [], prompt: "", output: "",
};

export class TrainingPane {
    /**
     * @param {string} slug
     * @param {string[]} programs that can be trained
     * @param {import("./workspace.js").Workspace} workspace
     */
    constructor(slug, programs, workspace) {
        this.slug = slug;
        this.workspace = workspace;
        /** @type {number | null} */
        this.run = null; // the training that is shown
        this.paused = false;
        this.canGoOn = false;
        this.turn = 0; // of those that follow a training, only the last one goes on
        this.seen = 0; // frames
        this.branch = ""; // of the training: another one has other frames
        this.step = 0;
        this.of = 0; // steps, if it is known
        this.drawnAt = this.saidAt = this.toldAt = 0;
        this.calm = calmly();
        this.program = el("select", { "aria-label": "Program", hidden: programs.length < 2 });
        this.program.append(...programs.map((name) => el("option", {}, name)));
        this.main = button("Train", () => this.press(), { class: "primary" });
        this.longer = button("Go on", () => this.begin(this.run), { hidden: true });
        this.pause = button("Pause", () => this.pace({ paused: !this.paused }));
        this.single = button("Step", () => this.pace({ paused: true, once: 1 }), { title: "Pause, and take one step" });
        const options = Object.keys(SPEEDS).map((name) => el("option", { selected: name.startsWith("60") }, name));
        this.speed = el("select", { "aria-label": "Speed", onchange: () => this.running && this.pace({}) }, ...options);
        this.kept = new KeptTrainings(slug, (run) => this.follow(run), (error) => this.failed(error));
        this.settings = new TrainingSettings();
        this.state = el("p", { class: "soft" });
        this.spoken = el("p", { class: "hidden", role: "status" });
        this.note = el("p", { class: "note", hidden: true });
        this.fault = region("Error", "failed");
        this.output = region("Output");
        this.written = new WrittenTexts();
        this.file = new SavedFile(slug, () => this.run);
        this.test = new NetworkTest(slug, () => this.run);
        this.ladder = new Ladder();
        this.playground = new Playground(slug, () => this.run);
        this.pad = new DigitPad((pixels) => readDigit(slug, this.run, pixels));
        this.drawings = drawings();
        this.charts = el("div", {});
        const controls = [this.program, this.main, this.longer, this.pause, this.single, this.speed];
        this.element = el(
            "div",
            { class: "try training" },
            el("p", { class: "soft" }, ABOUT),
            el("div", { class: "buttons", role: "group", "aria-label": "Training" }, ...controls),
            ...this.settings.elements,
            this.state,
            this.spoken,
            this.note,
            this.fault,
            this.charts,
            this.ladder.element,
            this.playground.element,
            this.test.element,
            this.written.element,
            this.file.element,
            this.output,
            this.pad.element,
            this.kept.element,
        );
        this.onSize = new ResizeObserver(() => this.draw());
        this.onSize.observe(this.charts);
        this.scheme = matchMedia("(prefers-color-scheme: dark)");
        this.onScheme = () => this.draw();
        this.scheme.addEventListener("change", this.onScheme);
        this.onVisibility = () => (document.hidden ? (this.turn += 1) : this.goOn());
        document.addEventListener("visibilitychange", this.onVisibility);
        this.setRunning(false);
        this.follow(null);
    }

    focus() {
        this.main.focus();
    }

    /** Offer the program that is open in the editor. */
    shown() {
        if (!this.running && [...this.program.options].some(({ value }) => value === this.workspace.shown)) {
            this.program.value = this.workspace.shown;
        }
        this.draw();
    }

    /** Begin with empty drawings. */
    fresh() {
        this.drawings = drawings();
        this.charts.replaceChildren(...Object.values(this.drawings).map(({ element }) => element));
        this.written.clear();
        this.ladder.clear();
        this.test.offer("");
        this.playground.offer([]);
        [this.output, this.fault, this.note].forEach((each) => (each.hidden = true));
        this.step = this.of = this.drawnAt = this.seen = 0;
        this.name = "";
        this.settings.forget();
        this.saidAt = this.toldAt = performance.now();
    }

    press() {
        if (this.running) {
            stopTraining(this.slug, this.run).catch((error) => this.failed(error));
        } else {
            this.begin();
        }
    }

    /** Begin a training, or go on with one. */
    async begin(/** @type {number | null} */ continues = null) {
        this.state.textContent = this.spoken.textContent = "starting…";
        const settings = this.settings.chosen;
        if (continues !== null && "steps" in settings && !(settings.steps > this.of)) {
            settings.steps = this.longTo();
        }
        const what = continues === null ? { program: this.program.value } : { continues };
        try {
            await this.workspace.flush();
            const { run } = await beginTraining(this.slug, { ...what, settings, rate: SPEEDS[this.speed.value] });
            hideBanner("action");
            this.follow(run);
        } catch (error) {
            this.failed(error);
        }
    }

    /** Return to which step a training that has ended would go on. */
    longTo() {
        return this.step < this.of ? this.of : Math.round(this.of * (1 + MORE));
    }

    /** Show a training, or the latest one, from its beginning on. */
    follow(/** @type {number | null} */ run) {
        this.run = run;
        this.fresh();
        this.goOn();
    }

    /** Draw what happens until the training ends or another one is followed. */
    async goOn() {
        const turn = (this.turn += 1);
        let ended = false;
        while (!ended && turn === this.turn) {
            try {
                const news = await trainingNews(this.slug, { run: this.run, since: this.seen, branch: this.branch });
                if (turn === this.turn) {
                    hideBanner("action");
                    ended = this.told(news);
                }
            } catch (error) {
                ended = error.status !== 0; // only a server that does not answer may come back
                if (turn === this.turn) {
                    this.failed(error);
                }
                await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
            }
        }
    }

    /** Take the news of a training, and return whether there will be no other. */
    told(/** @type {import("./kata_api.js").TrainingNews} */ news) {
        if (news.run === null) {
            this.canGoOn = false;
            this.file.offer(false);
            this.setRunning(false);
            this.state.textContent = "";
            return true;
        }
        if (news.branch !== this.branch) {
            this.fresh();
            this.branch = news.branch;
        }
        this.run = news.run;
        this.paused = news.paused;
        this.canGoOn = news.can_go_on;
        this.file.offer(news.has_file);
        if (!this.seen) {
            this.program.value = news.program;
        }
        news.frames.forEach((frame, i) => this.take({ ...EMPTY, ...frame }, i < news.frames.length - 1));
        const isFirst = !this.seen;
        this.seen += news.frames.length;
        this.setRunning(!news.ended);
        const now = performance.now();
        if (news.waits_for) {
            this.state.textContent = `waiting for ${news.waits_for}, which trains first`;
        } else if (news.frames.length || this.paused) {
            this.toldAt = now;
        } else if (now - this.toldAt > COMPUTING_MS && !news.ended) {
            this.state.textContent = `${this.where()}, computing…`;
        }
        if (news.unkept) {
            show(this.note, news.unkept);
        }
        if (isFirst || news.ended) {
            this.kept.list(news.run);
        }
        return news.ended;
    }

    /** Change the pace at which the training goes on. */
    pace(how) {
        const all = { run: this.run, rate: SPEEDS[this.speed.value], ...how };
        paceTraining(this.slug, all).catch((error) => this.failed(error));
    }

    /** Take what has happened from a frame. Everything in it is text or a number, and is shown as text. */
    take(/** @type {import("./kata_api.js").Frame} */ frame, hasNext = false) {
        const { loss, accuracy, weights, sizes, digits } = this.drawings;
        this.of = frame.of || this.of;
        if (frame.begins) { // a program may have several trainings
            this.of = frame.of;
            this.name = frame.title;
            [loss, accuracy].forEach((curve) => curve.restart(frame.title));
            sizes.restart();
        }
        if (frame.test) {
            this.test.offer(frame.test);
        }
        if (frame.writes.length) {
            this.playground.offer(frame.writes, frame.prompt);
        }
        this.ladder.take(frame.ladder, frame.reached);
        Object.assign(loss.levels, frame.levels);
        loss.of = accuracy.of = this.of;
        this.step = frame.step || this.step;
        if (frame.unit) {
            loss.title.textContent = frame.unit === "loss" ? "Loss" : `Loss in ${frame.unit}`;
        }
        if (Object.keys(frame.settings).length) {
            this.settings.offer(frame.settings);
        }
        if (frame.digits) {
            digits.labels = frame.labels;
            digits.show(frame.digits);
            this.pad.offer(pictures(frame.digits), frame.labels);
        }
        digits.read = frame.read.length ? frame.read : digits.read;
        const [last] = frame.points.slice(-1);
        for (const [step, lossThen, accuracyThen] of frame.points) {
            loss.add(step, lossThen);
            if (accuracyThen !== null) {
                accuracy.add(step, accuracyThen);
            }
        }
        if (last && last[2] === null && frame.read.length) { // the program reports no accuracy
            accuracy.title.textContent = "Accuracy on the digits below";
            accuracy.add(last[0], digits.right / digits.read.length);
        }
        weights.show(frame.weights);
        sizes.show(frame.sizes);
        if (frame.text) {
            this.written.add(this.step, frame.text);
        }
        if (hasNext) {
            return;
        }
        show(this.note, frame.note || this.whatIsLost());
        show(this.output, frame.output);
        show(this.fault, frame.fault === STOPPED ? "" : frame.fault);
        const now = performance.now();
        if (frame.done || this.paused || now - this.drawnAt >= (this.calm.matches ? CALM_MS : 0)) {
            this.draw();
            this.state.textContent = `${this.how(frame)}${this.where()}`;
            this.drawnAt = now;
        }
        if (frame.done || now - this.saidAt >= SAY_MS) {
            this.spoken.textContent = this.summary(frame);
            this.saidAt = now;
            this.pad.refresh();
        }
    }

    whatIsLost() {
        const { loss } = this.drawings;
        const { lost, lostFrom } = loss;
        if (lostFrom !== null) {
            return `At step ${lostFrom} the loss stopped being a finite number: the training has diverged. ${SMALLER}`;
        }
        const where = loss.whereLost();
        return lost ? `The loss was ${where}, and then it was finite again. A log of 0 is infinite. ${SMALLER}` : "";
    }

    how({ done, fault }) {
        return done ? (fault === STOPPED ? "stopped, " : fault ? "ended with an error, " : "done, ") : "";
    }

    where() {
        const name = this.name ? `${this.name}: ` : "";
        return this.step ? `${name}step ${this.step}${this.of ? ` of ${this.of}` : ""}` : "no step yet";
    }

    summary(/** @type {import("./kata_api.js").Frame} */ frame) {
        const { loss, accuracy, digits } = this.drawings;
        const said = [loss, accuracy, digits].filter(({ element }) => !element.hidden);
        const parts = said.map((each) => `${each.title.textContent} ${each.describe()}`);
        return [`${this.how(frame)}${this.where()}`, ...parts, this.note.textContent].filter(Boolean).join(". ");
    }

    draw() {
        Object.values(this.drawings).forEach((each) => each.element.hidden || each.draw());
    }

    failed(error) {
        showBanner(error.status === 0 ? "server" : "action", error.message);
        this.state.textContent = "";
        this.setRunning(false);
    }

    setRunning(running) {
        this.running = running;
        this.main.textContent = running ? "Stop" : this.run === null ? "Train" : "Train again";
        this.pause.textContent = this.paused ? "Go on" : "Pause";
        [this.pause, this.single].forEach((each) => (each.hidden = !running));
        const isDone = this.step >= this.of;
        this.longer.hidden = running || !this.canGoOn || (isDone && !("steps" in this.settings.now));
        this.longer.textContent = isDone ? `${this.longTo() - this.of} more steps` : "Go on";
        this.program.disabled = running;
    }

    close() {
        this.turn += 1;
        this.onSize.disconnect();
        this.scheme.removeEventListener("change", this.onScheme);
        document.removeEventListener("visibilitychange", this.onVisibility);
    }
}

/** Make the drawings of a training. */
function drawings() {
    return {
        loss: new Curve("Loss"),
        accuracy: new Curve("Accuracy in training", 1),
        weights: new Weights(),
        sizes: new Sizes(),
        digits: new Digits(),
    };
}

const calmly = () => matchMedia("(prefers-reduced-motion: reduce)");

/** Make a place for text. */
function region(name, kind = "") {
    return el("pre", { class: `said ${kind}`, tabindex: 0, role: "region", "aria-label": name, hidden: true });
}

/** Show a text if there is one. */
function show(element, text) {
    element.hidden = !text;
    if (element.textContent !== text) {
        element.textContent = text;
    }
}
