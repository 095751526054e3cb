/**
 * Read the part of TOML that a form can show: tables, and keys whose values are strings or whole numbers.
 *
 * Each value comes with its place in the text, so that a form can replace the value and leave everything else, such as
 * comments, as it is.
 */

const NAME = /[A-Za-z0-9_-]+/y;
const BLANK = /[ \t]*/y;
const REST = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
const INTEGER = /[+-]?(?:0|[1-9](?:_?[0-9])*)(?![\w.:+-])/y;
const LITERAL = /'([^'\n]*)'/y;
const BASIC = /"((?:\\[^\n]|[^"\\\n])*)"/y;
const LONG_LITERAL = /'''\n?((?:'{0,2}[^'])*'{0,2})'''(?!')/y;
const LONG_BASIC = /"""\n?((?:"{0,2}(?:\\[^]|[^"\\]))*"{0,2})"""(?!")/y;
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([ \t]*\n\s*)|([^]))/g;
const ESCAPED = { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", '"': '"', "\\": "\\" };
// eslint-disable-next-line no-control-regex -- it looks for them
const CONTROL = /[\0-\x08\x0b-\x1f\x7f]/;

/**
 * @typedef {{key: string, value: string | number, from: number, to: number}} Entry
 * @typedef {{name: string, entries: Entry[], end: number}} Table `end` is where another entry can be inserted
 */

/** A text that the form cannot show. The message names the line. */
export class TomlError extends Error {}

/**
 * Return the tables of a TOML text. Keys above the first table are in a table without a name.
 * @param {string} text
 * @returns {Table[]}
 */
export function parse(text) {
    const reader = new Reader(text);
    /** @type {Table} */
    let open = { name: "", entries: [], end: 0 };
    const tables = [open];
    while (reader.at < text.length) {
        if (reader.take(REST) !== null) {
            continue;
        }
        reader.take(BLANK);
        if (text[reader.at] === "[") {
            open = table(reader, tables);
            tables.push(open);
        } else {
            entry(reader, open);
        }
    }
    return tables[0].entries.length ? tables : tables.slice(1);
}

/** Return a value as TOML. */
export function written(/** @type {string | number} */ value) {
    if (typeof value === "number") {
        return String(value);
    }
    return JSON.stringify(value).replaceAll("\x7f", "\\u007f"); // every string of JSON is a string of TOML
}

class Reader {
    constructor(text) {
        this.text = text;
        this.at = 0;
    }

    /** Move behind a pattern, and return its match; null if the text here does not match. */
    take(pattern) {
        pattern.lastIndex = this.at;
        const found = pattern.exec(this.text);
        this.at += found?.[0].length ?? 0;
        return found;
    }

    /**
     * Throw an error that names a line, by default the present one.
     * @returns {never}
     */
    refuse(problem, at = this.at) {
        throw new TomlError(`line ${this.text.slice(0, at).split("\n").length}: ${problem}`);
    }
}

function table(reader, known) {
    const start = reader.at;
    reader.at += 1;
    reader.take(BLANK);
    const name = reader.take(NAME)?.[0];
    reader.take(BLANK);
    if (name === undefined || reader.text[reader.at] !== "]") {
        reader.refuse("the form shows only tables with a simple name, such as [bug1]", start);
    }
    reader.at += 1;
    const end = reader.at;
    if (reader.take(REST) === null) {
        reader.refuse("there is something behind the table's name", start);
    }
    if (known.some((other) => other.name === name)) {
        reader.refuse(`there is another table [${name}] above`, start);
    }
    return { name, entries: [], end };
}

function entry(reader, { entries, ...rest }) {
    const start = reader.at;
    const key = reader.take(NAME)?.[0];
    reader.take(BLANK);
    if (key === undefined || reader.text[reader.at] !== "=") {
        reader.refuse('expected a table, such as [bug1], or a key with a value, such as why = "…"', start);
    }
    reader.at += 1;
    reader.take(BLANK);
    const from = reader.at;
    const value = valueAt(reader);
    const to = reader.at;
    if (reader.take(REST) === null) {
        reader.refuse(`there is something behind the value of ${key}`, start);
    }
    if (entries.some((other) => other.key === key)) {
        reader.refuse(`there is another ${key} above in ${rest.name ? `[${rest.name}]` : "the file"}`, start);
    }
    entries.push({ key, value, from, to });
}

/** Return the value here, and move behind it. */
function valueAt(reader) {
    const start = reader.at;
    const number = reader.take(INTEGER);
    if (number) {
        return Number(number[0].replaceAll("_", ""));
    }
    const literal = reader.take(LONG_LITERAL) ?? (reader.text.startsWith("'''", start) ? null : reader.take(LITERAL));
    const isLong = reader.text.startsWith('"""', start);
    const basic = literal ? null : reader.take(isLong ? LONG_BASIC : BASIC);
    const found = literal ?? basic;
    if (!found) {
        const isText = /["']/.test(reader.text[start] ?? "");
        reader.refuse(isText ? "the text has no end" : strange(reader));
    }
    if (CONTROL.test(found[1])) {
        reader.refuse("the text contains a control character", start);
    }
    return literal ? literal[1] : basic[1].replace(ESCAPE, (...parts) => unescaped(parts, isLong, reader, start));
}

/** Return what is wrong with a value that is neither a text in quotes nor a whole number. */
function strange({ text, at }) {
    const found = text.slice(at).split("\n")[0].replace(/\s+#.*$/, "").trim();
    const shown = found.length > 30 ? `${found.slice(0, 30)}…` : found;
    return `expected a text in quotes or a whole number, such as 12, but found ${shown || "nothing"}`;
}

function unescaped(/** @type {string[]} */ [whole, short, long, newline, other], isLong, reader, start) {
    const code = parseInt(short ?? long ?? "0", 16);
    const isScalar = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    if (newline !== undefined && isLong) {
        return "";
    }
    if (newline !== undefined || (other !== undefined && !(other in ESCAPED)) || !isScalar) {
        reader.refuse(`${JSON.stringify(whole)} is not a character that TOML knows`, start);
    }
    return other === undefined ? String.fromCodePoint(code) : ESCAPED[other];
}
