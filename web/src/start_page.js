/** The start page: all katas in order, what is done, and what to do next. */
import { listKatas, listPuzzles } from "./api.js";
import { showKeys } from "./dialogs.js";
import { button, el } from "./dom.js";
import { puzzleSection } from "./puzzles.js";

const MOST_DIFFICULT = 5;

export class StartPage {
    /** Read the lists of katas and puzzles, and return the page. */
    static async open() {
        const none = (error) => ({ puzzles: [], families: [], fault: error.message });
        return new StartPage(...(await Promise.all([listKatas(), listPuzzles().catch(none)])));
    }

    constructor({ katas, broken, next, summary, warning, progress, kept_in: kept }, puzzles) {
        this.title = "Katas";
        const header = el("header", {}, el("h1", { tabindex: -1 }, "Katas"), button("Keys", showKeys));
        const main = el("main", { class: "start" }, summary && el("p", { class: "summary" }, summary));
        main.append(...(warning ? [el("p", { class: "partial" }, warning)] : []));
        const chosen = next && katas.find((kata) => kata.slug === next.slug);
        if (chosen) {
            main.append(nextKata(chosen, next.why));
        }
        for (const heading of new Set(katas.map((kata) => kata.heading))) {
            const members = katas.filter((kata) => kata.heading === heading);
            const rows = members.map((kata) => row(kata, kata === chosen, progress));
            main.append(el("h2", {}, heading), el("ol", { class: "katas" }, ...rows));
        }
        main.append(...(kept ? [el("p", { class: "soft" }, ...place(kept))] : []));
        main.append(...(broken.length ? [el("ul", { class: "katas" }, ...broken.map(brokenKata))] : []));
        main.append(...[puzzleSection(puzzles)].filter(Boolean));
        this.content = [header, main];
    }

    close() {}
}

/** Return the line that explains results that come from another folder. */
function place(kept) {
    return ["Your progress is kept in ", el("code", {}, kept), ", so it includes what you did in other copies."];
}

function nextKata(kata, why) {
    return el(
        "section",
        { class: "next", "aria-labelledby": "next" },
        el("h2", { id: "next" }, `Next: ${kata.title}`),
        el("p", { class: "soft" }, why),
        el("p", {}, el("a", { class: "button primary", href: `#/${kata.slug}` }, kata.tries ? "Continue" : "Start")),
    );
}

/** Return the row of a kata whose kata.toml cannot be read. */
function brokenKata({ slug, fault }) {
    const sign = el("span", { class: "sign failed", "aria-hidden": "true" }, "!");
    return el("li", {}, sign, el("strong", {}, slug), el("span", { class: "about failed" }, fault));
}

function row(kata, isNext, progress) {
    const [sign, state, colour] = progress ? stateOf(kata) : ["·", "", "soft"];
    const best = kata.tries && typeof kata.best === "number" ? `${kata.best} of ` : "";
    const kind = el("span", { class: "kind" }, `${kata.kind} · `);
    const about = [`${kata.slug} · `, kind, difficulty(kata), ` · ${minutes(kata.minutes)}`];
    return el(
        "li",
        { class: isNext ? "chosen" : "" },
        el("span", { class: `sign ${colour}`, "aria-hidden": "true" }, sign),
        el("a", { href: `#/${kata.slug}` }, kata.title),
        el("span", { class: "about soft" }, ...about),
        el("span", { class: "points" }, `${best}${kata.points} points`),
        el("span", { class: `reached ${colour}` }, state),
    );
}

/** Return a kata's sign, its state in words, and the class of its colour. */
function stateOf(kata) {
    if (kata.done_on) {
        return ["✓", `done on ${kata.done_on}`, "passed"];
    }
    return kata.tries ? ["~", "in progress", "partial"] : ["○", "not started", "soft"];
}

function difficulty({ difficulty: stars }) {
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
