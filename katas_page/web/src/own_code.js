/** What a figure asks of the learner's own function, and how it reads the answer, which may be anything. */

const LONGEST = 60; // characters of a strange answer that are shown

/** Return lines of Python that call the function, or several `functions`, and end with the answer as plain numbers. */
export function linesOf({ name, functions = name, module, call }, values) {
    const plain = 'getattr(answer, "tolist", lambda: answer)()';
    return `import numpy as np\nfrom ${module} import ${functions}\n\nanswer = ${call(values)}\n${plain}\n`;
}

/** Return the nested lists of numbers that Python has printed, or null if their shape isn't that of the right ones. */
export function numbersIn(text, right) {
    const found = parsed(text);
    return fits(found, right) ? numeric(found) : null;
}

/** Say in a few words what came instead of numbers of the right shape. */
export function strange(text) {
    const found = parsed(text);
    if (Array.isArray(found)) {
        return `an array of shape ${shapeOf(found)}`;
    }
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text || "None";
}

/** Return the shape of nested lists, as Python writes it. */
export function shapeOf(lists) {
    const shape = [];
    for (let part = lists; Array.isArray(part) && shape.length < 8; part = part[0]) {
        shape.push(part.length);
    }
    return `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
}

function parsed(text) {
    try {
        return JSON.parse(text.replace(/\bnan\b/g, "null").replace(/\binf\b/g, "1e999"));
    } catch {
        return undefined; // it isn't a list of numbers
    }
}

function fits(found, right) {
    if (!Array.isArray(right)) {
        return found === null || typeof found === "number";
    }
    return Array.isArray(found) && found.length === right.length && right.every((each, at) => fits(found[at], each));
}

const numeric = (found) => (Array.isArray(found) ? found.map(numeric) : (found ?? NaN));
