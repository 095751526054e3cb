/** Unsaved text, stored in the browser until the server has it. It survives a reload of the page. */

const key = (slug, name) => `draft ${slug} ${name}`;

/** Store the text of a file and the digest of the version that it is based on. */
export function keepDraft(slug, name, text, base) {
    try {
        sessionStorage.setItem(key(slug, name), JSON.stringify({ text, base }));
    } catch {
        // The storage is full or disabled. The text is still in the editor.
    }
}

/**
 * Return the stored text of a file, or null.
 * @returns {{text: string, base: string} | null}
 */
export function findDraft(slug, name) {
    try {
        return JSON.parse(sessionStorage.getItem(key(slug, name)) ?? "null");
    } catch {
        return null;
    }
}

export function dropDraft(slug, name) {
    try {
        sessionStorage.removeItem(key(slug, name));
    } catch {
        // The storage is disabled, so nothing was stored.
    }
}
