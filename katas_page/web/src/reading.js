/** The place in a README up to which the learner has read. It is kept for each kata, and found again. */
import { keep, read } from "./kept_here.js";

const KEEP_MS = 200; // after the last scroll

/**
 * Keep the place of a README in the pane that scrolls it. Return a function that goes there.
 * The place is a paragraph, because the width may have changed, and pictures may not have their height yet.
 * @param {string} slug
 * @param {HTMLElement} pane
 * @param {HTMLElement} readme
 */
export function keepingPlace(slug, pane, readme) {
    const key = `reading ${slug}`;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const above = (part) => pane.getBoundingClientRect().top - part.getBoundingClientRect().top;
    pane.addEventListener("scroll", () => {
        clearTimeout(timer);
        timer = setTimeout(() => {
            const { top } = pane.getBoundingClientRect();
            const parts = [...readme.children];
            const at = parts.findIndex((part) => part.getBoundingClientRect().bottom > top);
            if (at >= 0 && !pane.hidden) {
                keep(key, [at, Math.round(above(parts[at]))]);
            }
        }, KEEP_MS);
    });
    return () => {
        const [at, offset] = read(key, [-1, 0]);
        const part = readme.children[at];
        if (part) {
            pane.scrollTop += offset - above(part);
        }
    };
}
