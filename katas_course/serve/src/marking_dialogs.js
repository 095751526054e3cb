/** The dialogs of the marking page: a new rubric item, a question, and the keys. */
import { button, el, opened } from "../../../graders/web/src/dom.js";

const KEYS = [
    ["1 to 9", "choose a rubric item, or leave it out again"],
    ["p", "go to the points"],
    ["c", "go to the comment"],
    ["l", "go to the lines of the text: ↑ and ↓ choose one, Enter comments on it"],
    ["n", "add a rubric item"],
    ["s", "skip this piece"],
    ["b", "go back to the piece before"],
    ["Ctrl-Enter", "also in a field: save and go to the next piece"],
    ["Esc", "leave a field, so that the keys above work"],
    ["?", "show these keys"],
];

function field(label, input) {
    return el("p", { class: "entry" }, el("label", { for: input.id }, label), " ", input);
}

/** Ask for a new item until `make` takes it. Return whether there is one. */
export async function askForItem(maximum, make) {
    const label = el("input", { id: "item-label", size: 30, autocomplete: "off", maxlength: 100 });
    const points = el("input", { id: "item-points", size: 6, inputmode: "decimal", autocomplete: "off" });
    const comment = el("textarea", { id: "item-comment", rows: 4, maxlength: 2000 });
    const fault = el("p", { class: "failed", role: "alert" });
    const form = el(
        "form",
        { novalidate: true },
        field("Label", label),
        field(`Points, such as -1 or +2 (at most ${maximum})`, points),
        field("Comment for the author", comment),
        fault,
    );
    const dialog = el("dialog", { "aria-labelledby": "new" }, el("h2", { id: "new" }, "New rubric item"), form);
    const submit = button("Add", null, { type: "submit", class: "primary" });
    form.append(el("div", { class: "buttons" }, submit, button("Cancel", () => dialog.close(""))));
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const value = Number(points.value.trim().replace(",", ".").replace("−", "-") || "none");
        fault.textContent = Number.isFinite(value) ? "" : "Type points such as -1 or +2.";
        if (fault.textContent) {
            return;
        }
        try {
            await make({ label: label.value, points: value, comment: comment.value });
            dialog.close("made");
        } catch (error) {
            fault.textContent = error.message;
        }
    });
    return (await opened(dialog)) === "made";
}

/** Ask whether typed text may be lost. */
export async function mayDiscard() {
    const question = "What you have typed for this piece is not saved. Leave it out?";
    const dialog = el("dialog", { "aria-labelledby": "question" }, el("p", { id: "question" }, question));
    const yes = button("Leave it out", () => dialog.close("yes"));
    const no = button("Stay here", () => dialog.close(""), { autofocus: true });
    dialog.append(el("div", { class: "buttons" }, yes, no));
    return (await opened(dialog)) === "yes";
}

/** Show the keys. */
export function showKeys() {
    const rows = KEYS.map(([key, what]) =>
        el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, key)), el("td", {}, what)),
    );
    const dialog = el("dialog", { "aria-labelledby": "keys" }, el("h2", { id: "keys" }, "Keys"));
    const close = button("Close", () => dialog.close(""), { autofocus: true });
    dialog.append(el("table", {}, el("tbody", {}, ...rows)), close);
    opened(dialog);
}
