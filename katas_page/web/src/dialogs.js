/** The two dialogs: a question before something is replaced, and the keys. */
import { button, el, opened } from "../../../graders/web/src/dom.js";

const MAC = /Mac|iP(hone|ad|od)/.test(navigator.platform);
const PANE_KEYS = MAC ? "Ctrl-Option" : "Alt"; // on a Mac, Option with a digit types a character, such as #

const KEYS = [
    [MAC ? "Cmd-S" : "Ctrl-S", "save now (typing saves by itself after a moment); grade again if all is saved"],
    [`${PANE_KEYS}-1, ${PANE_KEYS}-2, ${PANE_KEYS}-3`, "go to Read, Write or Result"],
    [`${PANE_KEYS}-4, ${PANE_KEYS}-5`, "go to Try; to Train, if the kata has it"],
    [MAC ? "Cmd-Enter" : "Ctrl-Enter", "in Try: run the lines, or stop them"],
    ["Home, End", "in the editor: go to the start or the end of the line, also of a wrapped one"],
    ["Tab, Shift-Tab", "in the editor: indent, or undo one level of indentation"],
    ["F8, Shift-F8", "in the editor: go to the next function, or to the one before"],
    ["↓, then Enter; Tab", "in the editor: choose one of the names offered; take the first one"],
    ["Esc, then Tab", "leave the editor"],
    [MAC ? "Cmd-Alt-[, Cmd-Alt-]" : "Ctrl-Shift-[, Ctrl-Shift-]", "in the editor: fold or unfold a description"],
    [MAC ? "Cmd-F" : "Ctrl-F", "in the editor: search and replace"],
    [MAC ? "Cmd-Z, Cmd-Shift-Z" : "Ctrl-Z, Ctrl-Y", "in the editor: undo, redo"],
    ["← →", "on a tab: go to the next tab"],
    ["← →, Home, End", "on the line between two columns: move it; Delete undoes that; Enter folds the column"],
    ["?", "outside the editor: show these keys"],
];

/** Ask a question. Return whether the learner has agreed. */
export async function confirmed(question, agree) {
    const dialog = el("dialog", { "aria-labelledby": "question" }, el("p", { id: "question" }, question));
    const yes = button(agree, () => dialog.close("yes"));
    const no = button("Cancel", () => dialog.close(""), { autofocus: true });
    dialog.append(el("div", { class: "buttons" }, yes, no));
    return (await opened(dialog)) === "yes";
}

/**
 * Ask for the name of a new file, until it is made or the learner gives up.
 * @param {string[]} patterns the patterns that the name may match
 * @param {(name: string) => Promise<string>} make makes the file, and returns what is wrong with the name, if anything
 */
export async function nameNewFile(patterns, make) {
    const about = `The kata's files include ${patterns.join(" and ")}. The page writes text files.`;
    const start = patterns[0].slice(0, patterns[0].lastIndexOf("/") + 1);
    const fault = el("p", { id: "fault", class: "failed", role: "alert" });
    const properties = { id: "new-name", value: start, size: 30, autocomplete: "off", "aria-describedby": fault.id };
    const input = el("input", properties);
    const form = el("form", {}, el("p", {}, el("label", { for: "new-name" }, "Name"), " ", input), fault);
    const dialog = el("dialog", { "aria-labelledby": "new" }, el("h2", { id: "new" }, "New file"), el("p", {}, about));
    const submit = button("Create", null, { type: "submit", class: "primary" });
    form.append(el("div", { class: "buttons" }, submit, button("Cancel", () => dialog.close(""))));
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        fault.textContent = "";
        fault.textContent = await make(input.value.trim());
        if (!fault.textContent) {
            dialog.close("made");
        }
    });
    dialog.append(form);
    const done = opened(dialog);
    input.focus();
    input.setSelectionRange(start.length, start.length);
    return (await done) === "made";
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

/** Return the number of the place (0 to 2 for the panes, 3 for Try, 4 for Train) that a key stroke asks for, or -1. */
export function paneOfKey(event) {
    const modifiers = event.altKey && event.ctrlKey === MAC && !event.metaKey && !event.shiftKey;
    return modifiers ? ["Digit1", "Digit2", "Digit3", "Digit4", "Digit5"].indexOf(event.code) : -1;
}
