/** The middle pane: the kata's files as tabs, each with an editor. */
import { readKata, writeFile } from "./kata_api.js";
import { nameNewFile } from "./dialogs.js";
import { button, el, focusFirst } from "../../../graders/web/src/dom.js";
import { sizeButtons } from "./code_size.js";
import { FileEditor } from "./file_editor.js";
import { printed } from "./printing.js";
import { tabKeys } from "./panes.js";

const SETTLE_MS = 1000; // events that were sent before a save may still arrive for this long

export class Workspace {
    /**
     * @param {string} slug
     * @param {import("./kata_api.js").Kata} kata
     */
    constructor(slug, kata) {
        this.slug = slug;
        this.largest = kata.largest;
        /** @type {Map<string, FileEditor>} */
        this.editors = new Map();
        this.number = 0;
        this.asked = new Map(); // for each file, the last difference that the server was asked about
        this.tabs = el("div", { class: "tabs", role: "tablist", "aria-label": "Files" });
        this.panels = el("div", { class: "files" });
        tabKeys(this.tabs, (tab) => this.show(tab.dataset.name));
        const help = "Tab indents by 4 spaces. To leave the editor, press Esc and then Tab.";
        const more = kata.patterns.length > 0 && button("New file…", () => this.create(kata.patterns));
        const row = el("div", { class: "tabs row" }, this.tabs, more);
        const sizes = sizeButtons(() => this.editors.get(this.shown)?.view.requestMeasure());
        const tip = el("div", { class: "tip soft" }, el("span", {}, help), sizes);
        this.paper = el("div", { class: "paper" });
        this.element = el("div", { class: "workspace" }, row, this.panels, tip, this.paper);
        kata.files.forEach((file) => this.add(file));
        this.show(kata.files.find((file) => file.editable)?.name ?? kata.files[0]?.name);
        this.onLeave = () => this.flush(true);
        this.onUnload = (event) => this.warn(event);
        this.onPrint = () => this.paper.replaceChildren(...printed(this.editors.values()));
        addEventListener("beforeprint", this.onPrint);
        addEventListener("pagehide", this.onLeave);
        addEventListener("beforeunload", this.onUnload);
    }

    add(/** @type {import("./kata_api.js").KataFile} */ file) {
        const editor = new FileEditor(this.slug, file, this.largest, (each) => this.label(each));
        const { tab, panel } = editor;
        panel.id = `file-${this.number++}`;
        panel.append(editor.choice, ...editor.content, editor.state);
        tab.id = `tab-${panel.id}`;
        tab.setAttribute("aria-controls", panel.id);
        panel.setAttribute("aria-labelledby", tab.id);
        tab.addEventListener("click", () => this.show(file.name));
        editor.forget = () => this.remove(editor);
        this.editors.set(file.name, editor);
        this.tabs.append(tab);
        this.panels.append(panel);
        this.label(editor);
        this.show(this.shown);
    }

    /** Write a tab's label, with a sign while its text is not saved. */
    label(editor) {
        const marks = [];
        if (editor.conflict) {
            marks.push(el("span", { class: "failed" }, " !"), el("span", { class: "hidden" }, " (changed on disk)"));
        } else if (editor.unsaved) {
            marks.push(el("span", { "aria-hidden": "true" }, " ●"), el("span", { class: "hidden" }, " (not saved)"));
        } else if (!editor.editable) {
            marks.push(el("span", { class: "soft" }, " read-only"));
        }
        editor.tab.replaceChildren(editor.name, ...marks);
    }

    show(name) {
        this.shown = name;
        for (const editor of this.editors.values()) {
            const chosen = editor.name === name;
            editor.tab.setAttribute("aria-selected", String(chosen));
            editor.tab.tabIndex = chosen ? 0 : -1;
            editor.panel.hidden = !chosen;
            if (chosen) {
                editor.view.requestMeasure();
            }
        }
    }

    /** Ask for a name, and create an empty file with it. */
    async create(patterns) {
        let chosen = "";
        const make = async (name) => {
            chosen = name;
            if (name.split("/").some((part) => ["", ".", ".."].includes(part))) {
                return `Write the whole name, which matches ${patterns.join(" or ")}.`;
            }
            if (this.editors.has(name)) {
                return "There is such a file already.";
            }
            try {
                await writeFile(this.slug, name, "", "");
            } catch (error) {
                return error.status === 409 ? "There is such a file already." : error.message;
            }
            return "";
        };
        if (await nameNewFile(patterns, make)) {
            await this.reread();
            this.show(chosen);
            this.editors.get(chosen)?.tab.scrollIntoView({ block: "nearest", inline: "nearest" });
            this.focus();
        }
    }

    /** Take away the tab of a file that was deleted on disk and need not exist. */
    remove(editor) {
        editor.drop();
        this.editors.delete(editor.name);
        this.asked.delete(editor.name);
        editor.tab.remove();
        editor.panel.remove();
        this.show([...this.editors.keys()].at(0));
        focusFirst(this.tabs, "[aria-selected=true]");
    }

    focus() {
        this.editors.get(this.shown)?.focus();
    }

    /** Return whether no file has text that is not on disk, or waits for a choice. */
    get settled() {
        return [...this.editors.values()].every((editor) => !editor.unsaved && !editor.conflict);
    }

    /** Save all files now. Return whether all of them are on disk. */
    async flush(keepalive = false) {
        const done = await Promise.all([...this.editors.values()].map((editor) => editor.save(keepalive)));
        return done.every(Boolean);
    }

    /** Have the browser ask before it leaves the page, if the text cannot be saved. */
    warn(event) {
        if ([...this.editors.values()].some((editor) => editor.unsaved && (editor.failed || editor.conflict))) {
            event.preventDefault();
        }
    }

    /** Mark the lines that have a fault. */
    mark(/** @type {import("./kata_api.js").Mark[]} */ faults) {
        this.editors.forEach((editor, name) => editor.mark(faults.filter((each) => each.file === name)));
    }

    /** Compare the digests of the files on disk with the editors. */
    compare(digests) {
        this.digests = digests ?? {};
        clearTimeout(this.timer);
        const recent = Math.max(0, ...[...this.editors.values()].map((editor) => editor.savedAt));
        const wait = recent + SETTLE_MS - Date.now();
        if (wait > 0 || [...this.editors.values()].some((editor) => editor.saving)) {
            this.timer = setTimeout(() => this.compare(this.digests), Math.max(wait, 100));
        } else if (this.differing().length) {
            this.reread();
        }
    }

    /** Return the files whose digests are news, and note that they have been dealt with. */
    differing() {
        const names = new Set([...Object.keys(this.digests), ...this.editableNames()]);
        return [...names].filter((name) => {
            const editor = this.editors.get(name);
            const digest = this.digests[name] ?? "";
            const news = editor ? editor.needs(digest) : digest !== "";
            const difference = `${digest} ${editor?.base}`;
            if (!news) {
                this.asked.delete(name); // the same difference would be news again
            }
            if (!news || this.asked.get(name) === difference) {
                return false;
            }
            this.asked.set(name, difference);
            return true;
        });
    }

    editableNames() {
        return [...this.editors.values()].filter((editor) => editor.editable).map((editor) => editor.name);
    }

    /** Read the files again and offer them to the editors. */
    async reread() {
        let kata;
        try {
            kata = await readKata(this.slug);
        } catch {
            this.asked.clear(); // the next event asks again
            return;
        }
        const found = new Map(kata.files.map((file) => [file.name, file]));
        for (const editor of this.editors.values()) {
            const file = found.get(editor.name);
            editor.offer(file?.digest ? file.text : null, file?.digest ?? "", file?.why);
            found.delete(editor.name);
        }
        found.forEach((file) => this.add(file));
    }

    close() {
        clearTimeout(this.timer);
        removeEventListener("beforeprint", this.onPrint);
        removeEventListener("pagehide", this.onLeave);
        removeEventListener("beforeunload", this.onUnload);
        this.editors.forEach((editor) => editor.close());
    }
}
