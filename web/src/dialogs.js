/** The two dialogs: a question before something is replaced, and the keys. */
import { button, el } from "./dom.js";

const MAC = /Mac|iP(hone|ad|od)/.test(navigator.platform);
const PANE_KEYS = MAC ? "Ctrl-Option" : "Alt"; // on a Mac, Option with a digit types a character, such as #

const KEYS = [
    [MAC ? "Cmd-S" : "Ctrl-S", "save now (typing saves by itself after a moment); grade again if all is saved"],
    [`${PANE_KEYS}-1, ${PANE_KEYS}-2, ${PANE_KEYS}-3`, "go to Read, Write or Result"],
    ["Tab, Shift-Tab", "in the editor: indent, or undo one level of indentation"],
    ["Esc, then Tab", "leave the editor"],
    [MAC ? "Cmd-F" : "Ctrl-F", "in the editor: search and replace"],
    [MAC ? "Cmd-Z, Cmd-Shift-Z" : "Ctrl-Z, Ctrl-Y", "in the editor: undo, redo"],
    ["← →", "on a tab: go to the next tab"],
    ["?", "outside the editor: show these keys"],
];

/** Open a dialog and return what it was closed with. */
function opened(dialog) {
    const before = document.activeElement;
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
        dialog.addEventListener("close", () => {
            dialog.remove();
            before?.focus?.();
            resolve(dialog.returnValue);
        });
    });
}

/** Ask a question. Return whether the learner has agreed. */
export async function confirmed(question, agree) {
    const dialog = el("dialog", { "aria-labelledby": "question" }, el("p", { id: "question" }, question));
    const yes = button(agree, () => dialog.close("yes"));
    const no = button("Cancel", () => dialog.close(""), { autofocus: true });
    dialog.append(el("div", { class: "buttons" }, yes, no));
    return (await opened(dialog)) === "yes";
}

/** Show the keys. */
export function showKeys() {
    if (document.querySelector("dialog")) {
        return;
    }
    const dialog = el("dialog", { "aria-labelledby": "keys" }, el("h2", { id: "keys" }, "Keys"));
    const rows = KEYS.map(([key, what]) =>
        el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, key)), el("td", {}, what)),
    );
    const close = button("Close", () => dialog.close(""), { autofocus: true });
    dialog.append(el("table", {}, el("tbody", {}, ...rows)), close);
    opened(dialog);
}

/** Return the number of the pane (0 to 2) that a key stroke asks for, or -1. */
export function paneOfKey(event) {
    const modifiers = event.altKey && event.ctrlKey === MAC && !event.metaKey && !event.shiftKey;
    return modifiers ? ["Digit1", "Digit2", "Digit3"].indexOf(event.code) : -1;
}
