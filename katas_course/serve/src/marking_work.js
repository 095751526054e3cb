/** What a piece shows: the submitted files, the rubric and the automatic result. All of it is text, never HTML. */
import { button, el, enlarging } from "../../../graders/web/src/dom.js";

/** Return the submitted files of a piece. */
export function filesOf(/** @type {import("./marking_api.js").Piece} */ piece) {
    if (!piece.files.length) {
        return [el("p", { class: "soft" }, "The submission has no file for this task.")];
    }
    return piece.files.map(fileView);
}

function fileView(/** @type {import("./marking_api.js").SubmittedFile} */ file) {
    if (file.kind === "fault") {
        return el("p", { class: "failed" }, file.text);
    }
    const size = el("span", { class: "soft" }, ` ${file.size}`);
    return el("section", { class: "file" }, el("h3", {}, file.name, size), contentOf(file));
}

function contentOf(/** @type {Exclude<import("./marking_api.js").SubmittedFile, {kind: "fault"}>} */ file) {
    if (file.kind === "picture") {
        return enlarging(el("img", { src: file.address, alt: file.name }));
    }
    if (file.kind !== "text") {
        const why = "It is neither a text nor a PNG picture within the limits.";
        const where = el("code", {}, "submissions/");
        return el("p", { class: "soft" }, why, " The submission is in an archive in ", where, " of its batch.");
    }
    const lines = file.text.split("\n").map((line, at) => {
        const label = `Comment on line ${at + 1} of ${file.name}`;
        return el("span", { class: "line" }, button("", null, { "aria-label": label }), `${line}\n`);
    });
    return el("pre", { class: "numbered" }, ...lines);
}

/** Return the task's rubric. */
export function rubricOf(/** @type {import("./marking_api.js").Piece} */ piece) {
    const blocks = (piece.rubric || "The task has no rubric.").split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.)\s)/);
    return [el("h3", {}, "Rubric"), ...blocks.map((block) => el("p", { class: "rubric" }, block))];
}

/** Return the automatic result of the task and, folded, the other tasks' points. */
export function resultOf(/** @type {import("./marking_api.js").Piece} */ piece) {
    const { message, tests, others } = piece.result;
    /** @type {HTMLElement[]} */
    const parts = [el("h3", {}, "Automatic result")];
    if (message) {
        parts.push(el("pre", { class: "said" }, message));
    }
    const none = el("p", { class: "soft" }, "The task has no automatic tests.");
    parts.push(...(tests.length ? tests.map(testView) : [none]));
    if (others.length) {
        const rows = others.map((task) =>
            el(
                "tr",
                {},
                el("th", { scope: "row" }, task.title),
                el("td", {}, task.status),
                el("td", { class: "number" }, `${task.points} of ${task.of}`),
            ),
        );
        const table = el("table", {}, el("tbody", {}, ...rows));
        parts.push(el("details", {}, el("summary", {}, "The other tasks"), table));
    }
    return parts;
}

function testView(/** @type {import("./marking_api.js").Test} */ test) {
    const status = el("strong", { class: test.status }, test.status);
    if (!test.said) {
        return el("p", { class: "test" }, status, ` ${test.title}`);
    }
    return el("details", {}, el("summary", {}, status, ` ${test.title}`), el("pre", { class: "said" }, test.said));
}
