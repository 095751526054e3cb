/** What the learner is going to build: the shipped networks at work. docs/make_trailer.py made trailer.json. */
import { el } from "../../../graders/web/src/dom.js";
import { keep, read } from "./kept_here.js";
import trailer from "./trailer.json";

const [KEPT, KEPT_OWN] = ["trailer", "built"]; // the keys in the browser's storage
const STEP_MS = 250;

/** Fold the trailer from now on. */
export const foldTrailer = () => keep(KEPT, "folded");

/**
 * Return the trailer. It is folded once the learner has folded it, or has `begun` a kata. What the learner has built
 * takes the place of what they will build, and stays open until they fold it.
 * @param {boolean} begun
 * @param {import("./built.js").BuiltParts} built
 */
export function trailerSection(begun, { reads, writes }) {
    const isOwn = Boolean(reads || writes);
    const key = isOwn ? KEPT_OWN : KEPT;
    const [own, other] = ["What you have built", "What you will build"];
    const heading = reads && writes ? own : isOwn ? `${own}, and what you will` : other;
    const summary = el("summary", {}, el("strong", {}, heading));
    const both = el("div", { class: "both" }, reads ?? shippedDigits(), writes ?? shippedLines());
    const open = (isOwn || !begun) && read(key, null) === null;
    const section = el("details", { class: "trailer", open }, summary, both);
    for (const list of section.querySelectorAll(".digits, .lines-written")) {
        /** @type {NodeListOf<HTMLElement>} */
        const parts = list.querySelectorAll("li > span:last-child, li:has(code)");
        parts.forEach((each, number) => {
            each.style.animationDelay = `${number * STEP_MS}ms`; // one after the other, unless motion is to be reduced
        });
    }
    summary.addEventListener("click", () => section.open && keep(key, "folded"));
    return section;
}

function shippedDigits() {
    const { digits, right, of } = trailer;
    const reads = `In part 1, you write a network that reads digits. The shipped solution has learned from
        3 000 of them, and reads ${right} of ${of} others:`;
    return el("div", {}, el("p", {}, reads), el("ul", { class: "digits" }, ...digits.map(digit)));
}

function shippedLines() {
    const { lines, bits, guessing } = trailer;
    const writes = `In part 2, you write a language model. This is what the shipped solution writes while
        it learns from little stories; the last two it was given the beginning of:`;
    const ends = `To guess the next token, a model that knows nothing needs ${guessing} bits. In the end, this one
        needs ${bits}.`;
    const written = el("ol", { class: "lines-written" }, ...lines.map(line));
    return el("div", {}, el("p", {}, writes), written, el("p", { class: "soft" }, ends));
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
