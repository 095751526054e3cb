/** A figure that answers: it stands below a README's picture, and is drawn again whenever one of its controls moves. */
import { button, el } from "../../../graders/web/src/dom.js";
import { Grip, dragging } from "./dragging.js";
import { linesOf, numbersIn, shapeOf, strange } from "./own_code.js";
import { Plot } from "./plot.js";

/**
 * Add a kata's figure to its README, and return it, or null if the kata has none.
 *
 * A figure is a module figures/SLUG.js, and belongs to the bundle. It is not read from katas/, because a submission
 * that is unpacked there could bring its own, and a script of this page can save files in the learner's name.
 * @param {HTMLElement} readme
 * @param {string} slug
 * @param {(lines: string) => Promise<{value: string, fault: string}>} run runs lines with the learner's files
 * @param {() => Promise<any>} stop stops them
 */
export async function addFigure(readme, slug, run, stop) {
    const about = await moduleOf(slug);
    const picture = readme.querySelector("img");
    if (!about || !picture) {
        return null;
    }
    const figure = new Figure(about, run, stop);
    const after = (each) => picture.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING;
    const heading = [...readme.querySelectorAll("h2, h3")].find(after); // the text above explains the picture
    readme.insertBefore(figure.element, heading ?? null);
    return figure;
}

async function moduleOf(slug) {
    try {
        return await import(`./figures/${slug}.js`); // the bundle contains them all
    } catch {
        return null; // most katas have no figure
    }
}

class Figure {
    constructor(about, run, stop) {
        this.about = about;
        this.run = run;
        this.stop = stop;
        /** @type {ReturnType<typeof panel>[]} */
        this.panels = [];
        this.answer = null;
        this.asking = false;
        this.controls = Object.entries(about.controls).map(([name, each]) => control(name, each));
        this.plots = el("div", { class: "plots" });
        this.said = el("p", { class: "reading", "aria-live": "polite" });
        this.mine = el("input", { type: "checkbox", onchange: () => this.changed() });
        const { own } = about;
        const first = this.values;
        this.element = el(
            "figure",
            { class: "answers" },
            el("figcaption", {}, el("strong", {}, "Try it. "), about.caption),
            this.plots,
            this.said,
            el("div", { class: "controls" }, ...this.controls.map((each) => each.element)),
            el(
                "div",
                { class: "buttons" },
                own && el("label", {}, this.mine, ` Use my ${own.name}`),
                button("Start again", () => this.set(first)),
            ),
        );
        this.element.addEventListener("input", (event) => event.target !== this.mine && this.changed());
        this.draw();
    }

    get values() {
        return Object.fromEntries(this.controls.map((each) => [each.name, each.read()]));
    }

    /** Give some controls new values, which their ranges limit. */
    set(values) {
        const before = JSON.stringify(this.values);
        this.controls.filter(({ name }) => name in values).forEach(({ name, write }) => write(values[name]));
        if (JSON.stringify(this.values) !== before) {
            this.changed();
        }
    }

    changed() {
        this.controls.forEach((each) => each.tell());
        if (this.mine.checked) {
            this.ask();
        } else {
            if (this.asking) {
                this.stop().catch(() => {}); // nobody waits for the answer any more
            }
            this.answer = null;
            this.draw();
        }
    }

    /** Draw with the learner's own function. There is one run at a time, and the latest values win. */
    async ask() {
        this.wanted = true;
        if (this.asking) {
            return;
        }
        this.asking = true;
        this.said.textContent = `Running your ${this.about.own.name}…`;
        while (this.wanted) {
            this.wanted = false;
            const { values } = this;
            const answer = await this.answered(values);
            if (this.mine.checked) {
                this.answer = { values, ...answer };
                this.draw();
            } else {
                this.wanted = false;
            }
        }
        this.asking = false;
    }

    /** Return the numbers of the learner's function, or say why there are none. */
    async answered(values) {
        const { name } = this.about.own;
        const right = this.about.numbers(values);
        try {
            const { value, fault } = await this.run(linesOf(this.about.own, values));
            if (fault) {
                return { why: `Your ${name} gave no numbers: ${fault.trim().split("\n").at(-1).slice(0, 200)}` };
            }
            const numbers = numbersIn(value, right);
            const needed = `The figure needs an array of shape ${shapeOf(right)}.`;
            const instead = `Your ${name} returned ${strange(value)}. ${needed}`;
            return numbers ? { numbers } : { why: instead };
        } catch (error) {
            return { why: error.message };
        }
    }

    draw() {
        const { about, answer } = this;
        const values = answer?.values ?? this.values;
        const right = about.numbers(values);
        const numbers = answer ? (answer.numbers ?? nothing(right)) : right;
        const plots = [];
        const said = about.draw(values, numbers, (each) => plots[plots.push(new Plot(each)) - 1]);
        const { compared = off, name } = about.own ?? {};
        this.said.textContent = answer ? (answer.why ?? `${compared(numbers, right, name)} ${said}`) : said;
        plots.forEach((plot, number) => {
            if (number === this.panels.length) {
                this.panels.push(panel((given) => this.set(given)));
                this.plots.append(this.panels[number].element);
            }
            this.panels[number].show(plot, this.controls);
        });
    }

    /** Run the learner's function again if their files have changed. */
    refresh(files) {
        if (this.files !== files && this.mine.checked) {
            this.ask();
        }
        this.files = files;
    }

    close() {
        this.mine.checked = false;
        this.changed();
    }
}

/**
 * Return a control: a choice if it has options, a switch if it is checked or not, a line of text if it has a length, or
 * else a slider. If it is dragged, the picture shows the slider.
 */
function control(name, { label, value, checked, options, length, min, max, step, dragged, show = String }) {
    const id = `figure-${name}`;
    const isSwitch = checked !== undefined;
    const kind = isSwitch ? "checkbox" : length ? "text" : "range";
    const typed = length && { maxlength: length, autocomplete: "off", spellcheck: "false" };
    const box = el("input", { id, type: kind, min, max, step, ...typed });
    const input = options
        ? el("select", { id }, ...options.map((words, number) => el("option", { value: number }, words)))
        : box;
    const grip = dragged ? new Grip(box, label) : null;
    const shown = el("span", { class: "value", "aria-hidden": "true" });
    const parts = [el("label", { for: id }, label), shown, input];
    const element = grip ? null : el("div", { class: `control ${input.type}` }, ...parts);
    const tell = () => {
        if (input.type === "range") {
            shown.textContent = show(Number(input.value)).replace("-", "−");
            (grip?.element ?? input).setAttribute("aria-valuetext", shown.textContent);
            grip?.element.setAttribute("aria-valuenow", input.value);
        }
    };
    const read = () => (isSwitch ? box.checked : length ? box.value : Number(input.value));
    const write = (given) => (isSwitch ? (box.checked = given) : (input.value = given));
    write(value ?? checked ?? 0);
    tell();
    return { name, element, grip, read, write, tell };
}

/** Return a picture whose handles can be dragged, and whose other marks may choose values. */
function panel(set) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const element = el("div", {}, svg);
    /** @type {Plot} */
    let shown;
    svg.setAttribute("role", "img");
    const show = (/** @type {Plot} */ plot, /** @type {ReturnType<typeof control>[]} */ controls) => {
        shown = plot;
        svg.setAttribute("viewBox", `0 0 ${plot.width} ${plot.height}`);
        svg.setAttribute("aria-label", plot.title);
        svg.replaceChildren(...plot.marks);
        for (const place of plot.grips) {
            controls.find(({ name }) => name === place.name)?.grip?.show(element, plot, place);
        }
    };
    dragging(svg, (event) => {
        /** @type {Function | undefined} */
        const moved = shown.handles[Number(dataOf(event).handle)];
        return moved && ((later) => set(moved(...shown.under(later, svg.getBoundingClientRect()))));
    });
    const choose = (event) => {
        const wanted = dataOf(event).set;
        if (wanted) {
            set(JSON.parse(wanted));
        }
    };
    svg.addEventListener("click", choose);
    svg.addEventListener("pointerover", (event) => event.pointerType === "mouse" && choose(event));
    return { element, show };
}

/** Return the data attributes of the mark that an event is about. */
function dataOf({ target }) {
    return /** @type {SVGElement} */ (target).dataset;
}

function nothing(numbers) {
    return Array.isArray(numbers) ? numbers.map(nothing) : NaN;
}

/** Say how the learner's numbers compare with those of the formula. */
function off(numbers, right, name) {
    const [own, wanted] = [numbers.flat(9), right.flat(9)];
    const strangers = own.filter((each) => !Number.isFinite(each)).length;
    if (strangers) {
        return `${strangers} of the ${own.length} numbers of your ${name} are NaN or infinite, and aren't drawn.`;
    }
    const most = Math.max(...own.map((each, at) => Math.abs(each - wanted[at])));
    return most < 1e-6
        ? `This is your ${name}. It agrees with the formula.`
        : `This is your ${name}. It is off by up to ${most.toPrecision(2)}.`;
}
