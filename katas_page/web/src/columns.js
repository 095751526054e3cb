/** The separators between the three columns of a wide page, and the widths that the learner has chosen with them. */
import { el } from "../../../graders/web/src/dom.js";
import { keep, read } from "./kept_here.js";

const KEPT = "columns"; // the keys in the browser's storage
const FOLDED = "folded columns";
const NARROWEST = 15; // percent of the page, for the outer columns
const WIDEST = 55;
const LEAST_MIDDLE = 20;
const STEP = 2;

/** The widths of the outer columns in percent, by the side on which they are. None means that the style decides. */
export class Columns {
    /**
     * @param {HTMLElement} page the element whose children are the columns, side by side
     * @param {(side: string, folded: boolean) => void} changed is called when a column may have been folded
     */
    constructor(page, names, changed) {
        this.page = page;
        this.changed = changed;
        this.widths = kept();
        this.folded = new Set(read(FOLDED, []).filter?.((side) => ["left", "right"].includes(side)) ?? []);
        this.separators = {
            left: this.separator("left", names[0]),
            right: this.separator("right", names[2]),
        };
    }

    separator(side, name) {
        const bar = el("div", {
            class: "bar",
            role: "separator",
            tabindex: 0,
            "aria-orientation": "vertical",
            "aria-label": `Width of ${name}`,
            "aria-valuemin": 0,
            "aria-valuemax": WIDEST,
            title: "Drag, or use the arrow keys. Enter folds the column. Double-click to undo.",
            onkeydown: (event) => this.key(event, side),
            ondblclick: () => this.forget(side),
        });
        bar.addEventListener("pointerdown", (event) => {
            bar.setPointerCapture(event.pointerId);
            event.preventDefault(); // so that no text is selected
            bar.focus();
        });
        bar.addEventListener("pointermove", (event) => {
            if (bar.hasPointerCapture(event.pointerId)) {
                this.drag(event.clientX, side);
            }
        });
        bar.addEventListener("lostpointercapture", () => keep(KEPT, this.widths));
        return bar;
    }

    drag(x, side) {
        const { left, width } = this.page.getBoundingClientRect();
        const share = (100 * (x - left)) / width;
        const wanted = side === "left" ? share : 100 - share;
        this.fold(side, wanted < NARROWEST / 2);
        if (!this.folded.has(side)) {
            this.set(side, wanted);
        }
    }

    /** Fold an outer column, or unfold it. */
    fold(side, folded = !this.folded.has(side)) {
        if (folded !== this.folded.has(side)) {
            this.folded[folded ? "add" : "delete"](side);
            keep(FOLDED, [...this.folded]);
            this.apply();
        }
    }

    key(event, side) {
        const outwards = side === "left" ? "ArrowLeft" : "ArrowRight"; // makes the outer column narrower
        const inwards = side === "left" ? "ArrowRight" : "ArrowLeft";
        const now = this.shown(side);
        const wanted = { [outwards]: now - STEP, [inwards]: now + STEP, Home: NARROWEST, End: WIDEST }[event.key];
        if (wanted !== undefined && !event.altKey && !event.ctrlKey && !event.metaKey) {
            event.preventDefault();
            this.fold(side, false);
            this.set(side, wanted);
            keep(KEPT, this.widths);
        } else if (event.key === "Enter") {
            this.fold(side);
        } else if (event.key === "Delete" || event.key === "Backspace") {
            this.forget(side);
        }
    }

    /** Return the width of a column as it is on the screen. */
    shown(side) {
        const { left, right } = this.separators;
        const column = side === "left" ? left.previousElementSibling : right.nextElementSibling;
        const [width, whole] = [column, this.page].map((each) => each?.getBoundingClientRect().width ?? 0);
        return (100 * width) / whole;
    }

    set(side, width) {
        const other = this.shown(side === "left" ? "right" : "left");
        const most = Math.min(WIDEST, 100 - LEAST_MIDDLE - other);
        this.widths[side] = Math.round(10 * Math.max(NARROWEST, Math.min(width, most))) / 10;
        this.apply();
    }

    /** Go back to the width that the style gives. */
    forget(side) {
        delete this.widths[side];
        keep(KEPT, this.widths);
        this.fold(side, false);
        this.apply();
    }

    /** Show the chosen widths. Call this again whenever the columns have become visible. */
    apply() {
        for (const side of ["left", "right"]) {
            const folded = this.folded.has(side);
            const width = folded ? 0 : this.widths[side];
            this.page.classList.toggle(`no-${side}`, folded);
            this.changed(side, folded);
            if (width === undefined) {
                this.page.style.removeProperty(`--${side}`);
            } else {
                this.page.style.setProperty(`--${side}`, `${width}%`);
            }
        }
        for (const [side, bar] of Object.entries(this.separators)) {
            if (this.page.isConnected) {
                bar.setAttribute("aria-valuenow", String(Math.round(this.shown(side))));
            }
        }
    }
}

/** Return the stored widths that are possible. */
function kept() {
    const isPossible = ([side, width]) => ["left", "right"].includes(side) && width >= NARROWEST && width <= WIDEST;
    const widths = Object.fromEntries(Object.entries(read(KEPT, {})).filter(isPossible));
    return (widths.left ?? 0) + (widths.right ?? 0) <= 100 - LEAST_MIDDLE ? widths : {};
}
