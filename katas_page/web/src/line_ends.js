/**
 * The line ends of a file. The editor has a line feed at the end of each line, so the ends that differ from most of the
 * file's are marked, and put back when the file is saved. New lines get the end that most lines have.
 */
import { Facet, RangeSet, RangeValue, StateEffect, StateField } from "@codemirror/state";

const ENDS = ["\n", "\r\n", "\r"]; // the first of equally frequent ends is used for new lines
const ANY_END = /\r\n|\r|\n/g;

class End extends RangeValue {
    constructor(text) {
        super();
        this.text = text;
        this.startSide = 1; // what is typed before or behind the line end does not belong to it
        this.endSide = -1;
    }

    eq(other) {
        return this.text === other.text;
    }
}

/** Says that the editor now has this text, with its own line ends. */
const loaded = StateEffect.define();
const initial = Facet.define({ combine: (texts) => texts[0] ?? "" });

/** Return the most frequent line end of a text, and marks for all others at their places in the editor. */
function endsOf(text) {
    const found = [...text.matchAll(ANY_END)];
    const count = (end) => found.filter((each) => each[0] === end).length;
    const usual = ENDS.reduce((best, end) => (count(end) > count(best) ? end : best));
    const marks = [];
    let shorter = 0; // how many characters fewer the editor has up to here
    for (const each of found) {
        const from = each.index - shorter;
        if (each[0] !== usual) {
            marks.push(new End(each[0]).range(from, from + 1));
        }
        shorter += each[0].length - 1;
    }
    return { usual, marks: RangeSet.of(marks) };
}

const ends = StateField.define({
    create: (state) => endsOf(state.facet(initial)),
    update({ usual, marks }, transaction) {
        const text = transaction.effects.find((effect) => effect.is(loaded))?.value;
        return text === undefined ? { usual, marks: marks.map(transaction.changes) } : endsOf(text);
    },
});

/** Return the extension that keeps the line ends of a file with this text. */
export function keepingLineEnds(text) {
    return [initial.of(text), ends];
}

/** Return the effect of loading a text into the editor. */
export const loading = (text) => loaded.of(text);

/** Return a text as the editor has it. */
export const inEditor = (text) => text.replace(ANY_END, "\n");

/** Return the editor's text with the file's line ends. */
export function withLineEnds(state) {
    const { usual, marks } = state.field(ends);
    const text = state.doc.toString();
    const parts = [];
    let at = 0;
    marks.between(0, text.length, (from, to, end) => {
        if (text.slice(from, to) === "\n") {
            parts.push(text.slice(at, from).replaceAll("\n", usual), end.text);
            at = to;
        }
    });
    return parts.join("") + text.slice(at).replaceAll("\n", usual);
}
