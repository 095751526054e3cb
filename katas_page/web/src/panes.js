/** The three panes of a kata: columns on a wide screen, tabs on a narrow one. */
import { Columns } from "./columns.js";
import { button, el } from "../../../graders/web/src/dom.js";

const SIDES = ["left", "middle", "right"];
const WIDE = "(min-width: 1100px)";

/** Let the arrow keys, Home and End move through a tab list, and show the tab that they reach. */
export function tabKeys(list, show) {
    list.addEventListener("keydown", (event) => {
        const tabs = [...list.children];
        const at = tabs.indexOf(document.activeElement);
        const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
        if (at >= 0 && event.key in steps) {
            event.preventDefault();
            const tab = tabs[(steps[event.key] + tabs.length) % tabs.length];
            show(tab);
            tab.focus();
        }
    });
}

export class Panes {
    /** @param {{name: string, content: Node, focus?: () => void}[]} panes */
    constructor(panes) {
        this.panes = panes;
        this.shown = 0;
        this.tabs = panes.map(({ name }, number) => {
            const properties = { role: "tab", id: `pane-tab-${number}`, "aria-controls": `pane-${number}` };
            return button(name, () => this.show(number), properties);
        });
        this.list = el("div", { class: "tabs panes", role: "tablist", "aria-label": "Panes" }, ...this.tabs);
        this.sections = panes.map(({ name, content, focus }, number) => {
            const tabindex = focus ? -1 : 0; // a pane without a focus of its own is scrolled by keyboard
            const kind = `pane ${name.toLowerCase()}`;
            return el("section", { id: `pane-${number}`, class: kind, tabindex, "aria-label": name }, content);
        });
        this.element = el("main", { class: "kata" }, this.list);
        const names = panes.map(({ name }) => name);
        const fold = (side, number) =>
            button(names[number], () => this.columns.fold(side), { class: "fold", "aria-controls": `pane-${number}` });
        this.folds = { left: fold("left", 0), right: fold("right", 2) };
        this.columns = new Columns(this.element, names, (side, folded) => {
            this.folds[side].setAttribute("aria-expanded", String(!folded));
        });
        const { left, right } = this.columns.separators;
        this.element.append(this.sections[0], left, this.sections[1], right, this.sections[2]);
        tabKeys(this.list, (tab) => this.show(this.tabs.indexOf(tab)));
        this.wide = matchMedia(WIDE);
        this.onWidth = () => this.arrange();
        this.wide.addEventListener("change", this.onWidth);
        this.arrange();
    }

    /** Show one pane. On a wide screen, all of them are visible anyway. */
    show(number) {
        this.shown = number;
        this.arrange();
    }

    /** Add a sign and its meaning to a tab, so that a narrow screen shows the status of a pane that is not visible. */
    mark(number, sign, words) {
        const { name } = this.panes[number];
        const seen = el("span", { "aria-hidden": "true" }, sign ? ` ${sign}` : "");
        const heard = el("span", { class: "hidden" }, sign ? ` (${words})` : "");
        this.tabs[number].replaceChildren(name, seen, heard);
    }

    /** Show a pane and move the focus into it. */
    focus(number) {
        this.columns.fold(SIDES[number], false);
        this.show(number);
        (this.panes[number].focus ?? (() => this.sections[number].focus()))();
    }

    /** Show what the width of the page allows. Call this again when the panes have come into the document. */
    arrange() {
        const wide = this.wide.matches;
        this.list.hidden = wide;
        Object.values(this.columns.separators).forEach((bar) => (bar.hidden = !wide));
        this.sections.forEach((section, number) => {
            section.setAttribute("role", wide ? "region" : "tabpanel");
            section.hidden = !wide && number !== this.shown;
            this.tabs[number].setAttribute("aria-selected", String(number === this.shown));
            this.tabs[number].tabIndex = number === this.shown ? 0 : -1;
        });
        this.columns.apply();
    }

    close() {
        this.wide.removeEventListener("change", this.onWidth);
    }
}
