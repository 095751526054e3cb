/** What the learner is going to build: the shipped networks at work. docs/make_trailer.py made trailer.json. */
import { el } from "../../../graders/web/src/dom.js";
import trailer from "./trailer.json";

const KEPT = "trailer"; // the key in the browser's storage
const STEP_MS = 250;

/** Fold the trailer from now on. */
export function foldTrailer() {
    try {
        localStorage.setItem(KEPT, "folded");
    } catch {
        // The storage is full or disabled. The trailer stays open.
    }
}

function isFolded() {
    try {
        return localStorage.getItem(KEPT) !== null;
    } catch {
        return false;
    }
}

/** Return the trailer. It is folded once the learner has folded it, or has `begun` a kata. */
export function trailerSection(begun) {
    const { digits, right, of, lines, bits, guessing } = trailer;
    const summary = el("summary", {}, el("strong", {}, "What you will build"));
    const reads = `In part 1, you write a network that reads digits. The shipped solution has learned from
        3 000 of them, and reads ${right} of ${of} others:`;
    const writes = `In part 2, you write a language model. This is what the shipped solution writes while
        it learns from little stories; the last two it was given the beginning of:`;
    const ends = `To guess the next token, a model that knows nothing needs ${guessing} bits. In the end, this one
        needs ${bits}.`;
    const section = el(
        "details",
        { class: "trailer", open: !begun && !isFolded() },
        summary,
        el(
            "div",
            { class: "both" },
            el("div", {}, el("p", {}, reads), el("ul", { class: "digits" }, ...digits.map(digit))),
            el(
                "div",
                {},
                el("p", {}, writes),
                el("ol", { class: "lines-written" }, ...lines.map(line)),
                el("p", { class: "soft" }, ends),
            ),
        ),
    );
    for (const list of section.querySelectorAll(".digits, .lines-written")) {
        /** @type {NodeListOf<HTMLElement>} */
        const parts = list.querySelectorAll("li > span:last-child, li:has(code)");
        parts.forEach((each, number) => {
            each.style.animationDelay = `${number * STEP_MS}ms`; // one after the other, unless motion is to be reduced
        });
    }
    summary.addEventListener("click", () => section.open && foldTrailer());
    return section;
}

function digit({ picture, read, is }) {
    const wrong = read !== is;
    const alt = `A handwritten ${is}, read as`;
    const said = wrong && el("span", { class: "hidden" }, " (wrong)");
    const found = el("span", {}, String(read), said);
    return el("li", { class: wrong ? "wrong" : "" }, el("img", { src: picture, alt }), found);
}

function line({ step, text }, number, lines) {
    const isSame = lines[number - 1]?.step === step;
    const at = el("span", { class: isSame ? "hidden" : "soft" }, `step ${step}`);
    return el("li", {}, el("span", {}, at), el("code", {}, text.replaceAll("\n", "⏎")));
}
