/** Let long lines of code continue below, indented. What belongs together stays together, and the text the same. */
import { el } from "./elements.js";

const HANGING = 2; // columns
const ENTRIES = /(?<=, )(?='\w+': )|(?<= {3})(?=[^ ])/; // before an entry of a dict, and after a wide gap
const MATRIX = /\n {4,}\[/; // a matrix over several lines would fall apart

/** Return the lines as elements. Every line but the last ends with its line break. */
export function linesOf(text) {
    return text.split(/(?<=\n)/).map((line) => {
        const indent = line.search(/[^ ]|$/);
        const parts = line.slice(indent).split(ENTRIES);
        const entries = parts.length > 1 ? parts.map((part) => el("span", { class: "entry" }, part)) : parts;
        const found = el("span", { class: "line" }, line.slice(0, indent), ...entries);
        found.style.paddingLeft = `${indent + HANGING}ch`;
        found.style.textIndent = `-${indent + HANGING}ch`;
        return found;
    });
}

/** Wrap the lines of a block that is too wide, unless it has colours or a matrix. */
export function wrap(pre) {
    const code = pre.querySelector("code") ?? pre;
    if (!code.childElementCount && !MATRIX.test(code.textContent)) {
        pre.classList.add("wrapped");
        code.replaceChildren(...linesOf(code.textContent));
    }
}
