/** Small values that this browser keeps: widths, sizes, places. */

/** Return the value that was kept under a key, or `otherwise`. */
export function read(key, otherwise) {
    try {
        return JSON.parse(localStorage.getItem(key) ?? "null") ?? otherwise;
    } catch {
        return otherwise;
    }
}

export function keep(key, value) {
    try {
        localStorage.setItem(key, JSON.stringify(value));
    } catch {
        // The storage is full or disabled. The value counts until the page is left.
    }
}
