/** Wrap long lines in the editor. The wrapped part is indented a little more than the line that it belongs to. */
import { RangeSetBuilder } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin } from "@codemirror/view";

const HANGING = 2; // columns, so that a wrapped part does not look like a line of its own
const DEEPEST = 24; // columns; a narrow screen needs the rest for the text

/** Return the decorations of the lines that are visible. */
function hanging(view) {
    const builder = new RangeSetBuilder();
    for (const { from, to } of view.visibleRanges) {
        for (let at = from; at <= to; ) {
            const line = view.state.doc.lineAt(at);
            const columns = Math.min(line.text.search(/[^ ]|$/), DEEPEST) + HANGING;
            const style = `padding-left: calc(6px + ${columns}ch); text-indent: -${columns}ch`;
            builder.add(line.from, line.from, Decoration.line({ attributes: { style } }));
            at = line.to + 1;
        }
    }
    return builder.finish();
}

class Hanging {
    constructor(view) {
        this.decorations = hanging(view);
    }

    update({ docChanged, viewportChanged, view }) {
        if (docChanged || viewportChanged) {
            this.decorations = hanging(view);
        }
    }
}

export const wrapping = [
    EditorView.lineWrapping,
    ViewPlugin.fromClass(Hanging, { decorations: ({ decorations }) => decorations }),
];
