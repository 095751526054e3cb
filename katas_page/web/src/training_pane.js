/** The "Train" tab: the learner's own code trains in the sandbox, and the page draws frame after frame. */
import { beginTraining, nextFrame, readDigit, stopTraining } from "./kata_api.js";
import { DigitPad } from "./digit_pad.js";
import { button, el, hideBanner, showBanner } from "../../../graders/web/src/dom.js";
import { Curve, Digits, Sizes, Weights, pictures } from "./training_charts.js";

const ABOUT =
    "Train with your code, and watch. Nothing here is graded or counted; your files are saved first. " +
    "The first step shows the settings that you can change for the next training.";
const FRAME_MS = 1000 / 30;
const CALM_MS = 1000; // between two drawings, for those who prefer reduced motion
const SAY_MS = 5000; // between two summaries for screen readers
const FAST = "as fast as possible";
const SPEEDS = { "1 step a second": 1, "10 steps a second": 10, "60 steps a second": 60, [FAST]: Infinity };
const SMALLER = "Often the learning rate is too large: train again with a smaller one.";
const MOST_LINES = 8; // that the model has written

export class TrainingPane {
    /**
     * @param {string} slug
     * @param {string[]} programs that can be trained
     * @param {import("./workspace.js").Workspace} workspace
     */
    constructor(slug, programs, workspace) {
        this.slug = slug;
        this.workspace = workspace;
        this.run = null;
        this.paused = false;
        this.turn = 0;
        this.step = 0;
        this.of = 0; // steps, if it is known
        this.drawnAt = 0;
        this.saidAt = 0;
        this.calm = calmly();
        /** @type {Record<string, number>} */
        this.settings = {}; // of this training
        this.program = el("select", { "aria-label": "Program", hidden: programs.length < 2 });
        this.program.append(...programs.map((name) => el("option", {}, name)));
        this.main = button("Train", () => this.press(), { class: "primary" });
        this.pause = button("Pause", () => this.setPaused(!this.paused));
        this.single = button("Step", () => this.stepOnce(), { title: "Pause, and take one step" });
        const options = Object.keys(SPEEDS).map((name) => el("option", { selected: name.startsWith("60") }, name));
        this.speed = el("select", { "aria-label": "Speed" }, ...options);
        this.inputs = el("div", { class: "buttons settings", oninput: () => this.showSettings() });
        this.used = el("output", { class: "soft" });
        this.state = el("p", { class: "soft" });
        this.spoken = el("p", { class: "hidden", role: "status" });
        this.note = el("p", { class: "note", hidden: true });
        this.fault = region("Error", "failed");
        this.output = region("Output");
        this.lines = el("ol", { class: "written", "aria-label": "What your model writes", hidden: true });
        this.pad = new DigitPad((pixels) => readDigit(slug, this.run, pixels));
        this.drawings = drawings();
        this.charts = el("div", {});
        const controls = [this.program, this.main, this.pause, this.single, this.speed];
        this.element = el(
            "div",
            { class: "try training" },
            el("p", { class: "soft" }, ABOUT),
            el("div", { class: "buttons", role: "group", "aria-label": "Training" }, ...controls),
            this.inputs,
            this.used,
            this.state,
            this.spoken,
            this.note,
            this.fault,
            this.charts,
            this.lines,
            this.output,
            this.pad.element,
        );
        this.onSize = new ResizeObserver(() => this.draw());
        this.onSize.observe(this.charts);
        this.scheme = matchMedia("(prefers-color-scheme: dark)");
        this.onScheme = () => this.draw();
        this.scheme.addEventListener("change", this.onScheme);
        this.onLeave = () => this.leave();
        addEventListener("pagehide", this.onLeave);
        this.setRunning(false);
        this.fresh();
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
        this.lines.replaceChildren();
        [this.lines, this.output, this.fault, this.note].forEach((each) => (each.hidden = true));
        this.step = this.of = this.drawnAt = 0;
        this.name = "";
        this.settings = {};
        this.showSettings();
        this.saidAt = performance.now();
    }

    press() {
        if (this.running) {
            this.end().catch((error) => this.failed(error));
        } else {
            this.begin();
        }
    }

    async end() {
        this.stopped = true;
        await stopTraining(this.slug);
        if (this.paused) {
            this.setPaused(false); // asks for the last frame
        }
    }

    async begin() {
        const turn = (this.turn += 1);
        this.setRunning(true);
        this.paused = this.stopped = false;
        this.pause.textContent = "Pause";
        this.fresh();
        this.state.textContent = "starting…";
        const settings = /** @type {Record<string, number>} */ ({});
        for (const input of this.inputs.querySelectorAll("input")) {
            settings[input.name] = input.valueAsNumber; // NaN becomes null, and then the program's own value counts
        }
        try {
            await this.workspace.flush();
            this.take(await beginTraining(this.slug, { program: this.program.value, settings, steps: 1 }));
            hideBanner("action");
            await this.goOn(turn);
        } catch (error) {
            this.failed(error);
        }
    }

    /** Ask for frames until the training ends or is paused. */
    async goOn(turn) {
        while (this.running && !this.paused && turn === this.turn) {
            const rate = SPEEDS[this.speed.value];
            const pause = Math.max(FRAME_MS, 1000 / rate);
            const fast = { steps: 1e6, seconds: FRAME_MS / 1000 };
            const limits = rate === Infinity ? fast : { steps: Math.round((rate * pause) / 1000), seconds: 1 };
            const wait = new Promise((resolve) => setTimeout(resolve, pause));
            const waits = setTimeout(() => (this.state.textContent = `${this.where()}, computing…`), 2000);
            try {
                await this.ask(limits);
            } finally {
                clearTimeout(waits);
            }
            await wait;
        }
    }

    async ask(limits) {
        this.asked = nextFrame(this.slug, { run: this.run, ...limits });
        this.take(await this.asked);
    }

    setPaused(paused) {
        this.paused = paused;
        this.pause.textContent = paused ? "Go on" : "Pause";
        if (!paused && this.running) {
            this.goOn((this.turn += 1)).catch((error) => this.failed(error));
        }
    }

    async stepOnce() {
        this.setPaused(true);
        try {
            await this.asked; // the frame that is on its way
            if (this.running) {
                await this.ask({ steps: 1, seconds: 1 });
            }
        } catch (error) {
            this.failed(error);
        }
    }

    /** Take what has happened from a frame. Everything in it is text or a number, and is shown as text. */
    take(/** @type {import("./kata_api.js").Frame} */ frame) {
        const { loss, accuracy, weights, sizes, digits } = this.drawings;
        this.run = frame.run;
        if (frame.begins) { // a program may have several trainings
            this.of = frame.of;
            this.name = frame.title;
            [loss, accuracy].forEach((curve) => curve.restart(frame.title));
            sizes.restart();
        }
        loss.of = accuracy.of = this.of;
        this.step = frame.step || this.step;
        if (frame.unit) {
            loss.title.textContent = frame.unit === "loss" ? "Loss" : `Loss in ${frame.unit}`;
        }
        if (Object.keys(frame.settings).length) {
            this.offer(frame.settings);
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
            this.lines.hidden = false;
            this.lines.append(el("li", {}, el("span", { class: "soft" }, `step ${this.step}: `), frame.text));
            [...this.lines.children].slice(0, -MOST_LINES).forEach((line) => line.remove());
        }
        show(this.note, frame.note || this.whatIsLost());
        show(this.output, frame.output);
        show(this.fault, this.stopped ? "" : frame.fault);
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
        if (frame.done) {
            this.setRunning(false);
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
        return done ? (this.stopped ? "stopped, " : fault ? "ended with an error, " : "done, ") : "";
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

    /** Offer the settings that a program takes, with the values that it has now. */
    offer(/** @type {Record<string, number>} */ settings) {
        for (const [name, value] of Object.entries(settings)) {
            if (!this.field(name)) {
                const input = el("input", { type: "number", name, value, step: "any", size: 8 });
                this.inputs.append(el("label", {}, `${spaced(name)} `, input));
            }
        }
        Object.assign(this.settings, settings);
        this.showSettings();
    }

    /** Return the field of a setting. */
    field(/** @type {string} */ name) {
        return [...this.inputs.querySelectorAll("input")].find((input) => input.name === name);
    }

    /** Say which settings this training has, and when others count. */
    showSettings() {
        const own = Object.entries(this.settings);
        const isOther = own.some(([name, value]) => {
            const typed = this.field(name)?.valueAsNumber ?? NaN;
            return typed !== value && !Number.isNaN(typed);
        });
        const rate = own.find(([name]) => name.includes("rate"))?.[1] ?? NaN;
        const parts = [
            own.length && `This training: ${own.map(([name, value]) => `${spaced(name)} ${value}`).join(", ")}.`,
            rate === 0 && "With a rate of 0, nothing changes.",
            rate < 0 && "With a negative rate, every step goes uphill, so the loss grows.",
            isOther && "What you have changed counts from the next training.",
        ];
        this.used.textContent = parts.filter(Boolean).join(" ");
        this.used.classList.toggle("changed", isOther);
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
        [this.pause, this.single].forEach((each) => (each.hidden = !running));
        this.program.disabled = running;
    }

    close() {
        this.turn += 1;
        this.onSize.disconnect();
        this.scheme.removeEventListener("change", this.onScheme);
        removeEventListener("pagehide", this.onLeave);
        this.leave();
    }

    /** End the process, which would otherwise wait for a digit. */
    leave() {
        if (this.run !== null || this.running) {
            stopTraining(this.slug).catch(() => {}); // nobody watches any more
        }
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

const spaced = (name) => name.replaceAll("_", " ");

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
