/** The right pane: the verdict, and a place to try one's own code, as two tabs. */
import { button, el } from "../../../graders/web/src/dom.js";
import { keep, read } from "./kept_here.js";
import { tabKeys } from "./panes.js";

export class Outcome {
    /** @param {{name: string, content: HTMLElement, shown?: () => void}[]} parts */
    constructor(parts) {
        this.parts = parts;
        this.tabs = parts.map(({ name }, number) => {
            const properties = { role: "tab", id: `part-tab-${number}`, "aria-controls": `part-${number}` };
            return button(name, () => this.show(number), properties);
        });
        const properties = { class: "tabs parts", role: "tablist", "aria-label": "Views of the result" };
        const list = el("div", properties, ...this.tabs);
        tabKeys(list, (tab) => this.show(this.tabs.indexOf(tab)));
        this.panels = parts.map(({ content }, number) =>
            el("div", { role: "tabpanel", id: `part-${number}`, "aria-labelledby": `part-tab-${number}` }, content),
        );
        this.element = el("div", { class: "outcomes" }, list, ...this.panels);
        this.key = `view of ${location.hash}`; // the one that a reload of this page shows
        this.show(Math.min(read(this.key, 0, "sessionStorage"), parts.length - 1));
    }

    show(chosen) {
        keep(this.key, chosen, "sessionStorage");
        this.tabs.forEach((tab, number) => {
            tab.setAttribute("aria-selected", String(number === chosen));
            tab.tabIndex = number === chosen ? 0 : -1;
            this.panels[number].hidden = number !== chosen;
        });
        this.parts[chosen].shown?.();
    }
}
