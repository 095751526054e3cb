/** The learner's files on paper: whole, because the editors show only a part of each. */
import { el } from "../../../graders/web/src/dom.js";

/** Return what is printed of the files. */
export function printed(/** @type {Iterable<{name: string, text: string}>} */ files) {
    return [...files].flatMap(({ name, text }) => (text ? [el("h2", {}, name), el("pre", {}, text)] : []));
}
