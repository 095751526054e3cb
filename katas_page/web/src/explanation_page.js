/** The explanation of a kata, and the learner's own files next to the solution's. */
import { pythonLanguage } from "@codemirror/lang-python";
import { classHighlighter, highlightCode } from "@lezer/highlight";

import { ApiError } from "../../../graders/web/src/api.js";
import { listKatas, readExplanation, readKata } from "./kata_api.js";
import { showKeys } from "./dialogs.js";
import { keep, read } from "./kept_here.js";
import { differences } from "./differences.js";
import { button, el, signed, trusted } from "../../../graders/web/src/dom.js";

export class ExplanationPage {
    /** Read the explanation and return its page. */
    static async open(slug) {
        const [kata, { katas, next }] = await Promise.all([readKata(slug), listKatas()]);
        const other = !kata.is_puzzle && next && next.slug !== slug;
        const following = other && katas.find((each) => each.slug === next.slug);
        const page = new ExplanationPage(slug, kata, following);
        await page.read(false);
        return page;
    }

    /**
     * @param {string} slug
     * @param {import("./kata_api.js").Kata} kata
     * @param {import("./kata_api.js").Named | false | null | undefined} following the kata to do next, if any
     */
    constructor(slug, kata, following) {
        this.slug = slug;
        this.mayAsk = !kata.is_puzzle; // a puzzle has no explanation before it is solved
        this.title = `${kata.title}: explanation and solution`;
        const crumbs = [el("a", { href: "#/" }, "Katas"), el("a", { href: `#/${slug}` }, kata.title)];
        const header = el(
            "header",
            {},
            el("nav", { "aria-label": "Breadcrumb" }, ...crumbs),
            el("h1", { tabindex: -1 }, "Explanation and solution"),
            following && el("a", { class: "button", href: `#/${following.slug}`, title: following.title }, "Next kata"),
            button("Keys", showKeys, { "aria-keyshortcuts": "?" }),
        );
        this.main = el("main", { class: "explanation" });
        this.content = [header, this.main];
    }

    async read(anyway) {
        try {
            const { html, solution } = await readExplanation(this.slug, anyway);
            const mine = solution.filter(({ own }) => own);
            const files = mine.map(({ name, own }) => column(name, `your ${name}`, own, new Set(), ""));
            const aside = mine.length > 0 && el("aside", { "aria-label": "Your files" }, ...files);
            const text = trusted("article", { class: "prose" }, html);
            answerFirst(text, this.slug);
            this.main.replaceChildren(el("div", { class: "beside" }, text, aside), ...solution.map(compared));
        } catch (error) {
            if (!(error instanceof ApiError) || ![400, 403].includes(error.status) || anyway) {
                throw error;
            }
            const show = this.mayAsk ? [el("p", {}, button("Show it anyway", () => this.read(true)))] : [];
            this.main.replaceChildren(el("p", {}, error.message), ...show);
        }
    }

    close() {}
}

/** Put a place for the learner's own sentence above the answer to the question, which then stands beside it. */
function answerFirst(text, slug) {
    const answer = text.querySelector("details");
    if (!answer) {
        return;
    }
    const key = `katas answer ${slug}`;
    const mine = el("textarea", { rows: 3, "aria-label": "Your answer", placeholder: "Your answer, in a sentence" });
    mine.value = read(key, "");
    mine.addEventListener("input", () => keep(key, mine.value));
    const compare = button("Compare with the answer", () => (answer.open = true));
    answer.before(el("div", { class: "own-answer" }, mine, compare));
}

/** Return a file of the solution next to the learner's own. */
function compared({ name, text, own }) {
    const heading = el("h2", {}, name);
    const properties = { class: "compared", "aria-label": name };
    if (own === null || own === undefined) {
        return el("section", properties, heading, column(name, "the solution", text, new Set(), "+"));
    }
    const [mine, theirs] = differences(own, text);
    [[own, mine], [text, theirs]].forEach((each) => name.endsWith(".py") && leaveOutDescriptions(...each));
    return el(
        "section",
        properties,
        heading,
        el("p", { class: "soft legend" }, legend(mine.size, theirs.size)),
        column(name, "yours", own, mine, "−"),
        column(name, "the solution", text, theirs, "+"),
    );
}

/** Unmark the lines of docstrings: the learner has not written them. */
function leaveOutDescriptions(text, marked) {
    const lineAt = (place) => text.slice(0, place).split(/\r\n|\r|\n/).length - 1;
    pythonLanguage.parser.parse(text).iterate({
        enter: ({ name, node, from, to }) => {
            if (name === "String" && node.parent?.name === "ExpressionStatement") {
                const [first, last] = [lineAt(from), lineAt(to)];
                marked.forEach((line) => line >= first && line <= last && marked.delete(line));
            }
        },
    });
}

function legend(mine, theirs) {
    if (!mine && !theirs) {
        return "The two have the same code, line by line.";
    }
    return `Lines of code that differ are marked: − only in yours (${mine}), + only in the solution (${theirs}).`;
}

function column(name, whose, text, marked, sign) {
    const pre = el("pre", { tabindex: 0, "aria-label": `${name}, ${whose}`, role: "region" });
    linesOf(name, text).forEach((parts, number) => {
        const differs = marked.has(number) && { class: "differs", "data-sign": sign };
        const said = differs && el("span", { class: "hidden" }, `${sign === "+" ? "added" : "only in yours"}: `);
        pre.append(...(number ? ["\n"] : []), ...(differs ? [el("span", differs, said, ...parts)] : parts));
    });
    const found = el("div", {}, el("h3", {}, whose[0].toUpperCase() + whose.slice(1)), pre);
    signed(pre);
    return found;
}

/** Return the lines of a text as lists of nodes. Python code has the same classes as in the editor. */
function linesOf(name, text) {
    if (!name.endsWith(".py")) {
        return text.split(/\r\n|\r|\n/).map((line) => [line]);
    }
    /** @type {(string | Node)[]} */
    let line = [];
    const lines = [line];
    const put = (part, classes) => line.push(classes ? el("span", { class: classes }, part) : part);
    const end = () => lines.push((line = []));
    highlightCode(text, pythonLanguage.parser.parse(text), classHighlighter, put, end);
    return lines;
}
