/** Calls of a page's own server. Every failure is an ApiError whose message can be shown as it is. */

/** A call that failed. `status` is 0 if the server did not answer; `body` is the JSON that it sent. */
export class ApiError extends Error {
    /**
     * @param {string} message
     * @param {number} status
     * @param {{ error?: string, text?: string, digest?: string }} [body]
     */
    constructor(message, status, body = {}) {
        super(message);
        this.status = status;
        this.body = body;
    }
}

/** Return a function that makes a call and returns the JSON of its answer. `offline` says that no server answers. */
export function calling(/** @type {string} */ offline) {
    /**
     * @param {string} method
     * @param {string} path
     * @param {object} [body]
     * @param {boolean} [keepalive] whether the call outlives the page
     * @returns {Promise<any>}
     */
    return async function call(method, path, body, keepalive = false) {
        const sent = { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
        let response, said;
        try {
            response = await fetch(path, { method, keepalive, cache: "no-store", ...(method === "GET" ? {} : sent) });
            said = await response.text();
        } catch {
            throw new ApiError(offline, 0);
        }
        if (response.ok) {
            return JSON.parse(said);
        }
        const { status } = response;
        const answer = parsed(said) ?? { error: said.trim() }; // a request that is not let in gets plain text
        throw new ApiError(answer.error || `The server answered with status ${status}.`, status, answer);
    };
}

/** Return the object in a JSON text, or null. */
function parsed(/** @type {string} */ text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}
