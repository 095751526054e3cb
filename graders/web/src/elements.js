/** A short form for making an element. */

/** @typedef {Record<string, any>} Properties attributes and event handlers */

/**
 * Make an element. A property that starts with "on" is an event handler, and every other one is an attribute:
 * `true` sets an empty attribute, and `false`, `null` and `undefined` leave it out. Children that are strings
 * become text, never HTML.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} [properties]
 * @param {...(Node | string | null | false | undefined)} children
 */
export function el(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (name.startsWith("on")) {
            element.addEventListener(name.slice(2), value);
        } else if (value !== false && value !== null && value !== undefined) {
            element.setAttribute(name, value === true ? "" : String(value));
        }
    }
    element.append(...children.filter((child) => child !== null && child !== false && child !== undefined));
    return element;
}
