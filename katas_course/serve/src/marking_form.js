/** The form with which a reviewer scores a piece: points, rubric items and a comment. */
import { addItem, give, openAgain, scoreOf } from "./marking_api.js";
import { askForItem } from "./marking_dialogs.js";
import { announce, button, el, focusFirst } from "../../../graders/web/src/dom.js";

/** A number as people write it, with a sign. */
export function signed(points) {
    return points < 0 ? `−${-points}` : `+${points}`;
}

/**
 * @typedef {{next: () => void, back: () => void, saved: (progress: string) => void,
 *     show: (answer: import("./marking_api.js").Answer, other: MarkingForm) => void}} Steps
 */

/** The form for one piece. */
export class MarkingForm {
    /**
     * @param {import("./marking_api.js").Piece} piece the opened piece
     * @param {Steps} steps
     */
    constructor(piece, steps) {
        this.piece = piece;
        this.steps = steps;
        this.chosen = new Set(piece.used);
        this.ofItems = { points: "", comment: "" }; // what the chosen items have put into the fields
        this.points = el("input", {
            id: "points",
            inputmode: "decimal",
            autocomplete: "off",
            size: 6,
            value: piece.score ? String(piece.score.points) : "",
            "aria-describedby": "fault",
        });
        this.comment = el("textarea", { id: "comment", rows: 6, maxlength: 2000 });
        this.comment.value = piece.score?.comment ?? "";
        this.fault = el("div", { id: "fault", role: "alert" });
        this.list = el("div", { class: "items" });
        this.saving = false;
        this.saved = false;
        /** @type {Promise<unknown>} */
        this.filling = Promise.resolve(); // the last change of the fields by an item
        this.before = this.fields();
        this.showItems();
        this.element = this.made();
        this.restoreItems();
    }

    made() {
        const { piece } = this;
        const now = piece.score ? el("p", {}, `Now: ${piece.score.points} by ${piece.score.by}`) : null;
        const save = button("Save and next", null, { type: "submit", class: "primary", title: "Ctrl-Enter" });
        const form = el(
            "form",
            { class: "score", "aria-label": "Score", novalidate: true },
            now,
            el(
                "fieldset",
                {},
                el("legend", {}, "Rubric items"),
                this.list,
                button("New item…", () => this.newItem(), { title: "n", "aria-keyshortcuts": "n" }),
            ),
            el("p", {}, el("label", { for: "points" }, `Points, 0 to ${piece.maximum}`), " ", this.points),
            el("label", { for: "comment" }, "Comment for the author"),
            this.comment,
            this.fault,
            el(
                "div",
                { class: "buttons" },
                save,
                button("Skip", () => this.steps.next(), { title: "s", "aria-keyshortcuts": "s" }),
                button("Back", () => this.steps.back(), { title: "b", "aria-keyshortcuts": "b" }),
            ),
        );
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            this.save();
        });
        return form;
    }

    fields() {
        return JSON.stringify([this.points.value.trim(), this.comment.value.trim()]);
    }

    /** Whether something has been typed or chosen that is not saved. */
    get changed() {
        return this.fields() !== this.before;
    }

    /** Keep what another form had typed. */
    takeOver(/** @type {MarkingForm} */ other) {
        this.points.value = other.points.value;
        this.comment.value = other.comment.value;
        this.chosen = new Set(other.chosen);
        this.ofItems = other.ofItems;
        this.showItems();
    }

    showItems() {
        const buttons = this.piece.items.map((item, at) => {
            const key = at < 9 ? String(at + 1) : null;
            const made = button("", () => this.toggle(item.id), {
                "aria-pressed": String(this.chosen.has(item.id)),
                "aria-keyshortcuts": key,
                title: item.comment || null,
            });
            made.append(...(key ? [el("kbd", {}, key)] : []), ` ${signed(item.points)} `, item.label);
            return made;
        });
        const none = "None yet. An item is a comment with points that you use again and again.";
        this.list.replaceChildren(...(buttons.length ? buttons : [el("p", { class: "soft" }, none)]));
    }

    /** Choose the item with a number from 1 on, as its key does. */
    press(number) {
        const item = this.piece.items[number - 1];
        if (item) {
            this.toggle(item.id);
        }
    }

    async toggle(id) {
        const focused = [...this.list.children].findIndex((each) => each === document.activeElement);
        this.chosen.has(id) ? this.chosen.delete(id) : this.chosen.add(id);
        this.showItems();
        this.list.querySelectorAll("button")[focused]?.focus();
        this.filling = this.filling.then(() => this.attempt(async () => this.fill(await this.score())));
        await this.filling;
    }

    /** Return the points and the comment of the chosen items. */
    async score() {
        if (!this.chosen.size) {
            return { points: "", comment: "" };
        }
        const found = await scoreOf(this.piece.number, [...this.chosen]);
        return { points: String(found.points), comment: found.comment };
    }

    /** Replace what the items chosen before had put into the fields. Typed text stays. */
    fill(found) {
        const old = this.ofItems.comment;
        const text = this.comment.value;
        const rest = (old && text.includes(old) ? text.replace(old, () => "") : text).trim();
        this.points.value = found.points;
        this.comment.value = [found.comment, rest].filter(Boolean).join("\n");
        this.ofItems = found;
        this.comment.dispatchEvent(new Event("input"));
        announce(found.points === "" ? "No item is chosen." : `${found.points} points.`);
    }

    /** Find out what the items of a score that is there already have put into the fields. */
    async restoreItems() {
        if (this.chosen.size) {
            await this.attempt(async () => (this.ofItems = await this.score()));
        }
    }

    async newItem() {
        const made = await askForItem(this.piece.maximum, async (item) => {
            const { items } = await addItem(this.piece.number, item);
            this.piece.items = items;
            this.showItems();
        });
        if (made) {
            announce("The item was added.");
            focusFirst(this.list, "button:last-child");
        }
    }

    async save() {
        await this.filling;
        if (this.saved && !this.changed) {
            this.steps.next();
            return;
        }
        const points = Number(this.points.value.trim().replace(",", ".") || "none");
        if (!Number.isFinite(points)) {
            this.say(`Type points from 0 to ${this.piece.maximum}.`);
            this.points.focus();
            return;
        }
        if (this.saving) {
            return;
        }
        this.saving = true;
        const given = { points, comment: this.comment.value, items: [...this.chosen] };
        const done = await this.attempt(async () => this.steps.saved((await give(this.piece.number, given)).progress));
        this.saving = false;
        if (done) {
            this.saved = true;
            this.before = this.fields();
            this.steps.next();
        }
    }

    /** Do something, and show its message if it fails. Return whether it worked. */
    async attempt(work) {
        this.fault.replaceChildren();
        try {
            await work();
            return true;
        } catch (error) {
            if (error.status === 409) {
                this.refused(error);
            } else {
                this.say(error.message);
            }
            return false;
        }
    }

    say(text) {
        this.fault.replaceChildren(el("p", { class: "failed" }, text));
    }

    /** Show what another reviewer has given meanwhile. Nothing that was typed here is lost. */
    refused(error) {
        const change = async () => {
            const answer = await openAgain(this.piece.number);
            this.steps.show(answer, this);
        };
        this.fault.replaceChildren(
            el("p", { class: "failed" }, error.message),
            el(
                "div",
                { class: "buttons" },
                button("Keep that, go on", () => {
                    this.before = this.fields();
                    this.steps.next();
                }),
                button("Change it to mine…", () => this.attempt(change)),
            ),
        );
    }
}
