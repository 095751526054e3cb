/** Home and End move through the whole line, also if it is wrapped: its parts on the screen are not lines of code. */
import { EditorSelection } from "@codemirror/state";

/** Return where Home or End leads. Home leads to the first character that is no space and, from there, to column 0. */
function target(doc, head, forward) {
    const line = doc.lineAt(head);
    if (forward) {
        return line.to;
    }
    const start = line.from + line.text.search(/\S|$/);
    return head === start ? line.from : start;
}

const move = (forward, extend) => (view) => {
    const { doc, selection } = view.state;
    const ranges = selection.ranges.map(({ anchor, head }) => {
        const to = target(doc, head, forward);
        return EditorSelection.range(extend ? anchor : to, to);
    });
    const moved = EditorSelection.create(ranges, selection.mainIndex);
    view.dispatch({ selection: moved, scrollIntoView: true, userEvent: "select" });
    return true;
};

export const lineKeys = [
    { key: "Home", run: move(false, false), shift: move(false, true) },
    { key: "End", run: move(true, false), shift: move(true, true) },
];
