/** Dragging with a pointer, and sliders that are part of a picture. */
import { el } from "../../../graders/web/src/dom.js";

/** Pass on where a pointer drags an element: to what `grabbed` returns for the first event, unless that is nothing. */
export function dragging(/** @type {Element} */ element, grabbed) {
    let moved;
    element.addEventListener("pointerdown", (event) => {
        const { pointerId } = /** @type {PointerEvent} */ (event);
        moved = grabbed(event);
        if (moved) {
            element.setPointerCapture(pointerId);
        }
    });
    element.addEventListener("pointermove", (event) => moved?.(event));
    element.addEventListener("lostpointercapture", () => (moved = null));
}

const MOST = 1e6; // steps, which the ends of the slider limit
const ARROWS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 };
const STEPS = { ...ARROWS, PageUp: 10, PageDown: -10, Home: -MOST, End: MOST };

/** A slider that a picture shows, such as the end of a bar. An input of type range keeps its value, and isn't shown. */
export class Grip {
    constructor(/** @type {HTMLInputElement} */ input, /** @type {string} */ label) {
        this.input = input;
        /** @type {(event: PointerEvent) => number} returns the value that belongs to a place on the screen */
        this.under = () => 0;
        const { min, max } = input;
        const about = { role: "slider", tabindex: 0, "aria-label": label, "aria-valuemin": min, "aria-valuemax": max };
        this.element = el("div", { class: "grip", ...about, onkeydown: (event) => this.press(event) });
        dragging(this.element, (event) => {
            const from = this.under(event) - Number(input.value);
            return (later) => this.move(this.under(later) - from);
        });
    }

    press(/** @type {KeyboardEvent} */ event) {
        if (event.key in STEPS && !event.ctrlKey && !event.metaKey && !event.altKey) {
            event.preventDefault();
            this.move(Number(this.input.value) + STEPS[event.key] * Number(this.input.step));
        }
    }

    move(/** @type {number} */ value) {
        const before = this.input.value;
        this.input.value = String(value); // rounded to a step, and limited
        if (this.input.value !== before) {
            this.element.dispatchEvent(new Event("input", { bubbles: true }));
        }
    }

    /** Go to a place of a plot, which `frame` shows, and move along one of its axes from there. */
    show(/** @type {Element} */ frame, plot, /** @type {import("./plot.js").GripPlace} */ place) {
        const { axis, words, at: [x, y], size: [width, height] } = place;
        if (this.element.parentElement !== frame) {
            frame.append(this.element); // only once, because it would lose the focus
        }
        this.under = (event) => plot.under(event, frame.getBoundingClientRect())[axis === "x" ? 0 : 1];
        this.element.textContent = words;
        this.element.classList.toggle("upright", axis === "y");
        this.element.setAttribute("aria-orientation", axis === "y" ? "vertical" : "horizontal");
        const [across, down] = [100 / plot.width, 100 / plot.height];
        Object.assign(this.element.style, {
            left: `${(x - width / 2) * across}%`,
            top: `${(y - height / 2) * down}%`,
            width: `${width * across}%`,
            height: `${height * down}%`,
        });
    }
}
