/** The marking queue in the browser: start the page, and show one piece after the other. */
import "../../../graders/web/src/app.css";
import "./marking.css";

import { announce, button, el, focusFirst, hideBanner, regions, showBanner } from "../../../graders/web/src/dom.js";
import { choose, openBefore, openFirst, openNext, readQueue } from "./marking_api.js";
import { mayDiscard, showKeys } from "./marking_dialogs.js";
import { filters } from "./marking_filters.js";
import { commentOnLines } from "./line_comments.js";
import { MarkingForm } from "./marking_form.js";
import { filesOf, resultOf, rubricOf } from "./marking_work.js";

const FIELDS = "input, textarea, select";
const app = /** @type {HTMLElement} */ (document.getElementById("app"));
const progress = el("p", { class: "progress" });
const place = el("div", { class: "filters" });
const main = el("main", { class: "marking", tabindex: -1 }, el("p", {}, "Loading…"));
/** @type {MarkingForm | null} */
let form = null;
let busy = false;

/** Do something with the queue, one thing at a time. A failure is shown above the page. */
async function work(step) {
    if (busy) {
        return;
    }
    busy = true;
    try {
        await step();
        hideBanner("fault");
    } catch (error) {
        showBanner("fault", error.message);
    } finally {
        busy = false;
    }
}

/** Leave the current piece, unless the reviewer stays for what is typed, and show what `open` opens. */
async function go(/** @type {() => Promise<import("./marking_api.js").Answer>} */ open) {
    if (form?.changed && !(await mayDiscard())) {
        return;
    }
    await work(async () => show(await open()));
}

const steps = {
    next: () => go(openNext),
    back: () => go(openBefore),
    skipped: () => go(async () => choose((await readQueue()).chosen)),
    saved: (text) => (progress.textContent = text),
    show: (answer, other) => show(answer, other),
};

/**
 * Show an answer of the queue: a piece, or that there is none.
 * @param {import("./marking_api.js").Answer} answer
 * @param {MarkingForm} [other] a form whose typed text stays
 */
function show(answer, other) {
    progress.textContent = answer.progress;
    if (!answer.piece && !answer.end && answer.note && form) { // such as: This is the first one.
        showBanner("note", answer.note);
        return;
    }
    hideBanner("note");
    if (answer.piece) {
        showPiece(answer.piece, other);
    } else {
        showEnd(answer);
    }
    window.scrollTo(0, 0);
    main.scrollTop = 0;
    main.querySelector("h2")?.focus();
    announce(answer.progress);
}

/**
 * @param {import("./marking_api.js").Piece} piece
 * @param {MarkingForm} [other]
 */
function showPiece(piece, other) {
    const made = new MarkingForm(piece, steps);
    if (other) {
        made.takeOver(other);
    }
    form = made;
    const heading = el("h2", { tabindex: -1 }, piece.title);
    const whose = el("p", { class: "soft" }, `${piece.person} · ${piece.kata_title} · ${piece.kata}, ${piece.task}`);
    const names = piece.names.length ? `: ${piece.names.join(", ")}` : "";
    const same = `The same files from ${piece.people} people${names}. Your points and comment count for all of them.`;
    const named = { class: "about", "aria-label": "Rubric and result" };
    const about = el("section", named, ...rubricOf(piece), ...resultOf(piece));
    const shared = piece.people > 1 && el("p", { class: "same" }, same);
    const labelled = { class: "work", "aria-label": "Submission" };
    const files = el("section", labelled, heading, whose, shared, ...filesOf(piece));
    commentOnLines(piece.files, files, made.comment);
    main.replaceChildren(files, el("div", { class: "side" }, about, made.element));
}

function showEnd(/** @type {import("./marking_api.js").Answer} */ answer) {
    form = null;
    const parts = [
        el("h2", { tabindex: -1 }, answer.end?.title ?? "Nothing is left"),
        el("p", {}, `${answer.progress}. ${answer.note}`),
        el(
            "div",
            { class: "buttons" },
            ...(answer.end?.skipped ? [button("Show skipped pieces", steps.skipped)] : []),
            button("Look again", steps.next),
            button("Back", steps.back, { title: "b" }),
        ),
    ];
    main.replaceChildren(el("section", { class: "work" }, ...parts));
}

/** Keys that work outside of fields and dialogs. */
const KEYS = {
    s: () => form && steps.next(),
    b: () => steps.back(),
    n: () => form?.newItem(),
    p: () => {
        form?.points.focus();
        form?.points.select();
    },
    c: () => form?.comment.focus(),
    l: () => focusFirst(main, ".numbered button[tabindex='0']"),
    "?": showKeys,
};

document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog")) {
        return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form?.save();
    } else if (event.target instanceof Element && event.target.closest(FIELDS)) {
        if (event.key === "Escape") {
            main.querySelector("h2")?.focus();
        }
    } else if (!event.ctrlKey && !event.metaKey && !event.altKey) {
        const act = /^[1-9]$/.test(event.key) ? () => form?.press(Number(event.key)) : KEYS[event.key];
        if (act) {
            event.preventDefault();
            act();
        }
    }
});

addEventListener("beforeunload", (event) => {
    if (form?.changed) {
        event.preventDefault();
    }
});

async function start() {
    const queue = await readQueue();
    document.title = `Marking ${queue.course}`;
    const by = `${queue.by}${queue.anonymous ? ", anonymous" : ""}`;
    const header = el("header", {}, el("h1", {}, `Marking ${queue.course}`), el("p", { class: "soft" }, by), progress);
    header.append(button("Keys", showKeys, { title: "?", "aria-keyshortcuts": "?" }));
    progress.textContent = queue.progress;
    place.replaceChildren(filters(queue, (wanted) => go(() => choose(wanted))));
    app.replaceChildren(...regions(), header, place, main);
    show(await openFirst());
}

app.replaceChildren(...regions(), main);
work(start);
