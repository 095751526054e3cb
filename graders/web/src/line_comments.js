/** Comments on single lines. Each is a line of the comment for the author, such as `why.md:3: Why is that?`. */
import { el } from "./dom.js";

const MOVES = { ArrowDown: (at) => at + 1, ArrowUp: (at) => at - 1, Home: () => 0, End: () => -1 };

/**
 * Let the reviewer comment on the lines of the shown files, and show the comments below their lines. What the field
 * `comment` contains is all there is, so both can be edited.
 * @param {any} files the files of the piece, as the server sent them
 * @param {HTMLElement} work contains them as `.numbered` blocks, one for each text
 * @param {HTMLTextAreaElement} comment
 */
export function commentOnLines(files, work, comment) {
    const texts = files.filter((file) => file.kind === "text");
    const blocks = [...work.querySelectorAll(".numbered")].map((block, at) => ({
        name: texts[at].name,
        lines: [...block.children],
    }));

    /** Return the place of a line of the comment in the files, such as [0, 2], or null. */
    function placeOf(text) {
        for (const [at, { name, lines }] of blocks.entries()) {
            const number = text.startsWith(`${name}:`) && text.slice(name.length + 1).match(/^(\d+): /)?.[1];
            if (number && lines[number - 1]) {
                return [at, number - 1];
            }
        }
        return null;
    }

    const wordsOf = (text, [at, line]) => text.slice(`${blocks[at].name}:${line + 1}: `.length);
    const entries = () => comment.value.split("\n").map((text) => ({ text, place: placeOf(text) }));
    const isAt = ({ place }, at, line) => place?.[0] === at && place[1] === line;

    function show() {
        work.querySelectorAll(".remark").forEach((each) => each.remove());
        for (const { text, place } of entries().filter((each) => each.place)) {
            blocks[place[0]].lines[place[1]].append(el("span", { class: "remark" }, wordsOf(text, place)));
        }
    }

    /** Replace the comment on a line. Comments on lines come after everything else, in the order of the lines. */
    function store(at, line, words) {
        const kept = entries().filter((each) => !isAt(each, at, line));
        if (words.trim()) {
            kept.push({ text: `${blocks[at].name}:${line + 1}: ${words.trim()}`, place: [at, line] });
        }
        const onLines = kept.filter((each) => each.place);
        onLines.sort((one, other) => one.place[0] - other.place[0] || one.place[1] - other.place[1]);
        const others = kept.filter((each) => !each.place);
        comment.value = [...others, ...onLines].map((each) => each.text).join("\n").trim();
        comment.dispatchEvent(new Event("input"));
    }

    function edit(at, line) {
        const place = blocks[at].lines[line];
        const [number] = place.children;
        const label = number.getAttribute("aria-label");
        const field = el("input", { class: "on-line", "aria-label": label, maxlength: 500, autocomplete: "off" });
        const old = entries().filter((each) => isAt(each, at, line));
        const before = old.map((each) => wordsOf(each.text, each.place)).join(" ");
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

    const numbers = [...work.querySelectorAll(".numbered button")];
    numbers.forEach((number, at) => (number.tabIndex = at ? -1 : 0));
    for (const [at, { lines }] of blocks.entries()) {
        lines.forEach((line, number) => line.firstElementChild.addEventListener("click", () => edit(at, number)));
    }
    work.addEventListener("keydown", (event) => {
        const now = numbers.indexOf(event.target);
        if (now >= 0 && MOVES[event.key]) {
            event.preventDefault();
            const next = numbers.at(MOVES[event.key](now) % numbers.length);
            numbers[now].tabIndex = -1;
            next.tabIndex = 0;
            next.focus();
        }
    });
    comment.addEventListener("input", show);
    show();
}
