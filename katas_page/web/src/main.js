/** Start the page, and show what the address asks for: #/, #/SLUG or #/SLUG/explanation. */
import "../../../graders/web/src/app.css";

import { showKeys } from "./dialogs.js";
import { button, el, hideBanner, regions, showBanner } from "../../../graders/web/src/dom.js";
import { ExplanationPage } from "./explanation_page.js";
import { KataPage } from "./kata_page.js";
import { StartPage } from "./start_page.js";
import { foldTrailer } from "./trailer.js";

const view = el("div", { class: "view" });
/** @type {StartPage | ExplanationPage | KataPage | null} */
let page = null;
let visits = 0;

/** Show the page that the address asks for. If the address changes meanwhile, the later page wins. */
async function route() {
    const visit = ++visits;
    page?.close();
    page = null;
    hideBanner();
    view.replaceChildren(el("main", { class: "start" }, el("p", {}, "Loading…")));
    try {
        const found = await opened(...location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent));
        if (visit === visits) {
            show(found);
        } else {
            found.close();
        }
    } catch (error) {
        if (visit === visits) {
            showFault(error);
        }
    }
}

function opened(slug, part) {
    if (!slug) {
        return StartPage.open();
    }
    foldTrailer();
    return part === "explanation" ? ExplanationPage.open(slug) : KataPage.open(slug);
}

function show(found) {
    page = found;
    document.title = `${found.title} – nn-katas`;
    view.replaceChildren(...found.content);
    view.querySelector("h1")?.focus({ preventScroll: true });
    found.placed?.();
}

function showFault(error) {
    document.title = "nn-katas";
    showBanner("page", error.message);
    const back = el("a", { href: "#/" }, "All katas");
    const retry = el("p", {}, button("Try again", route), " ", back);
    const heading = el("h1", { tabindex: -1 }, "This page could not be loaded");
    view.replaceChildren(el("main", { class: "start" }, heading, retry));
}

/** Show the keys when ? is pressed outside the editor and outside fields. */
function onKey(event) {
    const writes = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable=true]");
    if (event.key === "?" && !writes && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        showKeys();
    }
}

document.getElementById("app")?.append(...regions(), view);
addEventListener("hashchange", route);
addEventListener("keydown", onKey);
route();
