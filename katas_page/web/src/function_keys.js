/** F8 goes to the next function or class of the file, and Shift-F8 to the one before. */
import { EditorView } from "@codemirror/view";

const DEFINITION = /^[ \t]*(?:async +)?(?:def|class) +/gm;

const move = (forward) => (view) => {
    const { doc, selection } = view.state;
    const found = [...doc.toString().matchAll(DEFINITION)].map(({ 0: start, index }) => index + start.length);
    const { head } = selection.main;
    const to = forward ? found.find((each) => each > head) : found.filter((each) => each < head).at(-1);
    if (to !== undefined) {
        const place = EditorView.scrollIntoView(to, { y: "start", yMargin: 40 });
        view.dispatch({ selection: { anchor: to }, effects: place, userEvent: "select" });
    }
    return true;
};

export const functionKeys = [{ key: "F8", run: move(true), shift: move(false) }];
