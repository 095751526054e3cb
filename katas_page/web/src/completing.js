/** Help with typing Python: brackets and quotes close, and names of the file and of NumPy are offered. */
import {
    acceptCompletion,
    autocompletion,
    closeBrackets,
    closeBracketsKeymap,
    completeFromList,
    completionKeymap,
    completionStatus,
    moveCompletionSelection,
    selectedCompletion,
} from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import { keymap } from "@codemirror/view";

/** Names that the katas use, by what comes before the dot. */
const NAMES = {
    np: `abs add all allclose any arange argmax argmin argsort array array_equal array_split asarray
        ascontiguousarray broadcast_to ceil clip column_stack concatenate convolve copy cos cumsum diag diff divide dot
        einsum empty empty_like exp expand_dims expm1 eye finfo flatnonzero flip float32 float64 floor full full_like
        hypot inf int64 isclose isfinite isnan lib linalg linspace log log1p log2 logaddexp matmul max maximum mean
        median meshgrid min minimum moveaxis multiply nan nan_to_num ndarray newaxis nonzero ones ones_like outer pad
        percentile pi power prod quantile random ravel repeat reshape rint roll round sign sin sort split sqrt square
        squeeze stack std sum swapaxes take take_along_axis tanh tensordot tile trace transpose tri tril triu unique var
        vstack where zeros zeros_like`,
    "np.random": "default_rng Generator",
    "np.linalg": "det eigh inv lstsq norm qr solve svd",
};
const SILENT = ["String", "FormatString", "Comment"]; // nodes of the syntax tree

const lists = Object.entries(NAMES).map(([before, names]) => {
    const offered = completeFromList(names.split(/\s+/).map((label) => ({ label })));
    const place = new RegExp(`(?<![\\w.])${before.replace(".", "\\.")}\\.\\w*$`);
    return (context) => (context.matchBefore(place) ? offered(context) : null);
});

/** Offer the names of the file, outside its strings and comments. */
function ownNames(/** @type {import("@codemirror/autocomplete").CompletionContext} */ context) {
    const { state, pos } = context;
    const word = context.matchBefore(/(?<![\w.])[\p{L}_]\w*$/u);
    const tree = syntaxTree(state);
    if (!word || SILENT.includes(tree.resolveInner(pos, -1).name)) {
        return null;
    }
    const found = new Set();
    tree.iterate({
        enter: ({ name, from, to }) => {
            if (name === "VariableName" && to !== pos) {
                found.add(state.sliceDoc(from, to));
            }
        },
    });
    return { from: word.from, options: [...found].map((label) => ({ label })), validFor: /^\w*$/ };
}

/** Accept the name that is chosen in the list or, if none is, the first one. */
export function accept(view) {
    if (completionStatus(view.state) !== "active") {
        return false;
    }
    if (!selectedCompletion(view.state)) {
        moveCompletionSelection(true)(view);
    }
    return acceptCompletion(view);
}

export const completing = [
    closeBrackets(),
    keymap.of([...closeBracketsKeymap, ...completionKeymap]),
    // Enter begins a line, as long as no name is chosen with the arrow keys.
    autocompletion({ override: [...lists, ownNames], icons: false, selectOnOpen: false, interactionDelay: 0 }),
];
