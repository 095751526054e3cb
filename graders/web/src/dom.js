/** Short forms for making elements, and the page's two shared regions: banners and announcements. */

import { wrap } from "./code_lines.js";
import { el } from "./elements.js";

export { el };

/** @typedef {import("./elements.js").Properties} Properties */

/**
 * Make a button.
 * @param {string} label
 * @param {((event: MouseEvent) => unknown) | null} onclick
 * @param {Properties} [properties]
 */
export function button(label, onclick, properties = {}) {
    return el("button", { type: "button", onclick, ...properties }, label);
}

const SMALLEST = 0.82; // what is too wide is drawn smaller, down to this share of its usual size

/** Lets the keyboard scroll what is too wide for its place, and skip everything else. A line below says so. */
const scrollers = new ResizeObserver((entries) => {
    for (const entry of entries) {
        const target = /** @type {HTMLElement} */ (entry.target);
        target.style.fontSize = "";
        if (target.scrollWidth > target.clientWidth) {
            const { fontSize, paddingLeft, paddingRight } = getComputedStyle(target);
            const padding = parseFloat(paddingLeft) + parseFloat(paddingRight);
            const share = (target.clientWidth - padding) / (target.scrollWidth - padding);
            target.style.fontSize = `${parseFloat(fontSize) * Math.max(SMALLEST, share)}px`;
            if (share < SMALLEST && target.tagName === "PRE") {
                wrap(target);
            }
        }
        const tooWide = target.scrollWidth > target.clientWidth;
        if (tooWide) {
            target.setAttribute("tabindex", "0");
        } else {
            target.removeAttribute("tabindex");
        }
        target.classList.toggle("cut", tooWide);
    }
});

/** Note whether an element is scrolled to its end: then it is cut off on the other side only. */
function noteEnd({ target }) {
    const { scrollLeft, scrollWidth, clientWidth } = target;
    target.classList.toggle("begun", scrollLeft > 1);
    target.classList.toggle("ended", scrollLeft + clientWidth >= scrollWidth - 1);
}

/** Add a sign to a wide element that says that it can be scrolled. It is hidden while everything fits. */
export function signed(/** @type {Element} */ wide) {
    wide.addEventListener("scroll", noteEnd, { passive: true });
    wide.after(el("p", { class: "sideways", "aria-hidden": "true" }, "scroll → to see the rest"));
    scrollers.observe(wide);
}

/** Make a link around a picture, which opens it in its full size in a new tab. */
export function enlarging(/** @type {HTMLImageElement} */ image) {
    const title = "Open the picture in its full size";
    const label = image.alt ? null : title;
    const href = image.getAttribute("src");
    return el("a", { class: "enlarging", href, target: "_blank", rel: "noopener", title, "aria-label": label }, image);
}

/**
 * Make an element from HTML that the server has rendered and escaped.
 * Never call this with text that comes from a file or from a message.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} properties
 * @param {string} html
 */
export function trusted(tag, properties, html) {
    const element = el(tag, properties);
    element.innerHTML = html;
    for (const table of element.querySelectorAll("table")) {
        const frame = el("div", { class: "wide", role: "group", "aria-label": "Table" });
        table.replaceWith(frame);
        frame.append(table);
    }
    for (const image of element.querySelectorAll("img")) {
        if (image.getAttribute("src") && !image.closest("a")) {
            const place = document.createComment("");
            image.replaceWith(place);
            place.replaceWith(enlarging(image));
        }
    }
    element.querySelectorAll("pre, .wide, math[display=block]").forEach(signed);
    element.querySelectorAll("th:empty").forEach((corner) => corner.replaceWith(el("td"))); // it heads nothing
    return element;
}

/** Focus the first element in a place that a selector fits, if there is one. */
export function focusFirst(/** @type {Element} */ place, /** @type {string} */ selector) {
    const found = place.querySelector(selector);
    if (found instanceof HTMLElement) {
        found.focus();
    }
}

const banners = el("div", { class: "banners", role: "alert" });
const polite = el("div", { class: "hidden", role: "status" });

/** Return the regions for banners and announcements, which stay on the page while its content changes. */
export function regions() {
    return [banners, polite];
}

/**
 * Show one message above the page. A message with the same key is replaced.
 * @param {string} key
 * @param {string} text
 */
export function showBanner(key, text) {
    const shown = [...banners.querySelectorAll("div")].find((each) => each.dataset.key === key);
    if (shown?.firstElementChild?.textContent === text) {
        return;
    }
    hideBanner(key);
    const close = button("Close", () => hideBanner(key));
    banners.append(el("div", { class: "banner", "data-key": key }, el("p", {}, text), close));
}

/**
 * Return what a promise gives or, if it fails, nothing, and show its message above the page.
 * @template Found
 * @param {Promise<Found>} promise
 */
export async function told(promise) {
    try {
        return await promise;
    } catch (fault) {
        showBanner("told", fault instanceof Error ? fault.message : String(fault));
    }
}

/** Remove the message with this key, or all messages. */
export function hideBanner(/** @type {string | undefined} */ key = undefined) {
    for (const each of banners.querySelectorAll("div")) {
        if (key === undefined || each.dataset.key === key) {
            each.remove();
        }
    }
}

/** Have a screen reader say a sentence when it is idle. */
export function announce(/** @type {string} */ text) {
    polite.textContent = "";
    setTimeout(() => {
        polite.textContent = text;
    }, 50); // a region that receives the same text again is silent unless it was empty in between
}

/** Open a dialog and return what it was closed with. */
export function opened(/** @type {HTMLDialogElement} */ dialog) {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
        dialog.addEventListener("close", () => {
            dialog.remove();
            before?.focus();
            resolve(dialog.returnValue);
        });
    });
}
