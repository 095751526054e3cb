/** The verdict's HTML, replaced in place: what is open, focused and scrolled stays so where the same test is shown. */
import { linesOf } from "../../../graders/web/src/code_lines.js";
import { announce, button, el } from "../../../graders/web/src/dom.js";

const FOCUSABLE = "summary, button, a, [tabindex='0']";

export class VerdictView {
    /** @param {(code: string) => void} tryOut is called with code that the learner wants to run */
    constructor(tryOut) {
        this.tryOut = tryOut;
        this.html = null;
        this.toggled = new Map(); // what the learner has opened or closed, by the text of its summary
        this.element = el("div", { class: "verdict", tabindex: -1 });
        this.element.addEventListener("click", (event) => this.noteToggle(event));
    }

    noteToggle({ target }) {
        const summary = target.closest("summary");
        if (summary) {
            this.toggled.set(summary.textContent, !summary.parentElement.open); // it is toggled after this event
        }
    }

    /** Show other HTML from the server. */
    show(html) {
        if (html === this.html) {
            return;
        }
        const focus = this.placeOf(document.activeElement);
        const scrolled = [scroller(this.element), document.scrollingElement].map((each) => [each, each?.scrollTop]);
        this.html = html;
        this.element.innerHTML = html;
        for (const details of this.element.querySelectorAll("details")) {
            details.open = this.toggled.get(summaryOf(details)) ?? details.open;
        }
        this.element.querySelectorAll("pre.code").forEach((pre) => {
            addButtons(pre, this.tryOut);
            arrange(pre);
        });
        this.element.querySelectorAll("details [role=region]").forEach(nameTest);
        scrolled.forEach(([each, top]) => each && (each.scrollTop = top));
        this.restoreFocus(focus);
    }

    /** Return where an element is: its test, and its number among the focusable elements there. */
    placeOf(element) {
        if (!element || element === this.element || !this.element.contains(element)) {
            return null;
        }
        const details = element.closest("details");
        const around = details ?? this.element;
        const number = [...around.querySelectorAll(FOCUSABLE)].indexOf(element);
        return { test: details && summaryOf(details), number };
    }

    restoreFocus(place) {
        if (place === null) {
            return;
        }
        const tests = [...this.element.querySelectorAll("details")];
        const around = place.test === null ? this.element : tests.find((each) => summaryOf(each) === place.test);
        const found = /** @type {HTMLElement | undefined} */ (around?.querySelectorAll(FOCUSABLE)[place.number]);
        (found ?? this.element).focus({ preventScroll: true });
    }
}

function summaryOf(details) {
    return details.querySelector("summary")?.textContent ?? "";
}

/** Return the element that scrolls when this one is too long, or null. */
function scroller(element) {
    return element.closest(".pane");
}

/** Add the test to the name of a table: several tests may have tables with the same caption. */
function nameTest(region) {
    const test = summaryOf(region.closest("details"));
    region.setAttribute("aria-label", `${region.getAttribute("aria-label")}, ${test}`);
}

/** Show the imports on one line, and let long lines continue below. The text to copy stays the same. */
function arrange(pre) {
    const [imports] = pre.textContent.match(/^((import|from) .*\n)*/);
    const folded = imports ? [el("span", { class: "imports", title: imports }, imports)] : [];
    pre.replaceChildren(...folded, ...linesOf(pre.textContent.slice(imports.length)));
}

function addButtons(pre, tryOut) {
    const label = "Copy";
    const copy = button(label, () => copyText(pre, copy), { class: "copy", "aria-label": "Copy this code" });
    const run = button("Try", () => tryOut(pre.textContent), { class: "copy", "aria-label": "Try this code" });
    pre.before(el("div", { class: "copying" }, run, copy));
}

/** Copy a block's text. If the browser does not allow it, select the text instead. */
async function copyText(pre, copy) {
    try {
        await navigator.clipboard.writeText(pre.textContent);
        copy.textContent = "Copied";
        announce("Copied.");
        setTimeout(() => (copy.textContent = "Copy"), 2000);
    } catch {
        getSelection()?.selectAllChildren(pre);
        announce("Selected. Press Ctrl-C to copy.");
    }
}
