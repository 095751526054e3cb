/** The text editor: CodeMirror with the few extensions that the katas need. */
import { defaultKeymap, history, historyKeymap, indentLess, indentMore, isolateHistory } from "@codemirror/commands";
import { pythonLanguage } from "@codemirror/lang-python";
import {
    Language,
    StreamLanguage,
    bracketMatching,
    defineLanguageFacet,
    indentOnInput,
    indentUnit,
    syntaxHighlighting,
} from "@codemirror/language";
import { toml } from "@codemirror/legacy-modes/mode/toml";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, EditorState, Prec, StateEffect, StateField } from "@codemirror/state";
import {
    Decoration,
    EditorView,
    drawSelection,
    dropCursor,
    highlightActiveLine,
    highlightActiveLineGutter,
    highlightSpecialChars,
    keymap,
    lineNumbers,
} from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { parser as markdownParser } from "@lezer/markdown";

import { accept, completing } from "./completing.js";
import { beginAtStub, folding } from "./folding.js";
import { functionKeys } from "./function_keys.js";
import { lineKeys } from "./line_keys.js";
import { inEditor, keepingLineEnds, loading } from "./line_ends.js";
import { wrapping } from "./wrapping.js";

const INDENT = 4;
const LANGUAGES = {
    python: [pythonLanguage, completing],
    // @codemirror/lang-markdown would add the parsers of HTML, CSS and JavaScript to the bundle.
    markdown: new Language(defineLanguageFacet(), markdownParser, [], "markdown"),
    toml: StreamLanguage.define(toml),
};

/** Marks a change that comes from the file on disk, and not from the learner. */
const fromDisk = Annotation.define();

/**
 * The lines that have a fault, as decorations.
 * @type {import("@codemirror/state").StateEffectType<import("@codemirror/view").DecorationSet>}
 */
const marking = StateEffect.define();
const marked = StateField.define({
    create: () => Decoration.none,
    update: (lines, { changes, effects }) =>
        effects.reduce((found, each) => (each.is(marking) ? each.value : found), lines.map(changes)),
    provide: (field) => EditorView.decorations.from(field),
});

const THEME = EditorView.theme({
    "&": { color: "var(--ink)", backgroundColor: "var(--paper)", height: "100%" },
    "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
    ".cm-scroller": { fontFamily: "var(--mono)", fontSize: "var(--code, .875rem)", lineHeight: "1.5" },
    ".cm-content": { caretColor: "var(--ink)" },
    ".cm-foldPlaceholder": {
        background: "var(--box)",
        color: "var(--soft)",
        borderColor: "var(--edge)",
        margin: "0 .5ch",
        whiteSpace: "nowrap",
    },
    ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--ink)" },
    "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
        background: "var(--selection)",
    },
    ".cm-activeLine": { backgroundColor: "var(--active)" },
    ".cm-gutters": { backgroundColor: "var(--box)", color: "var(--soft)", borderRight: "1px solid var(--line)" },
    ".cm-line.cm-fault": { backgroundColor: "var(--over1)", boxShadow: "inset 3px 0 var(--bad)" },
    ".cm-activeLineGutter": { backgroundColor: "var(--active)", color: "var(--ink)" },
    "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--match)", outline: "1px solid var(--soft)" },
    "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "transparent", outline: "1px solid var(--bad)" },
    ".cm-selectionMatch, .cm-searchMatch": { backgroundColor: "var(--match)" },
    ".cm-searchMatch-selected": { backgroundColor: "var(--selection)", outline: "1px solid var(--ink)" },
    ".cm-tooltip": { backgroundColor: "var(--box)", color: "var(--ink)", border: "1px solid var(--edge)" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)" },
    ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--accent)", color: "var(--on-accent)" },
    ".cm-panels": { backgroundColor: "var(--box)", color: "var(--ink)" },
    ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--line)" },
    ".cm-panel.cm-search": { padding: ".4rem 2rem .4rem .4rem" },
    ".cm-textfield, .cm-button": {
        background: "var(--paper)",
        color: "var(--ink)",
        border: "1px solid var(--edge)",
        borderRadius: ".3rem",
        fontSize: ".85rem",
    },
    ".cm-panel.cm-search label": { fontSize: ".85rem" },
    ".cm-panel.cm-search [name=close]": { fontSize: "1.25rem", color: "var(--ink)", cursor: "pointer" },
});

/** Insert spaces up to the next multiple of four, or indent the selected lines. */
function indent(view) {
    const { state } = view;
    const range = state.selection.main;
    if (state.readOnly) {
        return false;
    }
    if (!range.empty) {
        return indentMore(view);
    }
    const column = range.head - state.doc.lineAt(range.head).from;
    const spaces = " ".repeat(INDENT - (column % INDENT));
    view.dispatch(state.replaceSelection(spaces), { scrollIntoView: true, userEvent: "input" });
    return true;
}

const tab = (view) => accept(view) || indent(view);

/**
 * Make an editor for a file.
 * @param {{name: string, text: string, language: string, editable: boolean}} file
 * @param {(dropped: boolean) => void} edited is called after each change by the learner: was text dropped here?
 * @param {(text: string) => void} changed is called with the text after each change
 * @param {object[]} keys more keys, which come before the editor's own
 */
export function createEditor(file, edited, changed, keys = []) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const state = EditorState.create({
        doc: file.text,
        extensions: [
            keepingLineEnds(file.text),
            EditorView.cspNonce.of(document.body.dataset.nonce ?? ""),
            Prec.high(keymap.of([...keys, ...lineKeys, ...functionKeys, { key: "Tab", run: tab, shift: indentLess }])),
            keymap.of([...searchKeymap, ...historyKeymap, ...defaultKeymap]),
            [lineNumbers(), highlightActiveLine(), highlightActiveLineGutter(), highlightSpecialChars()],
            [marked, history(), search({ top: true }), highlightSelectionMatches()],
            [drawSelection({ cursorBlinkRate: still ? 0 : 1200 }), dropCursor(), bracketMatching(), indentOnInput()],
            [indentUnit.of(" ".repeat(INDENT)), EditorState.tabSize.of(INDENT)],
            [folding, wrapping, LANGUAGES[file.language] ?? [], syntaxHighlighting(classHighlighter), THEME],
            EditorState.readOnly.of(!file.editable),
            EditorView.contentAttributes.of({ "aria-label": `Text of ${file.name}`, tabindex: "0" }),
            EditorView.updateListener.of((update) => {
                if (update.docChanged) {
                    changed(update.state.doc.toString());
                    if (!update.transactions.some((each) => each.annotation(fromDisk))) {
                        edited(update.transactions.some((each) => each.isUserEvent("input.drop")));
                    }
                }
            }),
        ],
    });
    const view = new EditorView({ state });
    if (file.editable && file.language === "python") {
        beginAtStub(view);
    }
    return view;
}

/**
 * Mark the lines that have a fault, in place of those that were marked before.
 * @param {{line: number, said: string}[]} faults
 */
export function markLines(view, faults) {
    const { doc } = view.state;
    const possible = faults.filter(({ line }) => line >= 1 && line <= doc.lines);
    const lines = possible.map(({ line, said }) =>
        Decoration.line({ class: "cm-fault", attributes: { title: said } }).range(doc.line(line).from),
    );
    view.dispatch({ effects: marking.of(Decoration.set(lines, true)) });
}

/** Replace the part of the text that differs, as one undo step. The cursor stays where it is. */
export function replaceText(view, text) {
    const before = view.state.doc.toString();
    const after = inEditor(text);
    const most = Math.min(before.length, after.length);
    let from = 0;
    while (from < most && before[from] === after[from]) {
        from += 1;
    }
    let end = 0;
    while (end < most - from && before[before.length - 1 - end] === after[after.length - 1 - end]) {
        end += 1;
    }
    view.dispatch({
        changes: { from, to: before.length - end, insert: after.slice(from, after.length - end) },
        effects: loading(text),
        annotations: [fromDisk.of(true), isolateHistory.of("full")],
    });
}
