/** The start page: the way through the katas, which piece of the network each one adds, and what to do next. */
import { listKatas, listPuzzles } from "./kata_api.js";
import { showKeys } from "./dialogs.js";
import { button, el } from "../../../graders/web/src/dom.js";
import { BuiltParts } from "./built.js";
import { puzzleSection } from "./puzzles.js";
import { trailerSection } from "./trailer.js";

const MOST_DIFFICULT = 5;

/** @typedef {import("./kata_api.js").ListedKata} ListedKata */

export class StartPage {
    /** Read the lists of katas and puzzles, and return the page. */
    static async open() {
        const none = (error) => ({ puzzles: [], levels: [], families: [], fault: error.message });
        return new StartPage(...(await Promise.all([listKatas(), listPuzzles().catch(none)])));
    }

    /**
     * @param {import("./kata_api.js").Overview} overview
     * @param {Parameters<typeof puzzleSection>[0]} puzzles
     */
    constructor({ katas, built, broken, next, summary, warning, progress, kept_in: kept }, puzzles) {
        this.title = "Katas";
        const header = el("header", {}, el("h1", { tabindex: -1 }, "Katas"), button("Keys", showKeys));
        this.built = new BuiltParts(built);
        const main = el("main", { class: "start" }, trailerSection(katas.some((kata) => kata.tries), this.built));
        main.append(...(summary ? [el("p", { class: "summary" }, summary)] : []));
        main.append(...(warning ? [el("p", { class: "partial" }, warning)] : []));
        const chosen = next && katas.find((kata) => kata.slug === next.slug);
        if (chosen) {
            main.append(nextKata(chosen, next.why));
        }
        for (const heading of new Set(katas.map((kata) => kata.heading))) {
            const members = katas.filter((kata) => kata.heading === heading);
            const stops = members.map((kata) => stop(kata, kata === chosen, progress, katas));
            main.append(el("h2", {}, heading), el("ol", { class: "katas way" }, ...stops));
        }
        main.append(...(kept ? [el("p", { class: "soft" }, ...place(kept))] : []));
        main.append(...(broken.length ? [el("ul", { class: "katas" }, ...broken.map(brokenKata))] : []));
        main.append(puzzleSection(puzzles) ?? "");
        this.content = [header, main];
    }

    close() {
        this.built.close();
    }
}

/** Return the line that explains results that come from another folder. */
function place(kept) {
    return ["Your progress is kept in ", el("code", {}, kept), ", so it includes what you did in other copies."];
}

function nextKata(/** @type {ListedKata} */ kata, /** @type {string} */ why) {
    return el(
        "section",
        { class: "next", "aria-labelledby": "next" },
        el("h2", { id: "next" }, `Next: ${kata.title}`),
        el("p", { class: "soft" }, why),
        el("p", {}, el("a", { class: "button primary", href: `#/${kata.slug}` }, kata.tries ? "Continue" : "Start")),
    );
}

/** Return the row of a kata whose kata.toml cannot be read. */
function brokenKata(/** @type {import("./kata_api.js").Broken} */ { slug, fault }) {
    const sign = el("span", { class: "sign failed", "aria-hidden": "true" }, "!");
    return el("li", {}, sign, el("strong", {}, slug), el("span", { class: "about failed" }, fault));
}

/**
 * Return a kata as a stop on the way. At a milestone, the pieces from earlier katas come together.
 * @param {ListedKata} kata
 * @param {boolean} isNext
 * @param {boolean} progress whether it is known
 * @param {ListedKata[]} katas
 */
function stop(kata, isNext, progress, katas) {
    const [sign, state, colour] = progress ? stateOf(kata) : ["·", "", "soft"];
    const best = kata.tries && typeof kata.best === "number" ? `${kata.best} of ` : "";
    const pieces = kata.builds_on.flatMap((slug) => katas.filter((each) => each.slug === slug));
    const said = el("span", { class: colour === "soft" ? "hidden" : "unbroken" }, `· ${state}`);
    const meets = kata.kind === "milestone" && pieces.length > 0;
    return el(
        "li",
        { class: [kata.kind, colour, isNext && "chosen"].filter(Boolean).join(" "), "aria-current": isNext && "step" },
        el("span", { class: "sign", "aria-hidden": "true" }, sign),
        el("span", { class: "about soft" }, `${nameOf(kata)} · ${minutes(kata.minutes)} · `, difficulty(kata)),
        el("a", { href: `#/${kata.slug}` }, kata.title),
        kata.adds && el("p", { class: "adds" }, kata.adds),
        meets && el("p", { class: "pieces soft" }, "Made of what you wrote in ", ...pieces.flatMap(piece)),
        el("span", { class: "reached soft" }, `${best}${kata.points} points `, state && said),
    );
}

/** Return "Exercise 5" for exercise05, and "Framework" for meta. */
function nameOf(/** @type {ListedKata} */ { slug, kind }) {
    const number = slug.match(/^[a-z]+0*(\d+)$/)?.[1] ?? "";
    return `${kind[0].toUpperCase()}${kind.slice(1)} ${number}`.trim();
}

function piece(/** @type {ListedKata} */ kata, /** @type {number} */ number, /** @type {ListedKata[]} */ pieces) {
    const name = kata.kind === pieces[number - 1]?.kind ? nameOf(kata).split(" ").pop() : nameOf(kata).toLowerCase();
    const sign = kata.done_on && el("span", { "aria-hidden": "true" }, " ✓");
    const said = kata.done_on && el("span", { class: "hidden" }, " (done)");
    return [number ? ", " : "", el("span", { class: "unbroken" }, name, sign || "", said || "")];
}

/** Return a kata's sign, its state in words, and the class of its colour. */
function stateOf(/** @type {ListedKata} */ kata) {
    if (kata.done_on) {
        return ["✓", `done on ${kata.done_on}`, "passed"];
    }
    return kata.tries ? ["~", "in progress", "partial"] : ["○", "not started", "soft"];
}

function difficulty(/** @type {ListedKata} */ { difficulty: stars }) {
    const drawn = "★".repeat(stars) + "☆".repeat(MOST_DIFFICULT - stars);
    const words = `difficulty ${stars} of ${MOST_DIFFICULT}`;
    return el(
        "span",
        { class: "stars", title: words },
        el("span", { "aria-hidden": "true" }, drawn),
        el("span", { class: "hidden" }, words),
    );
}

function minutes(count) {
    return count < 120 ? `${count} min` : `${Math.round(count / 6) / 10} h`;
}
