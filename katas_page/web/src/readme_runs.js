/** "Run" above the code blocks of a README that are Python: the server has said which lines to run. */
import { button, el } from "../../../graders/web/src/dom.js";

/** Add the buttons. `run` gets the lines. */
export function addRuns(/** @type {HTMLElement} */ readme, /** @type {(lines: string) => void} */ run) {
    for (const pre of readme.querySelectorAll("pre[data-lines]")) {
        const { lines = "" } = /** @type {HTMLElement} */ (pre).dataset;
        const start = button("Run", () => run(lines), { class: "copy", title: "Run these lines in Try" });
        pre.before(el("div", { class: "copying" }, start));
    }
}
