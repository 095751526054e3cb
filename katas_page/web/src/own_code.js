/** What a figure asks of the learner's own function, and how it reads the answer, which may be anything. */

const LONGEST = 60; // characters of a strange answer that are shown

/** Return the lines of Python that call the function, and end with its answer as plain numbers. */
export function linesOf({ name, module, call }, values) {
    const plain = 'getattr(answer, "tolist", lambda: answer)()';
    return `import numpy as np\nfrom ${module} import ${name}\n\nanswer = ${call(values)}\n${plain}\n`;
}

/** Return the nested lists of numbers of this shape that Python has printed, or null. */
export function numbersIn(text, shape) {
    const found = parsed(text);
    return fits(found, shape) ? numeric(found) : null;
}

/** Say in a few words what came instead of numbers of the right shape. */
export function strange(text) {
    const shape = [];
    for (let part = parsed(text); Array.isArray(part) && shape.length < 8; part = part[0]) {
        shape.push(part.length);
    }
    if (shape.length) {
        return `an array of shape ${inPython(shape)}`;
    }
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text || "None";
}

/** Return a shape as Python writes it. */
export const inPython = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

function parsed(text) {
    try {
        return JSON.parse(text.replace(/\bnan\b/g, "null").replace(/\binf\b/g, "1e999"));
    } catch {
        return undefined; // it isn't a list of numbers
    }
}

function fits(found, /** @type {number[]} */ [length, ...inner]) {
    if (length === undefined) {
        return found === null || typeof found === "number";
    }
    return Array.isArray(found) && found.length === length && found.every((each) => fits(each, inner));
}

const numeric = (found) => (Array.isArray(found) ? found.map(numeric) : (found ?? NaN));
