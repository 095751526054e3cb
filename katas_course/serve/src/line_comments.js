/** Comments on single lines. Each is a line of the comment for the author, such as `why.md:3: Why is that?`. */
import { el } from "../../../graders/web/src/dom.js";

const MOVES = { ArrowDown: (at) => at + 1, ArrowUp: (at) => at - 1, Home: () => 0, End: () => -1 };

/**
 * Let the reviewer comment on the lines of the shown files, and show the comments below their lines. What the field
 * `comment` contains is all there is, so both can be edited.
 * @param {import("./marking_api.js").SubmittedFile[]} files the files of the piece
 * @param {HTMLElement} work contains them as `.numbered` blocks, one for each text
 * @param {HTMLTextAreaElement} comment
 */
export function commentOnLines(files, work, comment) {
    const names = files.filter((file) => file.kind === "text").map((file) => file.name);
    const blocks = [...work.querySelectorAll("pre.numbered")].map((block, at) => ({
        name: names[at],
        lines: [...block.children],
    }));

    /** Return the place of a line of the comment in the files, and the words; null if it is no comment on a line. */
    function remarkIn(/** @type {string} */ text) {
        for (const [at, { name, lines }] of blocks.entries()) {
            const found = text.startsWith(`${name}:`) && text.slice(name.length + 1).match(/^(\d+): (.*)$/);
            if (found && lines[Number(found[1]) - 1]) {
                return { at, line: Number(found[1]) - 1, words: found[2] };
            }
        }
        return null;
    }

    const texts = () => comment.value.split("\n");
    const remarks = () => texts().map(remarkIn).filter((each) => each !== null);

    function show() {
        work.querySelectorAll(".remark").forEach((each) => each.remove());
        for (const { at, line, words } of remarks()) {
            blocks[at].lines[line].append(el("span", { class: "remark" }, words));
        }
    }

    /** Replace the comment on a line. Comments on lines come after everything else, in the order of the lines. */
    function store(at, line, words) {
        const kept = remarks().filter((each) => each.at !== at || each.line !== line);
        if (words.trim()) {
            kept.push({ at, line, words: words.trim() });
        }
        kept.sort((one, other) => one.at - other.at || one.line - other.line);
        const others = texts().filter((text) => !remarkIn(text));
        const onLines = kept.map((each) => `${blocks[each.at].name}:${each.line + 1}: ${each.words}`);
        comment.value = [...others, ...onLines].join("\n").trim();
        comment.dispatchEvent(new Event("input"));
    }

    function edit(number, at, line) {
        const place = blocks[at].lines[line];
        const label = number.getAttribute("aria-label");
        const field = el("input", { class: "on-line", "aria-label": label, maxlength: 500, autocomplete: "off" });
        const old = remarks().filter((each) => each.at === at && each.line === line);
        const before = old.map((each) => each.words).join(" ");
        field.value = before;
        let open = true;
        const close = (words) => {
            if (open) {
                open = false;
                field.remove();
                if (words !== before) {
                    store(at, line, words);
                }
            }
        };
        field.addEventListener("blur", () => close(field.value));
        field.addEventListener("keydown", (event) => {
            if (event.key === "Enter" || event.key === "Escape") {
                event.stopPropagation();
                event.preventDefault();
                close(event.key === "Enter" ? field.value : before);
                number.focus();
            }
        });
        place.append(field);
        field.focus();
    }

    const numbers = blocks.flatMap(({ lines }, at) =>
        lines.map((each, line) => {
            const number = /** @type {HTMLButtonElement} */ (each.firstElementChild);
            number.addEventListener("click", () => edit(number, at, line));
            return number;
        }),
    );
    numbers.forEach((number, at) => (number.tabIndex = at ? -1 : 0));
    work.addEventListener("keydown", (event) => {
        const now = numbers.findIndex((number) => number === event.target);
        if (now >= 0 && MOVES[event.key]) {
            event.preventDefault();
            const next = (MOVES[event.key](now) + numbers.length) % numbers.length;
            numbers[now].tabIndex = -1;
            numbers[next].tabIndex = 0;
            numbers[next].focus();
        }
    });
    comment.addEventListener("input", show);
    show();
}
