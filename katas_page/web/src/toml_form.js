/** A form for a TOML file, next to the text editor. Both show the same text and change it for each other. */
import { button, el, focusFirst } from "../../../graders/web/src/dom.js";
import { parse, TomlError, written } from "./toml.js";

/** Return what is wrong with the text of a field for a whole number. */
function refusal(text) {
    const found = text.trim();
    if (!found) {
        return "Write a whole number, such as 12. This field is empty, so the file keeps its old number.";
    }
    const shown = found.length > 20 ? `${found.slice(0, 20)}…` : found;
    const isNumber = /^[+-]?\d*[.,]?\d+(e[+-]?\d+)?$/i.test(found);
    const what = !isNumber ? "not a number" : /^[+-]?\d+$/.test(found) ? "too large" : "not a whole number";
    return `Write a whole number, such as 12. “${shown}” is ${what}, so the file keeps its old number.`;
}

/** A form for one file. Only keys with `choices` have a list to choose from. */
export class TomlForm {
    /**
     * @param {string} file the file's name
     * @param {import("./kata_api.js").Choices} choices
     * @param {(from: number, to: number, text: string) => void} replace replaces a part of the editor's text
     */
    constructor(file, choices, replace) {
        this.file = file;
        this.choices = choices;
        this.replace = replace;
        this.text = "";
        /** @type {import("./toml.js").Table[]} */
        this.tables = [];
        this.fields = new Map();
        this.shape = null;
        this.id = `form-${file.replace(/\W/g, "-")}`;
        this.fault = el("p", { class: "soft unreadable", role: "status" });
        this.body = el("form", { class: "form", "aria-label": `Form of ${file}` });
        this.body.addEventListener("submit", (event) => event.preventDefault());
        this.readable = true;
    }

    /** Show a text. Fields whose values are the same stay as they are. */
    show(text) {
        this.text = text;
        try {
            this.tables = parse(text);
            this.readable = this.tables.length > 0;
            this.fault.textContent = this.readable ? "" : `${this.file} has no table, so there is no form for it.`;
        } catch (error) {
            if (!(error instanceof TomlError)) {
                throw error;
            }
            this.readable = false;
            this.fault.textContent = `The form cannot show ${this.file}: ${error.message}. Correct it in the text.`;
        }
        if (this.readable) {
            this.arrange();
        }
    }

    /** Make the fields again if there are others than before, and give each its value. */
    arrange() {
        const keys = new Set(this.tables.flatMap(({ entries }) => entries.map(({ key }) => key)));
        const shape = JSON.stringify([this.tables.map(({ name }) => name), [...keys]]);
        if (shape !== this.shape) {
            this.shape = shape;
            this.fields.clear();
            this.body.replaceChildren(...this.tables.map((table, number) => this.group(table.name, number, [...keys])));
        }
        for (const [place, { put }] of this.fields) {
            const [number, key] = place.split(" ");
            put(this.entry(Number(number), key)?.value ?? "");
        }
    }

    entry(number, key) {
        return this.tables[number]?.entries.find((entry) => entry.key === key);
    }

    group(name, number, keys) {
        const controls = keys.map((key) => {
            const isNumber = this.tables.some(({ entries }) =>
                entries.some((entry) => entry.key === key && typeof entry.value === "number"),
            );
            const id = `${this.id}-${number}-${key}`;
            const write = (value) => this.write(number, key, value);
            const options = Object.hasOwn(this.choices, key) ? this.choices[key] : null;
            const field = options ? choice(id, options, write) : isNumber ? whole(id, write) : prose(id, write);
            this.fields.set(`${number} ${key}`, field);
            return el("div", { class: "entry" }, el("label", { for: id }, key), ...field.elements);
        });
        return el("fieldset", {}, el("legend", {}, name || this.file), ...controls);
    }

    /** Write a value into the text. A key that the table lacks is added at its end. */
    write(number, key, value) {
        const entry = this.entry(number, key);
        if (entry) {
            this.replace(entry.from, entry.to, written(value));
        } else {
            const { entries, end } = this.tables[number];
            const line = this.text.indexOf("\n", entries.at(-1)?.to ?? end);
            const at = line < 0 ? this.text.length : line;
            this.replace(at, at, `\n${key} = ${written(value)}`);
        }
    }

    focus() {
        focusFirst(this.body, "select, input, textarea");
    }
}

/** Return a list to choose from, with the meaning of the chosen name below it. */
function choice(id, options, write) {
    const meaning = el("p", { class: "soft", id: `${id}-meaning` });
    const select = el("select", { id, "aria-describedby": meaning.id });
    const explain = () => {
        meaning.textContent = options.find(({ name }) => name === select.value)?.meaning ?? "";
    };
    select.addEventListener("change", () => {
        explain();
        write(select.value);
    });
    const put = (value) => {
        if (select.options.length && select.value === String(value)) {
            return;
        }
        const names = options.map(({ name }) => name);
        const unknown = names.includes(String(value)) ? [] : [String(value)];
        select.replaceChildren(
            ...[...unknown, ...names].map((name) => el("option", { value: name }, name || "choose…")),
        );
        select.value = String(value);
        explain();
    };
    return { elements: [select, meaning], put };
}

/** Return a field for a whole number. Anything else is not written. */
function whole(id, write) {
    const said = el("p", { class: "failed", id: `${id}-fault`, role: "status" });
    const input = el("input", { id, inputmode: "numeric", autocomplete: "off", size: 6, "aria-describedby": said.id });
    const judge = () => {
        const right = /^\s*-?\d{1,9}\s*$/.test(input.value);
        input.setAttribute("aria-invalid", String(!right));
        said.textContent = right ? "" : refusal(input.value);
        return right;
    };
    input.addEventListener("input", () => judge() && write(Number(input.value)));
    const put = (value) => {
        if (document.activeElement !== input || Number(input.value) !== value) {
            input.value = String(value);
            judge();
        }
    };
    return { elements: [input, said], put };
}

/** Return a field for a text. */
function prose(id, write) {
    const area = el("textarea", { id, rows: 2, autocomplete: "off" });
    area.addEventListener("input", () => write(area.value));
    const put = (value) => {
        if (area.value !== String(value)) {
            area.value = String(value);
        }
    };
    return { elements: [area], put };
}

/** The two views of a file: its form and its text. A text that the form cannot show is shown as text. */
export class Views {
    /**
     * @param {TomlForm} form
     * @param {HTMLElement} text the element with the editor
     * @param {() => void} shown is called when the text becomes visible
     */
    constructor(form, text, shown) {
        this.form = form;
        this.text = text;
        this.shown = shown;
        this.wanted = "form";
        this.buttons = ["form", "text"].map((view) =>
            button(view === "form" ? "Form" : "Text", () => this.choose(view), { "data-view": view }),
        );
        const group = { class: "views", role: "group", "aria-label": `Views of ${form.file}` };
        this.elements = [el("div", group, ...this.buttons, form.fault), form.body, text];
        this.arrange();
    }

    choose(view) {
        this.wanted = view;
        this.arrange();
    }

    get isForm() {
        return this.wanted === "form" && this.form.readable;
    }

    arrange() {
        this.form.body.hidden = !this.isForm;
        this.text.hidden = this.isForm;
        for (const each of this.buttons) {
            const chosen = (each.dataset.view === "form") === this.isForm;
            each.setAttribute("aria-pressed", String(chosen));
            each.setAttribute("aria-disabled", String(each.dataset.view === "form" && !this.form.readable));
        }
        if (!this.isForm) {
            this.shown();
        }
    }
}
