/** Where the learner begins to write: at the first function without a body. Long docstrings are folded. */
import { codeFolding, ensureSyntaxTree, foldEffect, foldKeymap } from "@codemirror/language";
import { EditorView, keymap } from "@codemirror/view";

const LONG = 8; // lines of a docstring
const STUB = "raise NotImplementedError";
const PATIENCE_MS = 200;

function placeholder(_, onclick, count) {
    const folded = document.createElement("span");
    folded.className = "cm-foldPlaceholder";
    folded.textContent = `… ${count} lines`;
    folded.title = "Show the whole description";
    folded.onclick = onclick;
    return folded;
}

const countLines = (state, { from, to }) => state.doc.lineAt(to).number - state.doc.lineAt(from).number;

export const folding = [
    codeFolding({ preparePlaceholder: countLines, placeholderDOM: placeholder }),
    keymap.of(foldKeymap),
];

/** Put the cursor at the first stub, and fold the long docstrings. A file without stubs is left as it is. */
export function beginAtStub(view) {
    const { doc } = view.state;
    const at = doc.toString().indexOf(STUB);
    if (at < 0) {
        return;
    }
    const effects = [EditorView.scrollIntoView(at)];
    ensureSyntaxTree(view.state, doc.length, PATIENCE_MS)?.iterate({
        enter: ({ name, node, from, to }) => {
            const isDocstring = name === "String" && node.parent?.name === "ExpressionStatement";
            const inside = isDocstring && node.parent?.parent?.name === "Body";
            const rest = { from: doc.lineAt(from).to, to: to - '"""'.length };
            if (inside && countLines(view.state, rest) >= LONG) {
                effects.push(foldEffect.of(rest));
            }
        },
    });
    view.dispatch({ selection: { anchor: at }, effects });
}
