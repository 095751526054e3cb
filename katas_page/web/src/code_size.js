/** The size of code in the editors, which the learner may change. */
import { button, el } from "../../../graders/web/src/dom.js";
import { keep, read } from "./kept_here.js";

const KEPT = "code size"; // the key in the browser's storage
const [SMALLEST, USUAL, LARGEST] = [10.5, 12.5, 24.5]; // pixels, if the browser's usual size is 16

/** Return two buttons. `changed` is called after each change. */
export function sizeButtons(/** @type {() => void} */ changed) {
    let size = USUAL;
    const set = (wanted) => {
        size = Math.min(LARGEST, Math.max(SMALLEST, Number(wanted) || USUAL));
        document.documentElement.style.setProperty("--code", `${size / 16}rem`);
    };
    const step = (by) => () => {
        set(size + by);
        keep(KEPT, size);
        changed();
    };
    set(read(KEPT, USUAL));
    return el(
        "span",
        { class: "sizes", role: "group", "aria-label": "Size of code" },
        button("A−", step(-1), { "aria-label": "Smaller code", title: "Smaller code" }),
        button("A+", step(1), { "aria-label": "Larger code", title: "Larger code" }),
    );
}
