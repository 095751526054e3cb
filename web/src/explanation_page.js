/** The explanation of a kata, and the learner's own files next to the solution's. */
import { pythonLanguage } from "@codemirror/lang-python";
import { classHighlighter, highlightCode } from "@lezer/highlight";

import { ApiError, listKatas, readExplanation, readKata } from "./api.js";
import { showKeys } from "./dialogs.js";
import { button, el, trusted } from "./dom.js";

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

    /** `following` is the kata to do next, if there is another one. */
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
            this.main.replaceChildren(trusted("article", { class: "prose" }, html), ...solution.map(compared));
        } catch (error) {
            if (!(error instanceof ApiError) || ![400, 403].includes(error.status) || anyway) {
                throw error;
            }
            const show = this.mayAsk && el("p", {}, button("Show it anyway", () => this.read(true)));
            this.main.replaceChildren(el("p", {}, error.message), ...[show].filter(Boolean));
        }
    }

    close() {}
}

/** Return a file of the solution next to the learner's own. */
function compared({ name, text, own }) {
    const solution = column(name, "the solution", text);
    const mine = own === null || own === undefined ? [] : [column(name, "yours", own)];
    return el("section", { class: "compared", "aria-label": name }, el("h2", {}, name), ...mine, solution);
}

function column(name, whose, text) {
    const pre = el("pre", { tabindex: 0, "aria-label": `${name}, ${whose}`, role: "region" });
    if (name.endsWith(".py")) {
        colour(pre, text);
    } else {
        pre.textContent = text;
    }
    return el("div", {}, el("h3", {}, whose[0].toUpperCase() + whose.slice(1)), pre);
}

/** Add Python code to an element, with the same classes as in the editor. */
function colour(pre, text) {
    const tree = pythonLanguage.parser.parse(text);
    const put = (part, classes) => pre.append(classes ? el("span", { class: classes }, part) : part);
    highlightCode(text, tree, classHighlighter, put, () => pre.append("\n"));
}
