/** Wrap long lines in the editor. The wrapped part is indented a little more than the line that it belongs to. */
import { RangeSetBuilder } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, WidgetType } from "@codemirror/view";

const HANGING = 2; // columns, so that a wrapped part does not look like a line of its own
const DEEPEST = 24; // columns; a narrow screen needs the rest for the text

const LONG_WORDS = /\S{25,}/g; // these may be broken after a bracket, a dot or a comma
const BREAKS = /(?<=[([.,=])(?=\w)/g;

class Break extends WidgetType {
    eq() {
        return true;
    }

    toDOM() {
        return document.createElement("wbr");
    }
}

const breakHere = Decoration.widget({ widget: new Break(), side: 1 });

/** Return the decorations of the lines that are visible. */
function hanging(view) {
    /** @type {RangeSetBuilder<Decoration>} */
    const builder = new RangeSetBuilder();
    for (const { from, to } of view.visibleRanges) {
        for (let at = from; at <= to; ) {
            const line = view.state.doc.lineAt(at);
            const columns = Math.min(line.text.search(/[^ ]|$/), DEEPEST) + HANGING;
            const style = `padding-left: calc(6px + ${columns}ch); text-indent: -${columns}ch`;
            builder.add(line.from, line.from, Decoration.line({ attributes: { style } }));
            for (const { 0: word, index: start } of line.text.matchAll(LONG_WORDS)) {
                for (const { index } of word.matchAll(BREAKS)) {
                    builder.add(line.from + start + index, line.from + start + index, breakHere);
                }
            }
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
