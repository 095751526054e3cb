/** The calls of the server. Every failure is an ApiError whose message can be shown as it is. */

const AGAIN = `katas serve --port ${location.port || 80}`; // another port would leave this page waiting
export const OFFLINE = `The server does not answer. Your text is kept here; start \`${AGAIN}\` again.`;

/** A call that failed. `status` is 0 if the server did not answer; `body` is the JSON that it sent. */
export class ApiError extends Error {
    constructor(message, status, body = {}) {
        super(message);
        this.status = status;
        this.body = body;
    }
}

/** Make a call and return the JSON of its answer. */
export async function call(method, path, body, keepalive = false) {
    const options = { method, keepalive, cache: "no-store" };
    if (method !== "GET") {
        options.headers = { "content-type": "application/json" };
        options.body = JSON.stringify(body);
    }
    let response, said;
    try {
        response = await fetch(path, options);
        said = await response.text();
    } catch {
        throw new ApiError(OFFLINE, 0);
    }
    if (response.ok) {
        return JSON.parse(said);
    }
    const { status } = response;
    const answer = parsed(said) ?? { error: said.trim() }; // a request that is not let in gets plain text
    throw new ApiError(answer.error || `The server answered with status ${status}.`, status, answer);
}

/** Return the object in a JSON text, or null. */
function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}

const kataPath = (slug) => `/api/katas/${encodeURIComponent(slug)}`;

export const listKatas = () => call("GET", "/api/katas");
export const listPuzzles = () => call("GET", "/api/puzzles");
export const makePuzzle = (wishes) => call("POST", "/api/puzzles", wishes);
export const readKata = (slug) => call("GET", kataPath(slug));
export const eventsPath = (slug) => `${kataPath(slug)}/events`;

export function readExplanation(slug, anyway) {
    return call("GET", `${kataPath(slug)}/explanation${anyway ? "?anyway=1" : ""}`);
}

/** Write a file that still has the digest `base`. With `keepalive`, the call outlives the page. */
export function writeFile(slug, name, text, base, keepalive = false) {
    const path = name.split("/").map(encodeURIComponent).join("/");
    return call("PUT", `${kataPath(slug)}/files/${path}`, { text, base }, keepalive);
}

/** Run lines of the learner's own, and return what came of them. */
export const runLines = (slug, text) => call("POST", `${kataPath(slug)}/try`, { text });
export const stopLines = (slug) => call("POST", `${kataPath(slug)}/try/stop`, {});

/** Train with the learner's files: begin, go on until the next frame, read a digit of 28 x 28 bytes, and end. */
export const beginTraining = (slug, how) => call("POST", `${kataPath(slug)}/train`, how);
export const nextFrame = (slug, how) => call("POST", `${kataPath(slug)}/train/next`, how);
export const stopTraining = (slug) => call("POST", `${kataPath(slug)}/train/stop`, {}, true);

export function readDigit(slug, run, pixels) {
    return call("POST", `${kataPath(slug)}/train/digit`, { run, pixels: btoa(String.fromCharCode(...pixels)) });
}

/** Ask for a grading, a hint or another action. Its effect arrives as an event. */
export function act(slug, action, body = {}) {
    return call("POST", `${kataPath(slug)}/${action}`, body);
}
