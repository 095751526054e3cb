/**
 * One file in the editor, and how it is kept equal to the file on disk.
 *
 * `base` is the digest of the version on disk that the editor's text is based on. The server refuses to overwrite any
 * other version. If the file has changed on disk and in the editor, the learner decides which text to keep.
 */
import { writeFile } from "./kata_api.js";
import { createEditor, markLines, replaceText } from "./codemirror.js";
import { announce, button, el } from "../../../graders/web/src/dom.js";
import { dropDraft, findDraft, keepDraft } from "./drafts.js";
import { withLineEnds } from "./line_ends.js";
import { TomlForm, Views } from "./toml_form.js";

const SAVE_MS = 400; // a change is saved after this pause
const RETRY_MS = 3000;
const MODIFIERS = ["Alt", "AltGraph", "Control", "Meta", "Shift"];

export class FileEditor {
    /**
     * @param {string} slug
     * @param {import("./kata_api.js").KataFile} file with `choices`, it also has a form
     * @param {number} largest how many bytes the file may have
     * @param {(editor: FileEditor) => void} changed is called when `unsaved` may have changed
     */
    constructor(slug, file, largest, changed) {
        this.slug = slug;
        this.name = file.name;
        this.editable = file.editable;
        this.largest = largest;
        this.changed = changed;
        const text = file.text ?? "";
        this.base = file.digest ?? "";
        this.optional = file.optional; // such a file need not exist
        this.forget = () => {}; // closes the file's tab
        this.view = createEditor({ ...file, text }, (dropped) => this.edited(dropped), (now) => this.refresh(now));
        /** @type {import("@codemirror/state").Text | null} */
        this.saved = this.view.state.doc; // the text of `base`; null if the file must be written in any case
        this.saving = null;
        this.savedAt = 0;
        this.conflict = null;
        this.failed = false;
        this.dropped = false; // whether the text that was typed last was dropped, perhaps by mistake
        this.loaded = false; // whether the text has come from the disk since the last edit
        this.closed = false;
        this.tab = button("", null, { role: "tab", "data-name": file.name });
        this.panel = el("div", { role: "tabpanel", class: "sheet" });
        this.state = el("p", { class: "state soft" }, file.editable ? "" : (file.why ?? "You cannot edit this file."));
        this.choice = el("div", { class: "choice", role: "alert" });
        this.body = el("div", { class: "text", onkeydown: (event) => this.key(event) }, this.view.dom);
        this.views = file.editable && file.choices ? this.withForm(file.choices) : null;
        this.restore();
    }

    /** Return whether the editor has text that is not on disk. */
    get unsaved() {
        return this.editable && (this.saved === null || !this.saved.eq(this.view.state.doc));
    }

    get text() {
        return withLineEnds(this.view.state);
    }

    /** Return the views of a file that has a form. */
    withForm(choices) {
        const replace = (from, to, insert) => this.view.dispatch({ changes: { from, to, insert }, userEvent: "input" });
        const form = new TomlForm(this.name, choices, replace);
        form.show(this.view.state.doc.toString());
        return new Views(form, this.body, () => this.view.requestMeasure());
    }

    /** Show the text in the form, too. */
    refresh(text) {
        this.views?.form.show(text);
        this.views?.arrange();
    }

    /** Return what belongs between the choice and the state. */
    get content() {
        return this.views?.elements ?? [this.body];
    }

    focus() {
        if (this.views?.isForm) {
            this.views.form.focus();
        } else {
            this.view.focus();
        }
    }

    /** Continue with the text that an earlier visit to the page could not save. */
    restore() {
        const draft = this.editable ? findDraft(this.slug, this.name) : null;
        if (draft === null || draft.text === this.text) {
            dropDraft(this.slug, this.name);
            return;
        }
        const onDisk = { text: this.base ? this.text : null, digest: this.base };
        replaceText(this.view, draft.text);
        if (draft.base === this.base) {
            this.edited();
        } else {
            this.base = draft.base;
            this.saved = null;
            this.ask(onDisk);
        }
    }

    /** Save soon. Text that was dropped here waits for the next key, in case that was a mistake. */
    edited(dropped = false) {
        this.loaded = false;
        this.dropped = dropped;
        clearTimeout(this.timer);
        this.changed(this);
        if (dropped) {
            this.tell("not saved: press a key to keep what you dropped here, or undo it");
            return;
        }
        if (!this.conflict) {
            this.tell("saving…");
        }
        const isTooLong = this.view.state.doc.length > this.largest; // saving says so at once
        this.timer = setTimeout(() => this.save(), isTooLong ? 0 : SAVE_MS);
    }

    key({ key }) {
        if (this.dropped && !MODIFIERS.includes(key)) {
            this.edited();
        }
    }

    /** Save now. Return whether the file on disk has the editor's text afterwards. */
    async save(keepalive = false) {
        clearTimeout(this.timer);
        if (this.unsaved) {
            keepDraft(this.slug, this.name, this.text, this.base);
        }
        await this.saving;
        if (!this.unsaved || this.conflict) {
            this.settle();
            return !this.conflict;
        }
        const { text } = this;
        const bytes = new TextEncoder().encode(text).length;
        if (bytes > this.largest) {
            this.fail(`the file has ${bytes} bytes, but at most ${this.largest} are allowed. Make it shorter.`);
            return false;
        }
        this.saving ??= this.write(text, keepalive).finally(() => (this.saving = null));
        return this.saving;
    }

    async write(text, keepalive) {
        const { doc } = this.view.state;
        try {
            const { digest } = await writeFile(this.slug, this.name, text, this.base, keepalive);
            [this.base, this.saved, this.savedAt, this.failed] = [digest, doc, Date.now(), false];
            this.settle();
            return true;
        } catch (error) {
            if (error.status === 409) {
                this.ask({ text: error.body.text ?? null, digest: error.body.digest ?? "" });
            } else {
                this.fail(error.status ? error.message : "the server does not answer. Your text is kept here.");
                this.retryLater(error);
            }
            return false;
        }
    }

    /** Try again by itself if the server did not answer. Other faults need a change by the learner. */
    retryLater(error) {
        if (error.status === 0 && !this.closed) {
            this.timer = setTimeout(() => this.save(), RETRY_MS);
        }
    }

    /** Show that the text is saved, if it is. */
    settle() {
        if (!this.unsaved && !this.conflict && this.editable) {
            dropDraft(this.slug, this.name);
            const state = this.loaded ? "loaded from disk" : "saved";
            this.tell(this.base ? state : "This file does not exist yet. Type to create it.");
        }
        this.changed(this);
    }

    tell(text, kind = "soft") {
        this.state.className = `state ${kind}`;
        this.state.textContent = text;
    }

    fail(reason) {
        const text = `not saved: ${reason}`;
        if (this.state.textContent !== text) {
            announce(`${this.name} ${text}`);
        }
        this.failed = true;
        this.tell(text, "failed");
        this.changed(this);
    }

    /** Return whether this digest of the file on disk is news. */
    needs(digest) {
        return !this.saving && (digest ?? "") !== (this.conflict ? this.conflict.digest : this.base);
    }

    /** Take note of the file on disk. `text` is null if it was deleted or, with a digest, if it cannot be edited. */
    offer(text, digest, why = "") {
        if (this.saving) {
            return;
        }
        if (!this.editable) {
            this.load(text ?? "", digest);
            this.tell(why);
        } else if (digest === this.base && this.saved !== null) {
            this.decide(null);
            this.save();
        } else if (text !== null && (text === this.text || !this.unsaved)) {
            this.load(text, digest);
        } else {
            this.ask({ text, digest });
        }
    }

    /** Mark the lines of the file on disk that have a fault, unless the text has changed since. */
    mark(faults) {
        const key = JSON.stringify([faults, this.base]);
        if (key !== this.marksKey && !this.unsaved) {
            this.marksKey = key;
            markLines(this.view, faults);
        }
    }

    load(text, digest) {
        if (text !== this.text) {
            replaceText(this.view, text);
            this.loaded = true;
        }
        [this.base, this.saved] = [digest, this.view.state.doc];
        clearTimeout(this.timer);
        this.decide(null);
        this.settle();
    }

    /** Ask the learner which text to keep. */
    ask(onDisk) {
        this.decide(onDisk);
        keepDraft(this.slug, this.name, this.text, this.base);
        const { question, answers } = this.choices(onDisk);
        this.choice.replaceChildren(el("p", {}, question), el("div", { class: "buttons" }, ...answers));
        this.tell("not saved: choose a text first", "failed");
        this.changed(this);
    }

    choices({ text, digest }) {
        const mine = (label) => button(label, () => this.keepMine());
        if (!digest) {
            const close = this.optional ? [button("Close it", () => this.forget())] : [];
            return { question: `${this.name} was deleted from the disk.`, answers: [mine("Write it again"), ...close] };
        }
        if (text === null) {
            const question = `${this.name} has changed on disk. It is too large to be edited here, or it isn't text.`;
            return { question, answers: [mine("Replace it by my text")] };
        }
        return {
            question: `${this.name} has changed on disk, and you have changed it here. You can undo your choice.`,
            answers: [button("Use the file on disk", () => this.useDisk()), mine("Keep my text")],
        };
    }

    /** Set or clear the conflict. */
    decide(conflict) {
        this.conflict = conflict;
        this.failed = false;
        this.choice.replaceChildren();
    }

    useDisk() {
        const { text, digest } = this.conflict;
        this.load(text, digest);
        this.focus();
    }

    keepMine() {
        const { text, digest } = this.conflict;
        const mine = this.text;
        if (text !== null) {
            replaceText(this.view, text); // so that undo can bring it back
            replaceText(this.view, mine);
        }
        this.base = digest;
        this.saved = null;
        this.loaded = false;
        this.decide(null);
        this.focus();
        this.save();
    }

    /** Stop, and forget the text. */
    drop() {
        this.closed = true;
        clearTimeout(this.timer);
        dropDraft(this.slug, this.name);
        this.view.destroy();
    }

    /** Save what can still be saved, and stop. */
    close() {
        this.closed = true;
        this.save();
        this.view.destroy();
    }
}
