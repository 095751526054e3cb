/** The puzzles of `katas debug` on the start page: those that the learner has, and a form for a new one. */
import { makePuzzle } from "./kata_api.js";
import { announce, button, el } from "../../../graders/web/src/dom.js";

const BUSY = "Breaking a program, and checking that its fix works. This takes some seconds…";

/**
 * Return the section, or null if there are no puzzles here.
 * @param {import("./kata_api.js").Puzzles & {fault?: string}} found
 */
export function puzzleSection({ puzzles, levels, families, fault }) {
    if (fault) {
        return el("p", { class: "failed" }, `The debugging puzzles cannot be shown: ${fault}`);
    }
    if (!families.length) {
        return null;
    }
    const solved = puzzles.filter((puzzle) => puzzle.solved_on).length;
    const count = puzzles.length ? ` ${solved} of your ${puzzles.length} puzzles solved.` : "";
    const about = `Find and fix what is broken in a generated training program.${count}`;
    return el(
        "section",
        { class: "puzzles", "aria-labelledby": "puzzles" },
        el("h2", { id: "puzzles" }, "Debugging puzzles"),
        el("p", { class: "soft" }, about),
        newPuzzle(levels, families),
        puzzles.length > 0 && el("ul", { class: "katas" }, ...puzzles.map(row)),
    );
}

/** Return the form that makes a puzzle and opens its page. */
function newPuzzle(levels, families) {
    const level = el("select", { id: "level" }, option("", "any level"));
    level.append(...levels.map(({ level: number, name }) => option(number, `${number} (${name})`)));
    const family = el("select", { id: "family" }, option("", "any kind"));
    family.append(...families.map((name) => option(name, name)));
    const seed = el("input", { id: "seed", inputmode: "numeric", pattern: "[0-9]{0,10}", size: 8, placeholder: "any" });
    const make = button("New puzzle", null, { type: "submit" });
    const said = el("p", { class: "soft", role: "alert" });
    const fields = [labelled("Level", level), labelled("Fault", family), labelled("Number", seed)];
    const form = el("form", { class: "buttons" }, ...fields, make);
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        if (make.getAttribute("aria-disabled") === "true") {
            return;
        }
        make.setAttribute("aria-disabled", "true");
        tell(said, BUSY, "soft");
        announce(BUSY);
        try {
            const wishes = { level: numberOf(level), family: family.value || null, seed: numberOf(seed) };
            const { slug } = await makePuzzle(wishes);
            if (form.isConnected) {
                location.hash = `#/${slug}`;
            }
        } catch (error) {
            tell(said, error.message, "failed");
        }
        make.setAttribute("aria-disabled", "false");
    });
    return el("div", {}, form, said);
}

function tell(element, text, kind) {
    element.className = kind;
    element.textContent = text;
}

function labelled(text, control) {
    return el("span", { class: "field" }, el("label", { for: control.id }, text), " ", control);
}

function option(value, text) {
    return el("option", { value }, text);
}

function numberOf({ value }) {
    return value.trim() ? Number(value) : null;
}

function row(/** @type {import("./kata_api.js").Puzzle} */ puzzle) {
    const { slug, name, level, program, best, points, attempts, solved_on: solvedOn, fault } = puzzle;
    if (fault) {
        const sign = el("span", { class: "sign failed", "aria-hidden": "true" }, "!");
        return el("li", {}, sign, el("strong", {}, `Puzzle ${name}`), el("span", { class: "about failed" }, fault));
    }
    const tried = attempts ? ["~", "in progress", "partial"] : ["○", "not started", "soft"];
    const [sign, state, colour] = solvedOn ? ["✓", `solved on ${solvedOn}`, "passed"] : tried;
    return el(
        "li",
        {},
        el("span", { class: `sign ${colour}`, "aria-hidden": "true" }, sign),
        el("a", { href: `#/${slug}` }, `Puzzle ${name}`),
        el("span", { class: "about soft" }, `level ${level} · ${program} · attempts: ${attempts}`),
        el("span", { class: "points" }, `${attempts ? `${best} of ` : ""}${points} points`),
        el("span", { class: `reached ${colour}` }, state),
    );
}
